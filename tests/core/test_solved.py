"""An asker says that it is solved."""

import pytest

from listserver.core.solved import MOST, solves


@pytest.mark.parametrize(
    "own",
    [
        "Thanks, that worked.",
        "Thank you Tomasz! Your patch fixed it. I had looked at the wrong clock all week.",
        "Hi Ben,\n\nthat did the trick, thanks!\n\nAnna",
        "Many thanks; everything works now.",
        "Thank you, that clears things up.",
        "Great, thx: this is working perfectly",
        "Thanks! That answers my question.",
        "I appreciate it: exactly what I was looking for.",
        "You were right, that was the problem. Thanks for looking.",
        "The suggestion of Kim has now solved it. Cheers",
        "Problem solved, thanks.",
        "solved",
        "[SOLVED]",
        "That did it!",
    ],
)
def test_it_is_seen(own: str) -> None:
    assert solves(own)


@pytest.mark.parametrize(
    "own",
    [
        "",
        "Thanks for the quick answer.",
        "Thanks, I will try whether that works now.",
        "Thanks, but that has not fixed it.",
        "Thanks. That worked for the first one. What about the second?",
        "Thanks, that solved it almost.",
        "Thanks! If that works now, I will say so.",
        "Thanks, that worked. Unfortunately there is something else.",
        "It worked before the update, thanks.",
        "Thanks, I'm afraid that hasn't solved it.",
        "That worked.\nHere is a long story of it all.",
        f"Thanks, that worked. {'And so on. ' * MOST}",
        "Is it solved",
    ],
)
def test_it_is_not_claimed(own: str) -> None:
    assert not solves(own)
