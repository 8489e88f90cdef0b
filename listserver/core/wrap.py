"""Evenly wrapped paragraphs in the plain-text mails that we write: values make lines of any length."""

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby

WIDTH = 72  # columns of a paragraph that is wrapped anew
_BOUND = re.compile(r" (?=[:;?!»])|(?<=«) ")  # French: no line begins or ends here
_GLUE = "\x00"
_LINK_ENDS = re.compile(r"(?:://|@)\S*[^\s.,;:!?]$")  # what follows such a line begins a new one
LONG = 78  # columns that a line may have as it is (RFC 5322 §2.1.1)


def wrapped(text: str, until: str = "") -> str:
    """The text with its long paragraphs and list items wrapped; what is indented or aligned stays as it is.

    until: a line from which on nothing is touched, "" if there is none.
    """
    head, mark, rest = text.partition(f"\n{until}\n") if until else (text, "", "")
    head = re.sub(r"\n{3,}", "\n\n", head)  # what was left out of a text leaves no hole
    return "\n".join(_lines(head.split("\n"))) + mark + rest


def _lines(lines: list[str]) -> Iterator[str]:
    for is_prose, group in groupby(lines, _is_prose):
        some = list(group)
        if is_prose:
            yield from _prose(some)
            continue
        for line in some:
            if line.startswith("  - ") and len(line) > LONG:
                yield from _fill(line[4:], "  - ", "    ")
            else:
                yield line


def _prose(lines: list[str]) -> Iterator[str]:
    run: list[str] = []
    for line in lines:
        run.append(line)
        if line is lines[-1] or _LINK_ENDS.search(line):
            yield from _fill(" ".join(run), "", "") if max(map(len, run)) > LONG else run
            run = []


def _is_prose(line: str) -> bool:
    return bool(line) and not line.startswith((" ", "-", "=", ">")) and "  " not in line


def _fill(text: str, first: str, later: str) -> list[str]:
    made = textwrap.wrap(
        _BOUND.sub(_GLUE, text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in made]
