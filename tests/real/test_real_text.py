"""What the author of a real reply wrote, told from what is quoted."""

from pathlib import Path

from listserver.core.text import own_text
from tests import replies


def test_I4_share_of_own_lines_found_in_real_replies(shared: Path) -> None:
    """Issue 4, must show 4; tests/interop prints it beside another program."""
    pairs = [pair for name in replies.SETS for pair in replies.pairs(shared, name)]
    shares = [replies.f1(own_text(text).text, expected) for text, expected in pairs]
    assert len(shares) == 204
    assert sum(shares) / len(shares) >= 0.90
