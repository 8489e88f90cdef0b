"""A post as digests show it: the author's own words; of what others wrote, the line that is being answered."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from listserver.core.blocks import Block, Kind

_SNIPPET = 90  # characters of a quote that is answered right below it
_OWN = (Kind.PARAGRAPH, Kind.CODE, Kind.LIST)


class Fold(NamedTuple):
    """What others wrote, folded away. lines: how many. snippet: its last words, if an answer follows; else ""."""

    lines: int
    snippet: str


def folded(blocks: Iterable[Block]) -> Iterator[Block | Fold]:
    """The author's own blocks, with a Fold in the place of each quote; signatures and footers are left out."""
    lines, snippet = 0, ""
    for block in blocks:
        if block.depth == 0 and block.kind in _OWN:
            if lines:
                yield Fold(lines, snippet)
            lines, snippet = 0, ""
            yield block
        elif block.depth or block.kind is Kind.INTRO:
            lines += block.lines
            if block.kind in _OWN:
                snippet = _ending(block.text)
    if lines:
        yield Fold(lines, "")


def _ending(text: str) -> str:
    """The last words of a text that fit."""
    line = " ".join(text[-4 * _SNIPPET :].split())
    if len(line) <= _SNIPPET:
        return line
    return "… " + line[-_SNIPPET:].partition(" ")[2]
