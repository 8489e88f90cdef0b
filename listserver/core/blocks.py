"""A post's text as blocks for reading: what reflows, what keeps its form, what folds. Made when a post is filed.

The blocks are flat and in order; a run of blocks with depth >= 1 is what others wrote, and `depth` says how deeply
it is quoted (a reader sees nested quotes). Nothing of the text is lost but blank lines and quote marks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from operator import itemgetter

from listserver.core.text import Line, Role, roles

_MOST_DEPTH = 5  # deeper quotes share the last level


class Kind(StrEnum):
    """What a block is; `intro` is the line that says whose quote follows."""

    PARAGRAPH = "paragraph"
    CODE = "code"
    LIST = "list"
    INTRO = "intro"
    SIGNATURE = "signature"
    FOOTER = "footer"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a post.

    text: of a paragraph, joined where its lines were only wrapped (a line end = a break that the author made); of a
    list, one item a line; of code, signature and footer, the lines as they are. depth: 0 the author's own, else how
    deeply it is quoted, at most 5. who: in an intro, the name of the person quoted, "" if not said. lines: how many
    lines it was.
    """

    kind: Kind
    text: str
    depth: int = 0
    who: str = ""
    lines: int = 1


_ITEM = re.compile(r"\s{0,6}(?:[-*+•·‣–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+(?=\S)")
# What begins a list within a paragraph: a wrapped line may begin with any number (CommonMark §5.3).
_FIRST = re.compile(r"\s{0,6}(?:[-*+•·‣–]|\(?[1aA][.)])\s")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_DIFF = re.compile(r"diff --git |Index: |@@ -\d|(?:---|\+\+\+) \S|[+-](?:\s|\S)")
_DIFF_START = re.compile(r"diff --git |@@ -\d+(?:,\d+)? \+\d+|(?:---|\+\+\+) [ab]/")
_COLUMNS = re.compile(r"\S(?: {3,}|\t+)(?=\S)")
_CODE_START = re.compile(
    r"(?:#!/|# -\*-|>>> |\$ |\w+> |Traceback \(most|  File \")|\s*[})\]]+[;,]?\s*$"
    r"|\s*(?:#include|import \w|from \w+ import|def \w+\(|class \w+[(:]|[\w.$]+ ?(?:<-|=) ?\S|library\()"
)
# Without one of these no row of a paragraph is code (see _is_code).
_CODE_MARKS = ("=", "(", ")", "{", "}", "]", ";", ">", "<-", "$ ", "#", "import ", "class ", '  File "', ",\n")
_CALL = re.compile(r".*(?:<-.*\)|=.*\(.*\))$|\s*[\w.$]+\(.*\)$")
_DATA = re.compile(r"\s*(?:[\"'].*[\"'][,)]+|[-\d][-\d., LNA]*\d[, ]*[,)]+)$")  # strings or numbers, one after another
_BORDERS = ("|", "+-", "+=", " |", " +-", " +=")  # of tables that are drawn
_KEY = re.compile(r"\s*(?:[\w.-]+:(?:\s|$)|#)")  # of YAML and the like
_WORDS = re.compile(r"(?<!\S)[A-Za-z']{2,}[,.]?(?!\S)")
_SEPARATOR = re.compile(r"-{2,}\s?[^-]{4,60}-{2,}")
_WHO_AFTER = re.compile(r"(?:schrieb|schreef|heeft|skrev|пользователь|użytkownik|escribió|ha scritto)\s+(.+)", re.I)
_VERBS = r"wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|napisał|skrev|schreef|het volgende|написал\w*|写道"
_DIGIT, _VERB = re.compile(r"\d"), re.compile(_VERBS, re.I)
_NAMED = re.compile(r"<[^<>]+@[^<>]+>:|^\S+(?: \S+){0,3} (?:wrote|schrieb):", re.I)
_SAID = re.compile(rf"\s*\b(?:{_VERBS})\b.*", re.I)
_VIA = re.compile(r"\s+(?:via|from|on behalf of)\s.*", re.I)
_ADDRESS = re.compile(r"\s*[<(\[][^<>()\[\]]{0,320}(?:[>)\]]|$).*")
_LEAD = re.compile(
    r"^.*?\d{1,2}[:.h]\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?\b|uhr\b|(?:gmt|utc)?\s?[+-]\d{2}:?\d{2}|nachm\.|vorm\.)?[\s,]*",
    re.I,
)
_DATE = re.compile(r"^.{0,60}?(?<!\d)(?:19|20)\d\d(?!\d)[\s,]*")
_FROM = re.compile(r"[\s*_|]{0,8}\w{2,9}[\s*_]{0,3}[:：][\s*_]{0,8}(.+)")


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a mail's plain text. Never raises; linear time."""
    return blocks_of(roles(text))


