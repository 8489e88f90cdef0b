"""Words for the search: text and queries alike become lists of stems, so that both databases find the same posts."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import Stemmer

MOST = 20_000  # words of one text that are indexed
LONGEST = 40  # characters of a word that count
KEPT = 65_536  # words of a language whose stems are kept

# ISO 639-1 -> Snowball.
_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_BEYOND_ASCII_CHUNK = re.compile(r" [^ \x80-\U0010ffff]*+[^\x00-\x7f][^ ]*+")  # what stands between two spaces
_LETTERS = bytes([ord(chr(octet).lower()) if chr(octet).isalnum() else 32 for octet in range(128)]) + bytes(128)
# How many of a word's first letters its stem surely has, i and y being the same; two where nothing is said.
_KEPT_LETTERS = {"ar": 0, "ga": 0, "hi": 0, "id": 0, "ne": 0, "nl": 0, "sr": 0, "ta": 0, "tr": 0, "de": 1, "fi": 1}
_EITHER = str.maketrans({"i": "[iy]", "y": "[iy]"})
_WORD = re.compile(r"[^\W_]+")
# Scripts without spaces between words: pairs of neighbours are their words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(f"([{_UNSPACED}]+)|[^{_UNSPACED}]+")
# A word in text as written: letters with the marks that follow them; without spaces between words, two letters.
_MARKS = "\u0300-\u036f\u0590-\u05c7\u064b-\u065f\u0670\u0900-\u0e4e\u3099\u309a"
_WRITTEN = re.compile(
    rf"(?=([{_UNSPACED}][{_MARKS}]*[{_UNSPACED}]?))[{_UNSPACED}][{_MARKS}]*|[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}])*"
)


class Indexed(NamedTuple):
    """The words by which a post is found, parted by spaces. marks: what no reader types (its list, year, files)."""

    subject: str
    author: str
    text: str
    marks: str


def fold(text: str) -> str:
    """Text without the differences that nobody types: case, accents, forms of the same letter."""
    if text.isascii():
        return text.lower()
    # NFKD after folding too: folding makes "İ" a letter with a mark.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _BEYOND_ASCII.sub(_without_marks, folded)


def _without_marks(found: re.Match[str]) -> str:
    return "".join([c for c in found[0] if unicodedata.category(c)[0] != "M"])


def words(text: str, language: str = "") -> list[str]:
    """The stems of a text's words in order, at most MOST. language: ISO 639-1; "" or an unknown one: no stemming."""
    folded = fold(text)
    found = _ASCII_WORD.findall(folded) if folded.isascii() else list(_split(folded))
    return stems(found[:MOST], language)


def stems(folded: list[str], language: str) -> list[str]:
    """The stems of folded words, of which so many characters count."""
    name = _STEMMERS.get(language.partition("-")[0].lower())
    return list(map(_known[name].__getitem__, folded)) if name else [word[:LONGEST] for word in folded]


