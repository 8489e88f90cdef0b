"""Paragraphs of our mails are even, whatever values stand in them."""

import pytest

from listserver.core.wrap import LONG, WIDTH, wrapped

WORDS = "word " * 20


def test_a_long_paragraph_is_wrapped_anew_and_a_short_one_stays() -> None:
    text = f"Short\nlines.\n\n{WORDS.strip()}\nand more.\n"
    short, long = wrapped(text).split("\n\n")
    assert short == "Short\nlines."
    assert all(len(line) <= WIDTH for line in long.split("\n"))
    assert long.split() == [*WORDS.split(), "and", "more."]


def test_a_long_item_hangs_under_its_first_line() -> None:
    first, *later = wrapped(f"  - {WORDS.strip()}").split("\n")
    assert first.startswith("  - word")
    assert later
    assert all(line.startswith("    word") for line in later)


@pytest.mark.parametrize(
    "text",
    [
        f"    {WORDS}",
        f"To write:  {WORDS}",
        f"> {WORDS}",
        f"=== {WORDS}",
        f"{'x' * (LONG + 20)}\n",
        "",
        "\n\n",
    ],
)
def test_what_is_indented_aligned_or_one_word_stays(text: str) -> None:
    assert wrapped(text) == text


def test_nothing_is_touched_from_a_mark_on() -> None:
    text = f"A\n=== mark ===\n{WORDS}\n"
    assert wrapped(text, "=== mark ===") == text
