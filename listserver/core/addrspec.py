"""Address fields: octets -> mailboxes, strictly: one addr-spec or none, never a guess (RFC 5322 §3.4; R3-R5)."""

import re
from typing import NamedTuple

from listserver.core.charsets import decode_undeclared
from listserver.core.headers import clean, decode_words


class Mailbox(NamedTuple):
    """An address from a header field: display name (decoded, cleaned) and addr-spec as written."""

    name: str
    address: str


class Addresses(NamedTuple):
    """An address field as read. broken: something in it looks like an address but is none. group: a group is in it.

    odd: words that are no address were passed over (`Smith, Anna <a@b>` without quotes).
    """

    mailboxes: tuple[Mailbox, ...]
    broken: bool = False
    group: bool = False
    odd: bool = False


_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"
_LABEL = r"[A-Za-z0-9\x80-\U0010ffff](?:[A-Za-z0-9_\x80-\U0010ffff-]{0,62})"
_DOT_ATOM = rf"{_ATEXT}++(?:\.{_ATEXT}++)*+"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*+|\[[0-9A-Za-z:.-]{{1,60}}\])"
_QUOTED = r"\"(?:[^\"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*+\""
_ADDRESS = re.compile(rf"(?:{_DOT_ATOM}|{_QUOTED})@{_DOMAIN}")
_ROUTE = re.compile(rf"@{_DOMAIN}(?:,@{_DOMAIN})*+:")
# Nearly all of what really comes: one mailbox whose name is plain words or a plain quoted string.
_PLAIN = re.compile(
    rf"\s*+(?:(?:\"([^\"\\@=\x00-\x1f\x7f]*+)\"|([^\"\\@=<>()\[\],:;\x00-\x1f\x7f]*+))\s*+<({_DOT_ATOM}@{_DOMAIN})>"
    rf"|({_DOT_ATOM}@{_DOMAIN}))\s*+(,|\Z)"
)
MAX_ADDRESS = 320  # octets (RFC 3696 erratum 1690 says 254 for a path; 64 + 1 + 255 is what a field can hold)


def addr_spec(text: str) -> str:
    """The text itself if it is exactly one addr-spec (no comment, space or encoded-word in it), else ""."""
    usable = len(text) <= MAX_ADDRESS and "=?" not in text and _ADDRESS.fullmatch(text)
    return text if usable else ""


def addresses(value: bytes) -> Addresses:
    """Read an unfolded From, To, Cc, Reply-To … value. Linear, never raises."""
    text = value.decode("ascii") if value.isascii() else decode_undeclared(value)
    found: list[Mailbox] = []
    position = 0
    while match := _PLAIN.match(text, position):
        quoted, words, angle, bare, end = match.groups()
        address = addr_spec(angle or bare)
        if not address:
            break
        found.append(Mailbox(clean(quoted or words or ""), address))
        position = match.end()
        if not end:
            return Addresses(tuple(found))
    return _Reader(text).read()


# --- everything else ------------------------------------------------------------------------------------------------

_PIECE = re.compile(
    r"(?P<space>[ \t\r\n]++)"
    r"|(?P<word>=\?[^?\s]{1,120}+\?[bBqQ]\?[^?]*+\?=)"
    r"|(?P<quoted>\"(?:[^\"\\\x00\r\n]|\\[^\x00\r\n])*+\")"
    r"|(?P<literal>\[[^\[\]\\<>\x00-\x20\x7f]*+\])"
    r"|(?P<atom>(?:(?!=\?)[^\s\"(),.:;<>@\[\]\\\x00-\x1f\x7f])++|=)"
    r"|(?P<special>[(),.:;<>@\[\]])"
)
_COMMENT_STEP = re.compile(r"[^()\\]*+(?:\\.[^()\\]*+)*+([()])", re.DOTALL)
_UNQUOTE = re.compile(r"\\(.)", re.DOTALL)


