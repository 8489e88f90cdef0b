"""Real replies with what their authors wrote themselves, and how much of it was found."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SETS = ("discourse", "talon", "github", "quotequail", "mail-parser-reply")


def pairs(shared: Path, name: str) -> Iterator[tuple[str, str]]:
    """(text of a reply, own text in it) of each reply of a set."""
    for expected in sorted((shared / "data/replies" / name).glob("*.expect.txt")):
        given = expected.with_name(expected.name.replace(".expect.txt", ".txt"))
        yield given.read_text(errors="replace"), expected.read_text(errors="replace")


def f1(found: str, expected: str) -> float:
    """2 × lines found / (lines given + lines expected), line ends trimmed, blank lines left out."""
    ours, theirs = _lines(found), _lines(expected)
    both = (ours & theirs).total()
    return 2 * both / (ours.total() + theirs.total()) if ours or theirs else 1.0


def _lines(text: str) -> "Counter[str]":
    return Counter(line.strip() for line in text.splitlines() if line.strip())
