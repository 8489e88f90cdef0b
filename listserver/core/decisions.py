"""Replies to our notices: the first word decides (docs: replying to a notice). Input is own text (core.text)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from listserver.core.decision_words import ANSWERS, BOUND, DOUBTS, HARMLESS_NO, POLITE, REST, Answer

# The lines between which a moderator edits a post; the notice writes them, in every language the same.
EDIT_BEGINS = "=== edit from here ==="
EDIT_ENDS = "=== to here ==="


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reply says. reason: the words for the author after a no. items: the numbers of a batch, else ()."""

    answer: Answer
    reason: str = ""
    items: tuple[int, ...] = ()


_THUMB = re.compile(r"[\s\W]{0,20}?👍[\U0001f3fb-\U0001f3ff\ufe0f]?")
_PASSWORD = re.compile(r"\s*approved?:[ \t]*(\S{1,200})[ \t]*(?:\n|$)", re.I)
_FIRST = re.compile(r"[\W_\d]{0,60}?([^\W\d_]+(?:['’][^\W\d_]+)?)")
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_BLOCK = re.compile(r"^[ \t]*%%%[^\n]*\n(.*?)(?:^[ \t]*%%%|\Z)", re.M | re.S)
_NUMBERS = re.compile(r"[ \t]*#?(\d{1,6})(?:[ \t]*[-–][ \t]*(\d{1,6}))?(?=[\s,.;:]|$)[,;]?")


def first_word(own: str) -> Decision:
    """What the reply decides; UNCLEAR ("ok?", "not ok", prose) and EMPTY decide nothing by themselves."""
    if not own.strip():
        return Decision(Answer.EMPTY)
    if password := _PASSWORD.match(own):
        return Decision(Answer.PASSWORD, password[1])
    if _THUMB.match(own):
        return Decision(Answer.YES)
    found = _FIRST.match(own.lstrip())
    answer = _answer(found[1]) if found else None
    if found is None or answer is None:
        return Decision(Answer.UNCLEAR)
    rest = own.lstrip()[found.end() :]
    line = rest.partition("\n")[0][:500]
    if _is_doubtful(answer, found[1].casefold(), line):
        return Decision(Answer.UNCLEAR)
    return Decision(answer, _reason(rest) if answer is Answer.NO else "")


def batch(own: str, count: int) -> tuple[Decision, ...]:
    """The decisions of a reply to a notice on items 1 to `count`: lines like `ok 1 3-5`, `no 2 too long`, `spam rest`.

    Each item is decided once, by the first line that names it. () if no line is one; a line that is none ends it.
    """
    decided: set[int] = set()
    found = []
    for line in own.split("\n", 100)[:100]:
        if not line.strip():
            continue
        decision = _batch_line(line[:2000], count, decided)
        if decision is None:
            break
        decided.update(decision.items)
        found.append(decision)
    return tuple(found)


def edited(text: str) -> str | None:
    """What stands between the marker lines of an edit, in the whole text of the reply; None without both markers.

    The quote marks that the mail program put before the markers are taken away.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    begin = next((at for at, line in enumerate(lines) if line.strip(" >\t") == EDIT_BEGINS), None)
    if begin is None:
        return None
    prefix = lines[begin].removesuffix(EDIT_BEGINS)
    kept: list[str] = []
    for line in lines[begin + 1 :]:
        if line.strip(" >\t") == EDIT_ENDS:
            return "\n".join(kept).strip("\n")
        kept.append(line.removeprefix(prefix) if line.startswith(prefix) else line.removeprefix(prefix.rstrip()))
    return None


def _answer(word: str) -> Answer | None:
    return ANSWERS.get(word.casefold())


def _is_doubtful(answer: Answer, word: str, line: str) -> bool:
    """Whether what follows the first word on its line makes it less than a decision."""
    words = [other.casefold() for other in _WORDS.findall(line)]
    if line.lstrip(" .!").startswith(("?", "？")) or (len(words) <= 3 and line.rstrip().endswith(("?", "？"))):
        return True
    if answer is Answer.NO:
        return words[:1] != [] and words[0] in HARMLESS_NO
    if word in BOUND and not set(words) <= POLITE:
        return True
    return not DOUBTS.isdisjoint(words)


def _reason(rest: str) -> str:
    """The rest of a rejection, or what stands between lines of %%% (LISTSERV)."""
    if block := _BLOCK.search(rest):
        return block[1].strip()
    return rest.lstrip(" \t,.;:!–—-").strip()


def _batch_line(line: str, count: int, decided: Iterable[int]) -> Decision | None:
    found = _FIRST.match(line.lstrip())
    answer = _answer(found[1]) if found else (Answer.YES if _THUMB.match(line) else None)
    if answer is None or answer in (Answer.EDIT, Answer.PASSWORD):
        return None
    rest = (
        line.lstrip()[found.end() :]
        if found
        else line.partition("👍")[2].lstrip("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0f")
    )
    items, end = _items(rest, count)
    if not items and (word := _WORDS.search(rest)) and word[0].casefold() in REST:
        items, end = set(range(1, count + 1)), word.end()
    wanted = tuple(sorted(items.difference(decided)))
    if not wanted and not items:
        return None
    reason = rest[end:].lstrip(" \t,.;:–-").strip() if answer is Answer.NO else ""
    return Decision(answer, reason, wanted)


def _items(text: str, count: int) -> tuple[set[int], int]:
    """(the item numbers that the text begins with, where they end)."""
    items: set[int] = set()
    end = 0
    for first, last, stop in _ranges(text):
        if not 1 <= first <= last <= count:
            break
        items.update(range(first, last + 1))
        end = stop
    return items, end


def _ranges(text: str) -> Iterator[tuple[int, int, int]]:
    at = 0
    while found := _NUMBERS.match(text, at):
        at = found.end()
        yield int(found[1]), int(found[2] or found[1]), at
