"""Which older threads are like a new one: those whose subjects have words in common that few others have."""

from collections.abc import Iterable, Mapping, Sequence
from math import log2
from zlib import crc32

WORDS = 8  # of a subject that count
NEWEST = 60  # threads with a word that are looked at; a word that as many have says little
SHOWN = 3
LEAST = 5.0  # the score below which nothing is alike
SHARE = 0.45  # and the least part of what all words together could score


def telling(stems: Iterable[str]) -> tuple[int, ...]:
    """The words of a subject by which it is known, as numbers below 2**31: the longest, each once."""
    distinct = sorted({stem for stem in stems if len(stem) > 2}, key=lambda stem: (-len(stem), stem))
    return tuple(dict.fromkeys(crc32(stem.encode()) & 0x7FFFFFFF for stem in distinct[:WORDS]))


def likest(found: Mapping[int, Sequence[int]]) -> list[int]:
    """The threads most alike, at most three, best first. found: of each word the newest threads that have it."""
    scores: dict[int, float] = {}
    shared: dict[int, int] = {}
    possible = 0.0
    for threads in found.values():
        weight = log2(NEWEST / max(1, len(threads))) + 0.1
        possible += weight
        for thread in threads:
            scores[thread] = scores.get(thread, 0.0) + weight
            shared[thread] = shared.get(thread, 0) + 1
    least = max(LEAST, SHARE * possible)
    good = [thread for thread, score in scores.items() if score >= least and shared[thread] > 1]
    return sorted(good, key=lambda thread: (-scores[thread], -thread))[:SHOWN]
