"""Evenly wrapped paragraphs in the plain-text mails that we write: values make lines of any length."""

import textwrap
from collections.abc import Iterator
from itertools import groupby

WIDTH = 72  # columns of a paragraph that is wrapped anew
LONG = 78  # columns that a line may have as it is (RFC 5322 §2.1.1)


def wrapped(text: str, until: str = "") -> str:
    """The text with its long paragraphs and list items wrapped; what is indented or aligned stays as it is.

    until: a line from which on nothing is touched, "" if there is none.
    """
    head, mark, rest = text.partition(f"{until}\n") if until else (text, "", "")
    return "\n".join(_lines(head.split("\n"))) + mark + rest


def _lines(lines: list[str]) -> Iterator[str]:
    for is_prose, group in groupby(lines, _is_prose):
        some = list(group)
        if is_prose and max(map(len, some)) > LONG:
            yield from _fill(" ".join(some), "", "")
            continue
        for line in some:
            if line.startswith("  - ") and len(line) > LONG:
                yield from _fill(line[4:], "  - ", "    ")
            else:
                yield line


def _is_prose(line: str) -> bool:
    return bool(line) and not line.startswith((" ", "-", "=", ">")) and "  " not in line


def _fill(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
