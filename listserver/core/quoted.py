"""Which item of a digest a reply answers: the one that it quotes, or whose subject it bears."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from listserver.core.blocks import Block, Kind
from listserver.core.subject import subject_key

_RUN = 4  # words in a row that are compared
_NEAR = 120  # words above an answer that count as what it answers
_MOST = 20_000  # words of a reply that are looked at
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"\+re\.([a-z2-7]{10})@", re.I)


class Candidate(NamedTuple):
    """An item that may be meant. thread: equal for items of one thread. text: its author's own words."""

    identifier: str
    thread: int
    subject: str
    text: str


class Found(NamedTuple):
    """identifier: of the item that is meant, "" if that is not clear. ranked: all items, the likeliest first."""

    identifier: str
    ranked: tuple[str, ...]


def find(blocks: Sequence[Block], subject: str, items: Sequence[Candidate]) -> Found:
    """The item that a reply with that subject, in these blocks, answers. Linear in both."""
    quotes = _quotes(blocks)
    named = {name.lower() for quote in quotes for name in _ADDRESS.findall(quote)}
    scores, whole = _scores([_words(quote) for quote in quotes], items)
    ranked = sorted(range(len(items)), key=lambda at: (-scores[at], -at))
    order = tuple(items[at].identifier for at in ranked)
    meant = [item.identifier for item in items if item.identifier in named]
    if len(meant) == 1:
        return Found(meant[0], order)
    same = [at for at in ranked if subject_key(items[at].subject) == subject_key(subject) != ""]
    if same and len({items[at].thread for at in same}) == 1:
        return Found(items[same[0]].identifier, order)
    if ranked and _clear(scores, whole, ranked, items):
        return Found(order[0], order)
    return Found("", order)


_SURE = 10  # runs that are no set phrase


def _clear(scores: Sequence[float], whole: int, ranked: Sequence[int], items: Sequence[Candidate]) -> bool:
    """Whether the best is more than a phrase that people share, and well before those of all other threads."""
    best = ranked[0]
    others = [scores[at] for at in ranked if items[at].thread != items[best].thread]
    return scores[best] >= min(_SURE, max(2, whole / 2)) and scores[best] >= 3 * max(others, default=0)


def _quotes(blocks: Sequence[Block]) -> list[str]:
    """What stands right above an answer; everything quoted where the answer stands on top."""
    near: list[str] = []
    run: list[str] = []
    everything: list[str] = []
    for block in blocks:
        if block.depth or block.kind is Kind.INTRO:
            run.append(block.text)
            everything.append(block.text)
        elif block.kind not in (Kind.SIGNATURE, Kind.FOOTER):
            if run:
                near.append("\n".join(run))
            run = []
    return near or ["\n".join(everything)]


def _words(quote: str) -> list[str]:
    return [word.casefold() for word in islice((m.group() for m in _WORD.finditer(quote)), _MOST)]


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}


def _scores(quotes: Sequence[list[str]], items: Sequence[Candidate]) -> tuple[list[float], int]:
    """For each item, how many runs of its words are quoted (what other items say too counts less); and of how many."""
    runs: set[tuple[str, ...]] = set()
    for words in quotes:
        runs |= _runs(words[-_NEAR:] if len(quotes) > 1 or len(words) > 4 * _NEAR else words)
    said = [_runs(_words(item.text)) for item in items]
    common = Counter(run for of_item in said for run in of_item & runs)
    return [sum(1 / common[run] for run in of_item & runs) for of_item in said], len(runs)
