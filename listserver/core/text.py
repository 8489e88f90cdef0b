"""What an author wrote, and what is quoted, signed, forwarded or added by machines. Linear time, never raises.

Each line of a text gets one Role; `own_text` keeps the OWN lines, `core.blocks` shows them all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from listserver.core import text_words as words


class Role(IntEnum):
    """What a line is."""

    OWN = 0
    QUOTE = 1
    ATTRIBUTION = 2  # "On Monday Anna wrote:", also the header lines of a quoted mail
    SIGNATURE = 3
    FOOTER = 4  # list footers, disclaimers, banners


class Line(NamedTuple):
    """A line of a text: its role, how deeply it is quoted, and its text without the quote marks."""

    role: Role
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class OwnText:
    """What the author wrote: `text` has no blank lines at its ends, "" if there is nothing.

    quoted, signed: whether something of others, or a signature or footer, was left out.
    """

    text: str
    quoted: bool
    signed: bool


def _either(choices: Iterable[str]) -> str:
    return "|".join(re.escape(choice) for choice in sorted(choices, key=len, reverse=True))


_HELLO = r"hi|hello|hey|dear|hallo|moin|guten tag|liebe[rs]?|bonjour|bonsoir|salut|hola|ciao"
_GREETING = re.compile(rf"^(?:{_HELLO})\b[^,.;:!?]{{0,40}}[,:!]\s+(?=\S)", re.I)
_GAPS = re.compile(r"\n{3,}")
_MARKS = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_INVISIBLE = re.compile("[\u200b\u200c\u200e\u200f\u2060\ufeff\u1427]")
_WROTE = rf"(?<!\w)(?:{_either(words.WROTE)})(?!\w)|{_either(words.WROTE_CJK)}"
_HAS_WROTE = re.compile(_WROTE, re.I)
_WROTE_LOW = tuple({word.lower() for word in (*words.WROTE, *words.WROTE_CJK)})
_WROTE_WORDS = {word.rstrip(")") for word in words.WROTE}
# The last letter of a line that can end an attribution, and the marks that may stand behind it.
_MAY_END = {form for word in (*words.WROTE, *words.WROTE_CJK) for form in (word[-1].lower(), word[-1].upper())}
_MAY_END |= {form for word in _WROTE_WORDS for form in (word[-1].lower(), word[-1].upper())} | set(":：>-.)")
_WROTE_ALONE = re.compile(rf"(?:{_WROTE})?[ \t]*[:：]", re.I)
_MAIL = re.compile(
    r"[^\s<>@]{1,100}(?:@| at )[^\s<>@]{2,}\.[^\s<>@]|<[^\s<>@]{1,100}@"
)  # pipermail writes "x at y.org"
_TIME = re.compile(
    r"\d{1,2}[:.h]\d{2}|(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}日|\d{1,2} (?:am|pm)\b", re.I
)
_DAY = rf"(?:{_either(words.WEEKDAYS)})[.,]?"
_STARTS = re.compile(
    rf"[\W_]{{0,12}}(?:(?:{_either(words.OPENERS)})[\s,][^\d]{{0,40}}\d|{_DAY}[\s,]{{0,2}}"
    rf"(?:(?:den )?\d|[^\W\d]+[.,]? \d)|\d{{1,4}}[./\-年 ]|在\s?\d)",
    re.I,
)
_ISO_DATE = re.compile(r"\W{0,4}\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?")
_INSIDE = re.compile(rf"(?<=[^\s-])(?:-{{2,}}[ \t]*|[ \t]+)(?=On (?:(?i:{_DAY})|\d|[A-Z][a-z]{{2,8}} \d))")
_QUOTING = re.compile(r"\W{0,3}(?:quoting|zitat von|citando|citant|in (?:article|message) <)", re.I)
_SEPARATOR = re.compile(rf"\W*[-_=]{{2,}}[\s*]*(?:{_either(words.SEPARATORS)})[^-_=]{{0,60}}[-_=]{{2,}}\W*", re.I)
_FORWARD = re.compile(rf"\W{{0,3}}(?:{_either(words.FORWARD_LINES)})\s?[:：]\W*", re.I)
_FIELD_OF = {name: kind for kind, names in words.FIELDS.items() for name in names}
_FIELD = re.compile(rf"[\s*_|]{{0,8}}({_either(list(_FIELD_OF))})[\s*_]{{0,3}}[:：][\s*_]{{0,8}}(.*)", re.I)
_DELIMITER = re.compile(r"(?:--|—|—-|–|__)[ \t]*")
_SHORT_SIGNATURE = re.compile(r"-{1,2}[ \t]?[A-Z][\w.'’]+(?: [A-Z][\w.'’]*){0,3}[ \t]*")
_DEVICE = (
    r"phone|i?pad|ipod|android|mobil|handy|blackberry|windows|mail|outlook|galaxy|cell|tablet|device|samsung|htc|huawei"
)
_SENT_FROM = re.compile(rf"[\s*_(<\[]{{0,6}}(?:{_either(words.SENT_FROM)})", re.I)
_SENT_FROM_END = re.compile(rf"(?:{_DEVICE}|傳送|发送|から送信)", re.I)
_CLAUSE = re.compile(r"[,.!?]\s+(?!please|sorry|excuse|pardon|apolog|bitte|désolé|via|so\b)\w", re.I)
_NOTICE = re.compile(rf"[\W_]{{0,12}}(?:{_either(words.NOTICE_OPENINGS)})", re.I)
_NOTICE_WORD = re.compile(_either(words.NOTICE_WORDS), re.I)
_FOOTER_WORD = re.compile(_either(words.FOOTER_WORDS), re.I)
# What pipermail puts where an attachment was.
_SCRUBBED = re.compile(r"\s*\[\[alternative HTML version deleted\]\]|-{10,} next part -{10,}")
_ELIDED = re.compile(r"\s*[\[<(](?:\.\.\.?|…|\?|snip\w*|cut)[\]>)]\s*", re.I)
_WORD = re.compile(r"\w+")
_FIRST_WORD = re.compile(r"[^\W_]\w{,23}")
_NOTICE_STARTS = {phrase.split()[0].split("-")[0].rstrip(":") for phrase in words.SENT_FROM + words.NOTICE_OPENINGS}
_SIGNATURE_LINES = 25
_OPENING = 10_000  # characters in which the first sentence is looked for


def own_text(text: str) -> OwnText:
    """The author's own lines of a mail's plain text: no quotes, attributions, signature, footers, forwarded mail."""
    return own_of(roles(text))


def own_of(lines: list[Line]) -> OwnText:
    """The same, of lines that have their roles already."""
    kept = "\n".join([line.text.rstrip() if line.role is Role.OWN else "" for line in lines])
    if "\n\n\n" in kept:
        kept = _GAPS.sub("\n\n", kept)
    seen = {line.role for line in lines if line.role is not Role.OWN and line.text.strip()}
    return OwnText(
        kept.strip("\n"),
        quoted=not seen.isdisjoint((Role.QUOTE, Role.ATTRIBUTION)),
        signed=not seen.isdisjoint((Role.SIGNATURE, Role.FOOTER)),
    )


def first_sentence(text: str, limit: int = 140) -> str:
    """The first sentence of own text that says something, at most `limit` characters, "" if there is none.

    A greeting ("Hi all,") is passed over where more follows.
    """
    text = text[:_OPENING]  # the rest of a long text cannot matter
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(paragraphs) > 1 and len(lines[0].split()) <= 4 and not lines[0].endswith((".", "?", "。", "？")):
        paragraphs = paragraphs[1:] if paragraphs[0] == lines[0] else [paragraphs[0][len(lines[0]) :].strip()]
    if not paragraphs:
        return ""
    said = _GREETING.sub("", paragraphs[0])
    found = re.match(r".{12,}?[.!?](?=\s)|.{4,}?[。！？]", said)
    sentence = found.group() if found else said
    if len(sentence) <= limit:
        return sentence
    cut = sentence[: limit - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def roles(text: str) -> list[Line]:
    """Every line of a text with its role."""
    reader = _Reader(text)
    reader.read()
    # As Line(*values), at half the cost: there are as many of them as a list has lines.
    make = partial(tuple.__new__, Line)
    return [make(values) for values in zip(reader.role, reader.depth, reader.bare, strict=True)]


def _parted(line: str) -> list[str]:
    """`yes On Mon, 3 May 2021, Anna wrote:` is two lines: some programs put no line end before the attribution."""
    if "On " in line[1:] and len(line) < 400 and _ends_with_wrote(line) and (found := _INSIDE.search(line)):
        return [line[: found.start()], line[found.end() :]]
    return [line]


def _is_rule(line: str) -> bool:
    """Whether a line is drawn, not written: ----, ***, —."""
    drawn = line.strip(" \t")
    return not drawn[:1].isalnum() and not drawn.strip("-_=~*#+—–") and (len(drawn) >= 2 or drawn in ("—", "–"))


def _has_wrote(text: str) -> bool:
    low = text.lower()  # to look for each word alone costs a tenth of the expression
    return any(word in low for word in _WROTE_LOW) and _HAS_WROTE.search(text) is not None


def _ends_with_wrote(text: str) -> bool:
    tail = text[-24:].rstrip(" -*_:：.)")
    last = tail.rpartition(" ")[2].lower()
    return last in _WROTE_WORDS or last.endswith(words.WROTE_CJK)


class _Reader:
    """Goes through the lines once; each look ahead or back is bounded."""

    def __init__(self, text: str) -> None:
        plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
        if not plain.isascii():
            plain = _INVISIBLE.sub("", plain)
        self.raw = plain.split("\n")
        if "On " in plain:
            self.raw = [part for line in self.raw for part in (_parted(line) if "On " in line else (line,))]
        self.depth = [0] * len(self.raw)
        self.bare = list(self.raw)
        if ">" in plain:
            self._unmark()
        self.role = [Role.OWN] * len(self.raw)
        self.ending = self._endings(gmt=" GMT" in plain)

    def _unmark(self) -> None:
        for at, line in enumerate(self.raw):
            if line[:2] == "> " and line[2:3] != ">":
                self.depth[at] = 1
                self.bare[at] = line[2:]
            elif ">" in line[:4] and (marks := _MARKS.match(line)):
                self.depth[at] = marks.group().count(">")
                self.bare[at] = line[marks.end() :]

    def read(self) -> None:
        if any(self.depth):
            self._join_wrapped_quotes()
        at, region = 0, Role.OWN
        depth, role = self.depth, self.role
        while at < len(depth):
            if depth[at]:
                role[at] = Role.QUOTE
                at += 1
            elif region is Role.OWN and self._is_plain(at):
                at += 1
            else:
                at, region = self._step(at, region)
        self._trim_rules()

    def _is_plain(self, at: int) -> bool:
        """Whether a line begins nothing special, as nearly all do, at a glance. The rest is `_step`'s."""
        line = self.bare[at]
        if self.ending[at] <= at + 5:
            return False
        if not line:
            return True
        if ":" in line or "：" in line:
            return False
        word = _FIRST_WORD.match(line)
        return word is not None and word[0].isascii() and word[0].lower() not in _NOTICE_STARTS

    def _endings(self, *, gmt: bool) -> list[int]:
        """For each line the next one at which an attribution can end (the number of lines if there is none)."""
        ending, end = [0] * len(self.raw), len(self.raw)
        for at in range(len(self.raw) - 1, -1, -1):
            line = self.bare[at]
            if line and (self.depth[at] == 0 or len(line) < 24):
                tail = line[-24:].rstrip(" \t*_")
                ends = tail[-1:] in _MAY_END and (tail[-1] in ":：>" or _ends_with_wrote(tail))
                if ends or (gmt and tail and " GMT" in line):
                    end = at
            ending[at] = end
        return ending

    def _step(self, at: int, region: Role) -> tuple[int, Role]:
        """Give roles from a line on that is not quoted: (the next one to look at, the role of ordinary lines there)."""
        if self.ending[at] <= at + 5 and (end := self._attribution(at)):
            while end < len(self.raw) and _ELIDED.fullmatch(self.bare[end]):
                end += 1
            self._mark(at, end, Role.ATTRIBUTION)
            return (end, region) if self._quoted_from(end) else self._rest_is_quoted(end)
        line = self.bare[at]
        if end := self._quoted_mail(at, line):
            self._mark(at, end, Role.ATTRIBUTION)
            return self._rest_is_quoted(end)
        if region is Role.OWN and line and not line.isspace():
            return self._closing(at, line)
        self.role[at] = region
        return at + 1, region

    def _closing(self, at: int, line: str) -> tuple[int, Role]:
        """Signatures and footers begin here, or the line is the author's."""
        word = _WORD.search(line[:24])
        starts_notice = word is not None and (word[0].lower() in _NOTICE_STARTS or not word[0].isascii())
        if not starts_notice and line[:1].isalnum():
            return at + 1, Role.OWN  # nothing below begins so: nearly every line
        if _DELIMITER.fullmatch(line) and self._until_marker(at) <= at + _SIGNATURE_LINES:
            self.role[at] = Role.SIGNATURE
            return at + 1, Role.SIGNATURE
        if _is_rule(line) and (found := self._ruled(at)) is not None:
            self.role[at] = found
            return at + 1, found
        if _SCRUBBED.match(line):
            self.role[at] = Role.FOOTER
            return at + 1, Role.OWN
        if starts_notice and _SENT_FROM.match(line) and self._is_sent_from(line):
            self.role[at] = Role.SIGNATURE
            return at + 1, Role.OWN
        if starts_notice and _NOTICE.match(line) and (at == 0 or not self.bare[at - 1].strip()):
            return self._notice(at)
        if line.startswith("-") and _SHORT_SIGNATURE.fullmatch(line) and self._until_marker(at, 40) <= at + 1:
            self.role[at] = Role.SIGNATURE
        return at + 1, Role.OWN

    def _mark(self, at: int, end: int, role: Role) -> None:
        self.role[at:end] = [role] * (end - at)

    def _rest_is_quoted(self, at: int) -> tuple[int, Role]:
        """A quoted mail without quote marks has no other end than that of the text."""
        self.depth[at:] = [depth + 1 for depth in self.depth[at:]]
        self._mark(at, len(self.raw), Role.QUOTE)
        return len(self.raw), Role.QUOTE

    def _quoted_from(self, at: int) -> bool:
        """Whether the next line that is not blank is marked as quoted."""
        for depth, bare in zip(self.depth[at : at + 6], self.bare[at : at + 6], strict=True):
            if depth or (bare.strip() and not _ELIDED.fullmatch(bare)):
                return depth > 0
        return False

    def _until_marker(self, at: int, most: int = _SIGNATURE_LINES + 2) -> int:
        """The first line behind `at` that is quoted or begins a quoted mail, blank lines before it not counted."""
        end = at + 1
        for here in range(at + 1, min(len(self.raw), at + most)):
            if self.depth[here] or self._attribution(here) or self._quoted_mail(here, self.bare[here]):
                return end
            if self.bare[here].strip() and not _is_rule(self.bare[here]):
                end = here + 1
        return end

    def _ruled(self, at: int) -> Role | None:
        """What a line of ___ or --- parts off: a footer, a signature, or nothing special."""
        end = self._until_marker(at)
        below = "\n".join(self.bare[at + 1 : min(end, at + 8)])
        if _FOOTER_WORD.search(below) or (_NOTICE.match(below.strip()) and _NOTICE_WORD.search(below)):
            return Role.FOOTER
        return Role.SIGNATURE if self.bare[at].strip().startswith("___") and 1 < end - at <= 12 else None

    def _is_sent_from(self, line: str) -> bool:
        """Whether "Sent from my …" is the program's line and not a sentence."""
        if len(line) > 120 or _CLAUSE.search(line):
            return False
        return bool(_SENT_FROM_END.search(line)) or len(line.split()) <= 5

    def _notice(self, at: int) -> tuple[int, Role]:
        """A disclaimer: to the end of the text; as a banner above everything else, its paragraph."""
        end = at
        while end < len(self.raw) and end < at + 30 and self.bare[end].strip() and not self.depth[end]:
            end += 1
        paragraph = " ".join(self.bare[at:end])
        heading = len(paragraph.split()) <= 4 and _NOTICE_WORD.search(" ".join(self.bare[end : end + 6]))
        if not heading and not (_NOTICE_WORD.search(paragraph) and len(paragraph) > 30):
            return at + 1, Role.OWN
        self._mark(at, end, Role.FOOTER)
        below = self._until_marker(end - 1, _SIGNATURE_LINES + 10) - end
        above = below < _SIGNATURE_LINES and any(
            self.bare[line].strip() and self.role[line] is Role.OWN for line in range(max(0, at - 200), at)
        )
        return end, Role.FOOTER if above else Role.OWN

    def _quoted_mail(self, at: int, line: str) -> int:
        """The end of the lines that introduce a quoted mail without marks (separator, header fields); 0 if none."""
        stripped = line.strip()
        if not stripped:
            return 0
        if stripped[0] in "-_=*" and len(stripped) <= 200 and not _is_rule(line) and _SEPARATOR.fullmatch(stripped):
            return self._fields(at + 1)[0] or at + 1
        if ":" not in line and "：" not in line:
            return 0
        if _FORWARD.fullmatch(stripped):
            return self._fields(at + 1)[0] or at + 1
        if _FIELD.match(line):
            end, kinds, mail = self._fields(at)
            known = len(kinds - {"other"})
            if known >= 2 and ("from" in kinds or ("to" in kinds and mail)) and (mail or known >= 3):
                return end
        return 0

    def _fields(self, at: int) -> tuple[int, set[str], bool]:
        """(end, kinds, whether an address is among them) of the header fields from `at`.

        A blank line may stand between them, and a long value may go on in one more line.
        """
        end, kinds, mail = 0, set[str](), False
        for here in range(at, min(len(self.raw), at + 16)):
            line = self.bare[here]
            if field := _FIELD.match(line):
                kinds.add(_FIELD_OF[field[1].lower()])
                end = here + 1
            elif here - end > 1 if end else (line.strip() or here > at + 2):
                break
            mail = mail or ("@" in line and end > 0)
        return end, kinds, mail

    def _attribution(self, at: int) -> int:
        """The end of the attribution that begins at `at`; 0 if none does. Up to 4 lines, 6 in split forms."""
        if self.ending[at] > at + 5 or self.depth[at]:
            return 0
        first = self.bare[at].strip()
        if not first or len(first) > 300:
            return 0
        joined = ""
        for here in range(at, min(len(self.raw), at + 6)):
            piece = self.raw[here].strip()
            if here > at + 3 and not _WROTE_ALONE.fullmatch(piece.lstrip("> ")) and "@" not in piece and piece != "<":
                return 0
            if not piece and not (here + 1 < len(self.raw) and self.raw[here + 1].strip() == "<"):
                return 0
            if self.depth[here] and not _WROTE_ALONE.fullmatch(self.bare[here].strip()):
                return 0
            joined = f"{joined} {piece}".strip()
            if len(joined) > 400:
                return 0
            if self.ending[here] == here and self._is_attribution(first, joined, here + 1):
                return here + 1
        return 0

    def _is_attribution(self, first: str, joined: str, end: int) -> bool:
        ending = joined.rstrip(" *_")
        colon = ending.endswith((":", "：", "----"))
        wrote = _has_wrote(joined) if colon else _ends_with_wrote(joined)
        if not colon and not wrote:
            return self._is_dated_name(first, ending, end)
        mail = ("@" in joined or " at " in joined) and _MAIL.search(joined)
        if wrote and _STARTS.match(first) and (mail or _TIME.search(joined)):
            return colon or self._quoted_from(end)
        if wrote and mail and not joined.startswith("<") and len(joined) < 200 and self._begins_here(first, end):
            return True
        if not colon or not self._quoted_from(end) or len(joined) > 160 or not self._begins_here(first, end):
            return False
        return bool(wrote or mail or _QUOTING.match(joined))

    def _is_dated_name(self, first: str, ending: str, end: int) -> bool:
        """`2016-03-03 17:21 GMT+01:00 Some One <some@one.example>`: Gmail once left "wrote" away."""
        if not _ISO_DATE.match(first):
            return False
        return (ending.endswith(">") and bool(_MAIL.search(ending))) or (" GMT" in first and len(ending) < 100)

    def _begins_here(self, first: str, end: int) -> bool:
        """Whether an attribution that ends before `end` has no better beginning than `first`, on a later line."""
        start = end - 1
        while start > 0 and self.raw[start].strip() != first:
            held = "<" in first or '"' in first or first.endswith(",")
            if not held or _STARTS.match(self.raw[start].strip()):
                return False
            start -= 1
        return True

    def _join_wrapped_quotes(self) -> None:
        """A line without marks between two long quoted lines is the rest of the upper one, broken in transport."""
        for at in range(1, len(self.raw) - 1):
            if self.depth[at - 1] and self.depth[at + 1] and not self.depth[at] and self.bare[at].strip():
                above = self.raw[at - 1]
                if len(above) > 60 or ">" in self.bare[at] or "http" in above.rpartition(" ")[2]:
                    self.depth[at] = self.depth[at - 1]

    def _trim_rules(self) -> None:
        """Rules that close the author's text, or stand above a quoted mail, are not text."""
        closing = True
        for at in range(len(self.raw) - 1, -1, -1):
            if self.role[at] is not Role.OWN:
                closing = True
            elif closing and self.bare[at].strip():
                closing = _is_rule(self.bare[at])
                self.role[at] = Role.SIGNATURE if closing else Role.OWN