class _Stems(dict[str, str]):
    """Words -> their stems, kept: looking them up by `map` takes a fifth of what a call for each word would."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, word: str) -> str:
        if len(word) > LONGEST:
            return self[word[:LONGEST]]
        if len(self) >= KEPT:
            self.clear()
        # A new stemmer each time costs less than a microsecond; one object may not be used by two threads.
        stem = self[word] = str(Stemmer.Stemmer(self._name).stemWord(word))
        return stem


_known = {name: _Stems(name) for name in _STEMMERS.values()}


def _split(folded: str) -> Iterator[str]:
    for word in _WORD.findall(folded):
        if word.isascii():
            yield word
            continue
        for run in _RUN.finditer(word):
            if run[1] and len(run[1]) > 1:
                yield from map("".join, pairwise(run[1]))
            else:
                yield run[0]


@lru_cache(maxsize=4096)
def subject_words(subject: str, language: str) -> frozenset[str]:
    """The stems of a subject, as a set."""
    return frozenset(words(subject, language))


class Piece(NamedTuple):
    """A piece of an extract. hit: it is one of the words that were looked for."""

    text: str
    hit: bool


def extract(text: str, wanted: frozenset[str], language: str, width: int = 220) -> tuple[Piece, ...]:
    """The part of a text, about `width` characters, in which most of the wanted stems stand; those marked.

    Without a hit it is the beginning. Cut ends have an ellipsis.
    """
    text = " ".join(text[:100_000].split())
    hits = _hits(text, wanted, language) if wanted else []
    begin, end = _window(text, hits, width)
    pieces = [Piece("… ", False)] if begin > 0 else []
    at = begin
    for start, stop, _ in hits:
        if start >= begin and stop <= end:
            if start > at:
                pieces.append(Piece(text[at:start], False))
            if start < at and pieces:  # letters without spaces: hits overlap
                pieces[-1] = Piece(pieces[-1].text + text[at:stop], True)
            else:
                pieces.append(Piece(text[start:stop], True))
            at = stop
    if at < end:
        pieces.append(Piece(text[at:end], False))
    if end < len(text):
        pieces.append(Piece(" …", False))
    return tuple(pieces)


def _hits(text: str, wanted: frozenset[str], language: str) -> list[tuple[int, int, str]]:
    """(start, end, stem) of each wanted word of a text whose words are parted by one space."""
    spaced = f" {text}"
    hits: list[tuple[int, int, str]] = []
    if not text.isascii():
        for chunk in _BEYOND_ASCII_CHUNK.finditer(spaced):
            for found in _WRITTEN.finditer(spaced, *chunk.span()):
                written = found[1] or found[0]
                if stem := _wanted(written, wanted, language):
                    hits.append((found.start() - 1, found.start() - 1 + len(written), stem))
        spaced = _BEYOND_ASCII_CHUNK.sub(lambda chunk: " " * len(chunk[0]), spaced)
    # Only words that begin like a wanted one are looked at: most of a page of results is this.
    if begins := _begins(wanted, language):
        folded = spaced.encode("ascii").translate(_LETTERS).decode("ascii")  # four times faster than str.translate
        places = [(found.start(), found[1]) for found in begins.finditer(folded)]
        there = list({word for _, word in places})
        stem_of = {word: stem for word, stem in zip(there, stems(there, language), strict=True) if stem in wanted}
        hits += [(at, at + len(word), stem_of[word]) for at, word in places if word in stem_of]
    hits.sort()
    return hits


def _begins(wanted: frozenset[str], language: str) -> re.Pattern[str] | None:
    """What matches " word" for each word in folded ASCII that may have one of these stems; None if none may."""
    kept = _KEPT_LETTERS.get(language[:2], 2)
    if not kept:
        return re.compile(" ([a-z0-9]+)")
    starts = {stem[0] + stem[1:kept].translate(_EITHER) for stem in wanted if stem.isascii()}
    return re.compile(f" ((?:{'|'.join(sorted(starts))})[a-z0-9]*)") if starts else None


def _wanted(written: str, wanted: frozenset[str], language: str) -> str:
    """The wanted stem that a word has, else ""."""
    return next((stem for stem in _stems_of(written[: 4 * LONGEST], language) if stem in wanted), "")


@lru_cache(maxsize=65_536)
def _stems_of(written: str, language: str) -> tuple[str, ...]:
    return tuple(words(written, language))


def _window(text: str, hits: list[tuple[int, int, str]], width: int) -> tuple[int, int]:
    """Where the extract begins and ends: the stretch with the most different hits, the first one of equals."""
    best, first, last = 0, 0, 0
    low = 0
    inside: dict[str, int] = {}
    for number, (_, stop, stem) in enumerate(hits):
        inside[stem] = inside.get(stem, 0) + 1
        while hits[low][0] < stop - width and low < number:
            gone = hits[low][2]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            low += 1
        if len(inside) > best:
            best, first, last = len(inside), hits[low][0], stop
    begin = max(0, min((first + last - width) // 2, first - 40)) if best else 0
    begin = text.rfind(" ", 0, begin) + 1 if begin else 0
    end = begin + width
    if end >= len(text):
        return begin, len(text)
    return begin, max(text.rfind(" ", begin, end), last) if " " in text[begin:end] else end
