"""Which mails may be answered at all (standards L5, L7)."""

import pytest

from listserver.core.answerable import answerable
from listserver.core.envelope import Envelope
from listserver.core.message import read


@pytest.mark.parametrize(
    ("sender", "author", "more", "expected"),
    [
        ("anna@x.example", "anna@x.example", "", True),
        ("", "anna@x.example", "", False),
        ("anna@x.example", "anna@x.example", "Auto-Submitted: auto-replied\r\n", False),
        ("anna@x.example", "anna@x.example", "Precedence: bulk\r\n", False),
        ("anna@x.example", "a@x.example, b@x.example", "", False),
        ("owner-talk@x.example", "anna@x.example", "", False),
        ("anna@x.example", "talk-request@x.example", "", False),
        ("talk-bounces+12=3@x.example", "anna@x.example", "", False),
        ("MAILER-DAEMON@x.example", "anna@x.example", "", False),
        ("anna@x.example", "no-reply@x.example", "", False),
        ("anna@x.example", "talk@LISTS.example", "", False),
        ("anna@x.example", "Owner@x.example", "", True),
    ],
)
def test_L5_L7_who_is_answered(sender: str, author: str, more: str, expected: bool) -> None:
    post = read(f"From: {author}\r\n{more}\r\nok\r\n".encode())
    assert answerable(post, Envelope(sender, "talk+confirm.x@lists.example", "smtp"), "lists.example") is expected
