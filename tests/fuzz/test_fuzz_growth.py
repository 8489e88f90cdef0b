"""Time grows with what strangers send, and no faster: mbox files, subjects, words."""

import itertools

import pytest

from listserver.core.subject import parse_subject
from listserver.core.words import extract, words
from tests.core.test_mbox import A, split
from tests.growth import is_linear


@pytest.mark.parametrize("unit", [A, b"From \n", b"\n", b"From a 12:00 2026 2026 2026\n\n", b"x: \n", b"> "])
def test_of_an_mbox(unit: bytes) -> None:
    assert is_linear(lambda text: split(text, unquote=True), lambda n: A + unit * n, 60_000 // len(unit))
    assert is_linear(lambda text: split(text, unquote=True), lambda n: A + b"From " + unit.strip() * n, 10_000)


@pytest.mark.parametrize("unit", ["Re:", "[", "(was ", " ", "[a]", "re [1", "x (fwd)", "Re: [fwd: "])
def test_of_a_subject(unit: str) -> None:
    serial = itertools.count()  # no two alike: results are kept
    assert is_linear(lambda text: parse_subject(f"{next(serial)}{text})"), lambda n: unit * n, 20_000)
    assert is_linear(lambda text: parse_subject(f"{text}{next(serial)}]"), lambda n: unit * n, 20_000)


@pytest.mark.parametrize("unit", ["drift ", "a\u0301", "検", "_", "x" * 39 + " "])
def test_of_words_and_extracts(unit: str) -> None:
    def both(text: str) -> None:
        words(text, "en")
        extract(text, frozenset({"drift", "検検"}), "en")

    assert is_linear(both, lambda n: unit * n, 60_000 // len(unit))