def blocks_of(lines: list[Line]) -> tuple[Block, ...]:
    """The same, of lines that have their roles already (core.text.roles)."""
    return tuple(_blocks(lines))


def _blocks(lines: list[Line]) -> Iterator[Block]:
    # Lines of one role and depth; blank lines within a run do not part it.
    for _, run in groupby(lines, key=itemgetter(0, 1)):
        yield from _run(list(run))


def _run(lines: list[Line]) -> Iterator[Block]:
    """The blocks of lines that have one role and depth. Rows have no space at their ends, so a blank one is empty."""
    role, depth = lines[0].role, min(lines[0].depth, _MOST_DEPTH)
    rows = [line.text.rstrip() for line in lines]
    if role is Role.QUOTE and (end := _intro_end(rows)):
        yield _intro(rows[:end], depth)
        rows = rows[end:]
    if role is Role.OWN or role is Role.QUOTE:
        yield from _text(rows, depth)
        return
    body = "\n".join(rows).strip("\n")
    if role is Role.ATTRIBUTION:
        yield _intro(rows, max(depth, 1))
    else:
        yield Block(Kind.SIGNATURE if role is Role.SIGNATURE else Kind.FOOTER, body, depth, lines=len(rows))


def _intro_end(rows: list[str]) -> int:
    """The end of the attribution or header lines at the top of a marked quote, 0 if there are none."""
    start = next((at for at, row in enumerate(rows) if row.strip()), len(rows))
    end = start
    while end < min(len(rows), start + 12) and rows[end].strip():
        end += 1
    top = rows[start:end]
    if top and _SEPARATOR.fullmatch(top[0].strip()) and len(top) > 1 and _FROM.match(top[1]):
        return end
    for at, row in enumerate(top[:3]):
        if row.rstrip().endswith(":") and _names(" ".join(top[: at + 1])):
            return start + at + 1
    return 0


def _names(text: str) -> bool:
    """Whether a line that ends with a colon says who wrote what follows."""
    digit = _DIGIT.search(text)
    return bool((digit and _VERB.search(text, digit.end())) or _NAMED.search(text))


def _intro(rows: list[str], depth: int) -> Block:
    joined = " ".join(" ".join(rows).split())
    return Block(Kind.INTRO, joined, depth, who=_who(rows, joined), lines=len(rows))


def _text(rows: list[str], depth: int) -> Iterator[Block]:
    """Paragraphs, lists and code in a run of rows."""
    at = 0
    while at < len(rows):
        if not rows[at]:
            at += 1
            continue
        end = _code_end(rows, at)
        if end > at:
            yield Block(Kind.CODE, "\n".join(rows[at:end]).strip("\n"), depth, lines=end - at)
        else:
            end = _paragraph_end(rows, at)
            yield from _prose(rows[at:end], depth)
        at = end


def _paragraph_end(rows: list[str], at: int) -> int:
    """Where the paragraph that begins at `at` ends: at a blank row, or where code begins that says so itself."""
    end = at
    while end < len(rows) and rows[end]:
        if end > at and _may_say_code(rows[end]) and (_FENCE.match(rows[end]) or _DIFF_START.match(rows[end])):
            break
        end += 1
    return end


def _may_say_code(row: str) -> bool:
    """Whether a row may be a fence or begin a diff, at a glance: nearly none does."""
    return row[0] in "`~d@-+" or row[0].isspace()


