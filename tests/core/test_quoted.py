"""A reply to a whole digest finds the item that it quotes."""

import pytest

from listserver.core.blocks import blocks
from listserver.core.quoted import Candidate, Found, find

ITEMS = (
    Candidate("aaaaaaaaaa", 1, "Ladder", "Has anybody got a ladder of four metres for Sunday?"),
    Candidate("bbbbbbbbbb", 2, "Paint", "Which paint holds on old galvanised gutters without any primer?"),
    Candidate("cccccccccc", 1, "Re: Ladder", "I have one, it is in the shed behind my house."),
)
LADDER, PAINT, SHED = (f"> {item.text}\n" for item in ITEMS)


@pytest.mark.parametrize(
    ("text", "subject", "meant"),
    [
        (f"{LADDER}\nI have.", "Re: digest", "aaaaaaaaaa"),
        (f"{LADDER}{PAINT}\nNone does.\n", "Re: digest", ""),  # two threads right above the answer
        (f"{LADDER}\nI have.\n\n{LADDER}\nStill.", "Re: digest", "aaaaaaaaaa"),
        ("I have.", "Re: digest", ""),
        ("I have.", "Re: Paint", "bbbbbbbbbb"),
        (f"{SHED}\nGood.", "Re: Ladder", "cccccccccc"),
        ("Yes.\n\n> Reply: talk+re.bbbbbbbbbb@lists.example\n", "Re: digest", "bbbbbbbbbb"),
        (f"Yes to all.\n\n{LADDER}{PAINT}{SHED}", "Re: digest", ""),
    ],
)
def test_the_item_is_the_one_quoted_or_named_else_it_is_not_clear(text: str, subject: str, meant: str) -> None:
    assert find(blocks(text), subject, ITEMS).identifier == meant


def test_without_items_nothing_is_found() -> None:
    assert find(blocks("> a b c d e f\n\nYes."), "x", ()) == Found("", ())
