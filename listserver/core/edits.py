"""Changing a mail's octets: what is not named stays as it is, octet for octet (signatures depend on it).

Values given to the writers here may come from strangers: CR, LF and other controls become spaces, so no value can
begin a field of its own.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from typing import AnyStr, NamedTuple

from listserver.core.addrspec import Mailbox
from listserver.core.headers import Field, clean, skip_mbox_lines, split_header

LINE = 78  # octets a line should have (5322 §2.1.1)
LONGEST_LINE = 998  # and must not exceed; without line end
_WORD_ROOM = 75  # an encoded-word (2047 §2)


class Splice(NamedTuple):
    """Put `new` in the place of octets start:end. Splices of one mail must not overlap."""

    start: int
    end: int
    new: bytes = b""


def splice(raw: bytes, splices: Iterable[Splice], start: int = 0, end: int | None = None) -> bytes:
    """raw[start:end] with the splices done that lie within."""
    stop = len(raw) if end is None else end
    pieces = []
    position = start
    for one in sorted(splices):
        pieces += [raw[position : one.start], one.new]
        position = one.end
    pieces.append(raw[position:stop])
    return b"".join(pieces)


# --- whole fields -----------------------------------------------------------------------------------------------


def remove_fields(raw: bytes, names: Iterable[str], which: Callable[[Field], bool] | None = None) -> bytes:
    """The mail without the fields of these names (any case, with their folds); only those for which `which` holds."""
    gone = {name.lower() for name in names}
    fields = _fields(raw)
    return splice(raw, [Splice(f.start, f.end) for f in fields if f.name.lower() in gone and (not which or which(f))])


def prepend_fields(raw: bytes, new: bytes) -> bytes:
    """The mail with whole fields (from write_field …) put before all others; `From ` lines of mbox files go."""
    return new + raw[skip_mbox_lines(raw) :]


def append_fields(raw: bytes, new: bytes) -> bytes:
    """The mail with whole fields (from write_field …) put behind all others."""
    start = skip_mbox_lines(raw)
    fields, body, _ = split_header(raw, start, len(raw))
    end = fields[-1].end if fields else start
    return splice(raw, [Splice(end, body, joint(raw, end) + new + line_end(raw))])


def replace_field(raw: bytes, name: str, new: bytes) -> bytes:
    """The mail with the first field of that name replaced by a whole field, the others of that name removed.

    Where there is none, it is put behind all others.
    """
    old = [f for f in _fields(raw) if f.name.lower() == name.lower()]
    if not old:
        return append_fields(raw, new)
    return splice(raw, [Splice(old[0].start, old[0].end, new), *[Splice(f.start, f.end) for f in old[1:]]])


def _fields(raw: bytes) -> list[Field]:
    return split_header(raw, skip_mbox_lines(raw), len(raw))[0]


def joint(raw: bytes, position: int) -> bytes:
    """The line end that is missing before position, b"" if none is."""
    return b"" if position == 0 or raw[position - 1 : position] == b"\n" else line_end(raw)


def line_end(raw: bytes) -> bytes:
    """The line end that this mail uses (CRLF if it has none)."""
    first = raw.find(b"\n")
    return b"\n" if first == 0 or (first > 0 and raw[first - 1 : first] != b"\r") else b"\r\n"


def crlf(octets: bytes) -> bytes:
    """With CRLF in the place of every bare CR or LF; the same object if there is none (S2, O9)."""
    pairs = octets.count(b"\r\n")
    if octets.count(b"\n") == pairs == octets.count(b"\r"):
        return octets
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


# --- writing one field ------------------------------------------------------------------------------------------

_NAME = re.compile(r"[!-9;-~]+")


def write_field(name: str, value: str) -> bytes:
    """A whole unstructured field, folded, with encoded-words where it is not ASCII (2047 §5). Ends with CRLF."""
    text = " ".join(clean(value).split())
    return write_tokens(name, encode_words(text).split(" "))


def write_tokens(name: str, tokens: Sequence[str]) -> bytes:
    """A whole field of ready tokens (ids, addresses, URIs), parted by spaces, folded between them. Ends with CRLF."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no field name")
    lines: list[str] = []
    line = f"{name}:"
    for token in tokens:
        token = clean(token)
        if len(line) + 1 + len(token) > LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {token}"
    lines.append(line)
    return "\r\n".join(lines).encode("utf-8") + b"\r\n"


def write_addresses(name: str, mailboxes: Sequence[Mailbox]) -> bytes:
    """A whole address field. Addresses are written as they are: the caller has read them strictly (core/addrspec)."""
    ready = [mailbox(box) for box in mailboxes]
    tokens = [token for one in ready for token in (one + ",").split(" ")]
    tokens[-1] = tokens[-1].removesuffix(",")
    return write_tokens(name, tokens)


def mailbox(box: Mailbox) -> str:
    """`Anna Smith <anna@example.org>`, the name quoted or encoded where it must be; one line."""
    name = phrase(box.name)
    return f"{name} <{box.address}>" if name else box.address


_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


def phrase(text: str) -> str:
    """A display name as it must be written: words, a quoted string or encoded-words (5322 §3.2.5, 2047 §5.3)."""
    text = " ".join(clean(text).split())
    if not text.isascii() or "=?" in text:
        return " ".join(_words(text))
    if _PHRASE.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_words(text: str) -> str:
    """Text with encoded-words from its first to its last word that needs them; the rest stays readable."""
    if text.isascii() and "=?" not in text and max(map(len, text.split(" "))) < LONGEST_LINE - LINE:
        return text
    words = text.split(" ")
    hard = [i for i, w in enumerate(words) if not w.isascii() or "=?" in w or len(w) >= LONGEST_LINE - LINE]
    first, last = hard[0], hard[-1] + 1
    return " ".join(words[:first] + _words(" ".join(words[first:last])) + words[last:])


_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_ROOM = _WORD_ROOM - len("=?utf-8?q??=")


def _words(text: str) -> list[str]:
    """Encoded-words in UTF-8, each whole characters and at most 75 octets, in the shorter encoding."""
    octets = text.encode("utf-8", "replace")
    plain = sum(octet in _Q_SAFE or octet == 32 for octet in octets)
    if plain * 3 >= len(octets) * 2:
        return [f"=?utf-8?q?{piece}?=" for piece in _joined([_q(c) for c in text], _ROOM)]
    pieces = _joined([c.encode("utf-8", "replace") for c in text], _ROOM // 4 * 3)
    return [f"=?utf-8?b?{b2a_base64(piece, newline=False).decode('ascii')}?=" for piece in pieces]


def _q(character: str) -> str:
    octets = character.encode("utf-8", "replace")
    return "".join("_" if o == 32 else chr(o) if o in _Q_SAFE else f"={o:02X}" for o in octets)


def _joined(units: Sequence[AnyStr], room: int) -> list[AnyStr]:
    """The units joined to pieces of at most `room`."""
    pieces = []
    begin = length = 0
    for position, unit in enumerate(units):
        if length + len(unit) > room:
            pieces.append(units[0][:0].join(units[begin:position]))
            begin, length = position, 0
        length += len(unit)
    pieces.append(units[0][:0].join(units[begin:]))
    return pieces