class _Reader:
    """Pieces to elements to mailboxes: one pass, an element ends at `,` and `;` (and at `:`, which opens a group)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.element: list[tuple[str, str]] = []
        self.comment = ""
        self.found: list[Mailbox] = []
        self.broken = False
        self.group = False
        self.odd = False
        self.in_group = False
        self.angle = False

    def read(self) -> Addresses:
        while self.position < len(self.text) and not self.broken:
            piece = _PIECE.match(self.text, self.position)
            if piece is None or piece.lastgroup is None:  # a control, an open quote, a lone backslash
                self.broken = True
                break
            self.position = piece.end()
            self._take(piece.lastgroup, piece[0])
        if self.angle:
            self.broken = True
        self._end_element()
        return Addresses(() if self.broken else tuple(self.found), self.broken, self.group, self.odd)

    def _take(self, kind: str, piece: str) -> None:
        if piece == "(" and kind == "special":
            self._skip_comment()
        elif kind != "special" or self.angle:
            self.element.append((kind, piece))
            self.angle = self.angle and piece != ">"
        elif piece == ",":
            self._end_element()
        elif piece == ":":
            self._open_group()
        elif piece == ";":
            self._end_element()
            self.in_group = False
        else:
            self.element.append((kind, piece))
            self.angle = piece == "<"

    def _skip_comment(self) -> None:
        depth, start = 1, self.position
        while depth and (step := _COMMENT_STEP.match(self.text, self.position)):
            depth += 1 if step[1] == "(" else -1
            self.position = step.end()
        if depth:
            self.broken = True
            return
        self.element.append(("comment", ""))
        self.comment = _UNQUOTE.sub(r"\1", self.text[start : self.position - 1])

    def _open_group(self) -> None:
        # `Group: a@b;` (5322 §3.4). A colon elsewhere ("Re: me <a@b>") makes the element none.
        if self.in_group or any(piece in ("@", "<") for _, piece in self.element):
            self.broken = True
        self.group = self.in_group = True
        self.element, self.comment = [], ""

    def _end_element(self) -> None:
        element, comment = self.element, self.comment
        self.element, self.comment = [], ""
        solid = [t for t in element if t[0] not in ("space", "comment")]
        if not solid:
            return
        mailbox = _mailbox(element, comment)
        if mailbox is not None:
            self.found.append(mailbox)
        elif any("@" in piece or piece in "<>" for _, piece in solid) or "@" in comment:
            self.broken = True
        else:
            self.odd = True


def _mailbox(element: list[tuple[str, str]], comment: str) -> Mailbox | None:
    opened = next((i for i, t in enumerate(element) if t == ("special", "<")), -1)
    if opened < 0:
        address = addr_spec(_solid(element))
        name = clean(decode_words(comment)) if "@" not in comment else ""
        return Mailbox(name, address) if address else None
    closed = next((i for i in range(opened, len(element)) if element[i] == ("special", ">")), -1)
    inside = element[opened + 1 : closed]
    if closed < 0 or any(kind not in ("space", "comment") for kind, _ in element[closed + 1 :]):
        return None
    text = _solid(inside)
    route = _ROUTE.match(text)  # obsolete source routes are to be ignored (5322 §4.4)
    address = addr_spec(text[route.end() :] if route else text)
    phrase = element[:opened]
    if not address or not _is_name(phrase, address):
        return None
    return Mailbox(_phrase(phrase) or clean(decode_words(comment)), address)


def _solid(pieces: list[tuple[str, str]]) -> str:
    """The pieces as one string; a space or comment within (not around) stays a space, which no addr-spec has."""
    return "".join(piece if kind != "comment" else " " for kind, piece in pieces).strip(" \t\r\n")


def _is_name(phrase: list[tuple[str, str]], address: str) -> bool:
    """Whether this may stand before <…>: no second address outside quotes, unless it is the very same one."""
    if not any(t == ("special", "@") for t in phrase):
        return not any(t == ("special", ">") for t in phrase)
    return _solid(phrase).lower() == address.lower()


def _phrase(pieces: list[tuple[str, str]]) -> str:
    words = []
    for kind, piece in pieces:
        if kind == "quoted":
            words.append(_UNQUOTE.sub(r"\1", piece[1:-1]))
        elif kind != "comment":
            words.append(piece)
    return " ".join(clean(decode_words("".join(words))).split())
