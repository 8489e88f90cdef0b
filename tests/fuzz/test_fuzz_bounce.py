"""core.bounce on whatever strangers may send to a bounce address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core import bounce
from listserver.core.bounce_kind import Kind, classify, status_of
from listserver.core.message import read
from tests.growth import is_linear

PIECES = st.sampled_from(
    [
        "From: mailer-daemon@x.example\n",
        "Subject: Undelivered Mail Returned to Sender\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        "\n",
        "--b\nContent-Type: message/delivery-status\n\n",
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
        "--b\nContent-Type: message/rfc822\n\nTo: z@z.example\n",
        "Final-Recipient: rfc822; a@x.example\n",
        "Original-Recipient: rfc822; <b@x.example>\n",
        "Action: failed\nStatus: 5.1.1\n",
        "Diagnostic-Code: smtp; 550",
        "<a@x.example>: user unknown\n",
        "could not be delivered to ",
        "RCPT TO:<c@x.example>",
        "--- Below this line is a copy of the message.\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=30), max_size=30), st.sampled_from(["", "m@list.example"]))
def test_read_never_raises_and_its_parts_agree(pieces: list[str], verp: str) -> None:
    report = bounce.read(read("".join(pieces).encode("utf-8", "surrogatepass")), verp)
    assert report.what != "failed" or report.failures
    assert report.what != "delayed" or report.delayed
    if verp:
        assert {f.address for f in report.failures + report.delayed} <= {verp}


@given(st.text() | st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}"), st.text())
def test_classify_never_raises(status: str, text: str) -> None:
    assert classify(status_of(status, text, None), text) in Kind


UNITS = [b"a@x.example: unknown\r\n", b"a" * 70 + b"\r\n", b"@", b"to a", b"<", b"recipient: ", b"user ", b"5.1."]


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_no_faster_than_the_mail(unit: bytes) -> None:
    head = b"From: mailer-daemon@x.example\r\nSubject: Undelivered mail\r\n\r\n"
    assert is_linear(bounce.read, lambda n: read(head + unit * n), 10_000)