def _code_end(rows: list[str], at: int) -> int:
    """The end of code that begins at `at` (`at` itself if none does)."""
    if _may_say_code(rows[at]):
        if fence := _FENCE.match(rows[at]):
            closing = (end for end in range(at + 1, len(rows)) if rows[end].strip() == fence[1])
            return next(closing, len(rows) - 1) + 1
        if _DIFF_START.match(rows[at]):
            end = at
            while end < len(rows) and (not rows[end] or rows[end][0] in " \t" or _DIFF.match(rows[end])):
                end += 1
            return end
    # Code with blank lines in it is one block as long as what follows looks like code too.
    end = start = at
    while start < len(rows):
        stop = _paragraph_end(rows, start)
        if not _looks_formatted(rows[start:stop]):
            break
        end = start = stop
        while start < len(rows) and not rows[start]:
            start += 1
    return end


def _looks_formatted(rows: list[str]) -> bool:
    """Whether a paragraph is code, a table or otherwise laid out by hand."""
    if _is_item(rows[0]):
        return False
    if len(rows) > 1 and all(row.startswith(_BORDERS) and row.endswith(("|", "+")) for row in rows):
        return True
    if all(row.startswith(("    ", "\t")) for row in rows) and not all(len(row) > 60 for row in rows):
        return True
    joined = "\n".join(["", *rows, ""])
    if len(rows) >= 2 and ("   " in joined or "\t" in joined):
        columns = sum(("   " in row or "\t" in row) and bool(_COLUMNS.search(row)) for row in rows)
        if 2 * columns > len(rows):
            return True
    if any(mark in joined for mark in _CODE_MARKS):
        code = sum(len(row) <= 120 and _is_code(row) and len(_WORDS.findall(row)) <= 8 for row in rows)
        if 2 * code > len(rows):
            return True
    if len(rows) < 3 or "\n  " not in joined:
        return False
    keys = sum(_KEY.match(row) is not None and len(_WORDS.findall(row)) <= 8 for row in rows)
    return 2 * keys > len(rows)


def _is_code(row: str) -> bool:
    """Whether a row (no space at its end) begins or ends as lines of programs do."""
    if row.endswith(("{", "}", ";", "->")) or (row.endswith(")") and _CALL.match(row)):
        return True
    return _CODE_START.match(row) is not None or (row[-1:] in ",)" and _DATA.match(row) is not None)


def _is_item(row: str) -> bool:
    """Whether a row begins an item of a list; two letters begin none."""
    return not row[:2].isalpha() and _ITEM.match(row) is not None


def _prose(rows: list[str], depth: int) -> Iterator[Block]:
    """A paragraph, a list, or a paragraph with a list under it."""
    items = [at for at, row in enumerate(rows) if _is_item(row)]
    begins = next((at for at in items if at == 0 or _FIRST.match(rows[at])), len(rows))
    items = [at for at in items if at >= begins]
    if not items or (items == [0] and len(rows) > 1 and not rows[1].startswith(" ")):
        yield Block(Kind.PARAGRAPH, _reflow(rows), depth, lines=len(rows))
        return
    if first := items[0]:
        yield Block(Kind.PARAGRAPH, _reflow(rows[:first]), depth, lines=first)
    joined: list[str] = []
    for row in rows[first:]:
        joined += ("\n" if _is_item(row) else " ", row.strip())
    yield Block(Kind.LIST, "".join(joined[1:]), depth, lines=len(rows) - first)


def _reflow(rows: list[str]) -> str:
    """Rows joined where the next row's first word would not have fitted: those breaks are a program's."""
    width = max(map(len, rows))
    if not 40 <= width <= 100:
        return "\n".join([row.strip() for row in rows])
    most = min(width, 72)
    parts = [rows[0].strip()]
    for row, below in pairwise(rows):
        wrapped = len(row) + 1 + len(below.split(None, 1)[0]) > most
        parts += (" " if wrapped else "\n", below.strip())
    return "".join(parts)


def _who(rows: list[str], joined: str) -> str:
    """The name in an attribution or in the From line of a quoted mail, "" if it is not clear."""
    found = next((found for row in rows if (found := _FROM.match(row))), None)
    if found and len(rows) > 1 and "wrote" not in found[1]:
        name = found[1]
    elif after := _WHO_AFTER.search(joined):
        name = after[1]
    else:
        name = _LEAD.sub("", joined, count=1) if _LEAD.match(joined) else _DATE.sub("", joined, count=1)
    for noise in (_ADDRESS, _SAID, _VIA):
        name = noise.sub("", name).strip(" \"'*,:-–")
    return "" if len(name) > 60 or "@" in name or any(letter.isdigit() for letter in name) else name
