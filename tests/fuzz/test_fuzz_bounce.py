"""core.bounce on whatever strangers may send to a bounce address."""

import time

from hypothesis import given
from hypothesis import strategies as st

from listserver.core import bounce
from listserver.core.bounce_kind import Kind, classify, status_of
from listserver.core.message import read

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


def test_time_grows_no_faster_than_the_mail() -> None:
    head = b"From: mailer-daemon@x.example\r\nSubject: Undelivered mail\r\n\r\n"

    def seconds(unit: bytes, n: int) -> float:
        posts = read(head + unit * n)
        return min(_timed(posts) for _ in range(3))

    def _timed(post: object) -> float:
        start = time.perf_counter()
        bounce.read(post)  # type: ignore[arg-type]
        return time.perf_counter() - start

    for unit in (
        b"a@x.example: unknown\r\n",
        b"a" * 70 + b"\r\n",
        b"@",
        b"to a",
        b"<",
        b"recipient: ",
        b"user ",
        b"5.1.",
    ):
        small, large = seconds(unit, 20_000), seconds(unit, 40_000)
        assert large < max(2.5 * small, 0.2), (unit, small, large)
