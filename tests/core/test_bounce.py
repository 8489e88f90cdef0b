# ruff: noqa: E501 (one mail a line)
"""Bounces: cases made up after the forms of real mail systems; the real ones are in tests/interop/test_bounces.py."""

import pytest

from listserver.core import bounce, bounce_fields, bounce_text
from listserver.core.bounce_kind import Kind, classify, reply_in, status_in, status_of
from listserver.core.message import read


def mail(body: str, headers: str = "", sender: str = "Mail Delivery System <mailer-daemon@mx.example>") -> bytes:
    head = f"From: {sender}\nTo: talk-bounces@lists.example\nSubject: Undelivered Mail Returned to Sender\n{headers}"
    return f"{head}\n{body}".replace("\n", "\r\n").encode()


def dsn(
    fields: str, words: str = "Delivery failed.", copy: str = "Message-ID: <one@lists.example>\nTo: talk@x.example"
) -> bytes:
    return mail(
        f"--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\n{fields}\n--b\nContent-Type: text/rfc822-headers\n\n{copy}\n--b--\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
    )


FAILED = "Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"


def test_B1_dsn_names_address_kind_status_text_and_original() -> None:
    report = bounce.read(read(dsn(FAILED)))
    assert report.what == "failed"
    assert report.original_id == "one@lists.example"
    (failure,) = report.failures
    assert (failure.address, failure.kind, failure.status) == ("anna@example.org", Kind.DEAD, "5.1.1")
    assert failure.text == "550 5.1.1 no such user"
    assert failure.permanent


@pytest.mark.parametrize(
    ("fields", "what", "address"),
    [
        ("Original-Recipient: rfc822;a@x.example\nFinal-Recipient: rfc822;b@y.example\nAction: failed\n", "failed", "a@x.example"),
        ("Final-Recipient: utf-8; jörg@y.example\nAction: failed\nStatus: 5.1.1\n", "failed", "jörg@y.example"),
        ("Final-Recipient: b@y.example\nAction: delayed\nStatus: 4.4.1\n", "delayed", "b@y.example"),
        ("Final-Recipient: rfc822; b@y.example\nStatus: 4.4.1\n", "delayed", "b@y.example"),
        ("Final-Recipient: rfc822; b@y.example\nAction: relayed\nStatus: 2.0.0\n", "delivered", "b@y.example"),
        ("Final-Recipient: rfc822; b@y.example\nAction: deliverable\nStatus: 2.1.5\n", "delivered", "b@y.example"),
        ("X-Actual-Recipient: rfc822; b@y.example\nAction: failed\nStatus: 5.0.0\n", "failed", "b@y.example"),
        ("Original-Recipient: x400; /o=b@y.example/\nFinal-Recipient: rfc822; b@y.example\nStatus: 5.0.0\n", "failed", "b@y.example"),
        # No blank line between two recipients; a repeated field counts once.
        ("Final-Recipient: rfc822; b@y.example\nAction: failed\nAction: delayed\n go on\nFinal-Recipient: rfc822;c@y.example\nAction: delayed\nStatus: 4.0.0\n", "failed", "b@y.example"),
    ],
)  # fmt: skip
def test_B1_fields_of_recipients(fields: str, what: str, address: str) -> None:
    report = bounce.read(read(dsn(fields, copy="From: x@y.example\n\nhello")))
    assert report.what == what
    assert address in [f.address for f in report.failures + report.delayed] + list(report.delivered)
    assert report.original_id == ""


def test_B1_delayed_and_delivered_are_no_failures() -> None:
    fields = (
        FAILED
        + "\nFinal-Recipient: rfc822; b@y.example\nAction: delayed\n\nFinal-Recipient: rfc822; c@y.example\nAction: delivered\n"
    )
    report = bounce.read(read(dsn(fields)))
    assert [f.address for f in report.failures] == ["anna@example.org"]
    assert [f.address for f in report.delayed] == ["b@y.example"]
    assert report.delivered == ("c@y.example",)


def test_fields_without_address_take_it_from_the_words() -> None:
    words = "Could not be delivered:\n\nanna@example.org\n   mailbox is full\n"
    report = bounce.read(read(dsn("Final-Recipient: rfc822; anna\nAction: failed\nStatus: 5.0.0\n", words)))
    assert [(f.address, f.kind) for f in report.failures] == [("anna@example.org", Kind.FULL)]


def test_words_explain_fields_that_do_not_tell() -> None:
    fields = "Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.0.0\n"
    report = bounce.read(
        read(dsn(fields, "anna@example.org: 550 5.7.25 <anna@example.org>: Reverse DNS validation failed"))
    )
    assert [(f.status, f.kind) for f in report.failures] == [("5.7.25", Kind.POLICY)]
    report = bounce.read(read(dsn(fields, "We are sorry. The mailbox is over quota.")))
    assert [f.kind for f in report.failures] == [Kind.FULL]
    report = bounce.read(read(dsn(fields, "Nobody knows why.")))
    assert [f.kind for f in report.failures] == [Kind.UNKNOWN]


def test_report_that_a_gateway_forwards_as_attachment() -> None:
    inner = dsn(FAILED).decode().replace("\r\n", "\n")
    raw = mail(
        f"--c\r\nContent-Type: message/rfc822\n\n{inner}\n--c--\n",
        "Content-Type: multipart/mixed; boundary=c\n",
    )
    assert [f.address for f in bounce.read(read(raw)).failures] == ["anna@example.org"]


WORDS = [
    ("qmail", "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<a@x.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nTo: b@y.example\n", ["a@x.example"], Kind.DEAD),
    ("exim", "The following address(es) failed:\n\n  a@x.example\n    SMTP error from remote mail server after RCPT TO:<a@x.example>:\n    550 5.2.2 quota exceeded\n\n------ This is a copy of the message ------\n\nFrom: z@z.example\n", ["a@x.example"], Kind.FULL),
    ("two of them", "Unable to deliver message to the following address(es).\n\n<a@x.example>:\nThis account is over quota.\n\n<b@x.example>:\nThis account has been disabled.\n", ["a@x.example", "b@x.example"], Kind.FULL),
    ("expanded", "   ----- The following addresses had permanent fatal errors -----\n<root@in.x.example>\n    (expanded from: <a@x.example>)\n", ["a@x.example"], Kind.UNKNOWN),
    ("named", "Your message could not be delivered.\nRecipient: a@x.example\nReason: 554 spam\n", ["a@x.example"], Kind.POLICY),
    ("named after sender", "Your message could not be delivered.\nFrom: z@z.example\nContact: postmaster@x.example\n>>> RCPT TO:<a@x.example>\nfor questions contact help@x.example\n", ["a@x.example"], Kind.UNKNOWN),
    ("generated by", "The following address(es) failed:\n\n  pipe to |/usr/bin/x\n    generated by a@x.example\n\nFailed to run it\n", ["a@x.example"], Kind.UNKNOWN),
    ("mentioned", "Delivery failed.\nThe mailbox of Anna (a@x.example) does not exist.\nAsk: help@x.example\n", ["a@x.example"], Kind.DEAD),
    ("whom to ask stands alone", "Delivery failed: recipient a@x.example is unknown.\nQuestions: write to\nhelp@x.example\n", ["a@x.example"], Kind.DEAD),
    ("field", "Delivery failed.\nFrom:\nz@z.example\nRCPT TO:<a@x.example> 550 rejected\n", ["a@x.example"], Kind.POLICY),
    ("nothing said", "Delivery failed.\nHello z@z.example,\nnobody@x.example\n", ["nobody@x.example"], Kind.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "body", "addresses", "kind"), WORDS, ids=[w[0] for w in WORDS])
def test_words_of_mail_systems(_name: str, body: str, addresses: list[str], kind: Kind) -> None:
    report = bounce.read(read(mail(body, "Return-Path: <>\n")))
    assert [f.address for f in report.failures] == addresses
    assert report.failures[0].kind is kind


def test_html_only() -> None:
    body = "<html><body><p>could not be delivered to</p><p>a@x.example</p>No such user</body></html>"
    report = bounce.read(read(mail(body, "Content-Type: text/html\n")))
    assert [(f.address, f.kind) for f in report.failures] == [("a@x.example", Kind.DEAD)]


def test_nobody_named_then_the_header_or_the_copy() -> None:
    body = (
        "Your mail could not be delivered.\n\n--- Original message\n\nTo: a@x.example\nSubject: hello\n x\nDate: now\n"
    )
    assert [f.address for f in bounce.read(read(mail(body))).failures] == ["a@x.example"]
    header = "X-Failed-Recipients: b@x.example\n"
    assert [f.address for f in bounce.read(read(mail(body, header))).failures] == ["b@x.example"]
    two = body.replace("To: a@x.example", "To: a@x.example, b@x.example")
    assert bounce.read(read(mail(two))).failures == ()


def test_attachments_are_not_read() -> None:
    raw = dsn(FAILED).replace(b"--b--", b"--b\r\nContent-Type: image/png\r\n\r\nx@y.example: user unknown\r\n--b--")
    assert [f.address for f in bounce.read(read(raw)).failures] == ["anna@example.org"]
    image = mail("x@y.example: user unknown", "Content-Type: image/png\n")
    assert bounce.read(read(image)).failures == ()


def test_a_field_of_the_copy_may_go_on_over_lines() -> None:
    report = bounce.read(read(dsn(FAILED, copy="Message-ID:\n <two@lists.example>\nTo: x\n")))
    assert report.original_id == "two@lists.example"


def test_delay_in_words() -> None:
    body = "Your message has not yet been delivered to\n\n  a@x.example\n\nWe will continue to try.\n"
    report = bounce.read(read(mail(body)))
    assert (report.what, [f.address for f in report.delayed], report.failures) == ("delayed", ["a@x.example"], ())
    assert not report.delayed[0].permanent


def test_broken_mime_is_read_as_words() -> None:
    body = "--other\nContent-Type: message/delivery-status\n\n" + FAILED
    report = bounce.read(read(mail(body, "Content-Type: multipart/report; boundary=b\n")))
    assert [f.address for f in report.failures] == ["anna@example.org"]


def arf(fields: str, copy: str = "To: anna@example.org\nMessage-ID: <one@lists.example>\n") -> bytes:
    return mail(
        f"--b\nContent-Type: text/plain\n\nabuse\n--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{copy}\n\nhello\n--b--\n",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n",
    )


@pytest.mark.parametrize(
    ("fields", "addresses"),
    [
        ("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <a@x.example>\nOriginal-Rcpt-To: b@x.example\n", ["a@x.example", "b@x.example"]),
        ("Feedback-Type: abuse\nVersion: 1\n", ["anna@example.org"]),
        ("Feedback-Type: opt-out\nRemoval-Recipient: a@x.example\n", ["a@x.example"]),
        ("Feedback-Type: not-spam\nOriginal-Rcpt-To: a@x.example\n", None),
        ("Feedback-Type: auth-failure\nOriginal-Rcpt-To: a@x.example\n", None),
    ],
)  # fmt: skip
def test_B5_feedback_reports(fields: str, addresses: list[str] | None) -> None:
    report = bounce.read(read(arf(fields)))
    assert report.what == ("none" if addresses is None else "complaint")
    assert [f.address for f in report.failures] == (addresses or [])
    assert all(f.kind is Kind.COMPLAINT and not f.permanent for f in report.failures)
    assert report.original_id == "one@lists.example"


def test_B5_outlook_names_the_reader_in_the_copy() -> None:
    raw = mail(
        "--b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: <a@x.example>\n\nhello\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "staff@hotmail.example",
    )
    report = bounce.read(read(raw))
    assert (report.what, [f.address for f in report.failures]) == ("complaint", ["a@x.example"])


@pytest.mark.parametrize(
    ("raw", "what", "address"),
    [
        (dsn(FAILED), "failed", "m@list.example"),
        (dsn("Final-Recipient: rfc822; x@y.example\nAction: delayed\n"), "delayed", "m@list.example"),
        (dsn("Final-Recipient: rfc822; x@y.example\nAction: delivered\n"), "delivered", "m@list.example"),
        (arf("Feedback-Type: abuse\n"), "complaint", "m@list.example"),
        (arf("Feedback-Type: abuse\n", copy="To: undisclosed\n"), "complaint", "m@list.example"),
        (arf("Feedback-Type: not-spam\n"), "none", None),
        (mail("It did not work, sorry. Mailbox full."), "failed", "m@list.example"),
        (
            mail("see you", sender="anna@example.org").replace(b"Undelivered Mail Returned to Sender", b"lunch"),
            "none",
            None,
        ),
    ],
)
def test_B1_verp_says_which_member(raw: bytes, what: str, address: str | None) -> None:
    report = bounce.read(read(raw), verp="m@list.example")
    assert (report.what, report.verp) == (what, "m@list.example")
    assert [f.address for f in report.failures + report.delayed] + list(report.delivered) == (
        [address] if address else []
    )


def test_people_who_write_about_bounces_are_no_reports() -> None:
    text = "Could not be delivered: what does it mean?\n> a@x.example: user unknown\n"
    for headers in ("", "List-Id: <talk.lists.example>\n", "In-Reply-To: <1@x.example>\n"):
        assert bounce.read(read(mail(text, headers, sender="Anna <anna@example.org>"))).failures == ()
    automatic = mail("I am away.", "Auto-Submitted: auto-replied\n", sender="anna@example.org").replace(
        b"Undelivered Mail Returned to Sender", b"away"
    )
    assert bounce.read(read(automatic)).what == "autoreply"


def test_R2_two_from_is_no_report() -> None:
    assert bounce.read(read(b"From: x@y.example\r\n" + dsn(FAILED))).what == "none"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        ("5.1.1", "550 5.1.1 user unknown", Kind.DEAD),
        ("5.1.1", "552 mailbox is over quota", Kind.FULL),
        ("4.2.2", "", Kind.FULL),
        ("5.7.1", "550 5.7.1 User unknown", Kind.DEAD),
        ("5.7.1", "550 blocked using zen.spamhaus.org; user unknown", Kind.POLICY),
        ("5.7.13", "", Kind.DEAD),
        ("5.7.26", "", Kind.POLICY),
        ("5.1.8", "", Kind.POLICY),
        ("5.6.0", "", Kind.POLICY),
        ("5.3.4", "", Kind.POLICY),
        ("5.2.1", "", Kind.DEAD),
        ("4.4.4", "", Kind.TEMPORARY),
        ("5.4.7", "", Kind.TEMPORARY),
        ("4.7.1", "message refused by policy", Kind.POLICY),
        ("4.7.1", "greylisted, try again", Kind.TEMPORARY),
        ("4.0.0", "", Kind.TEMPORARY),
        ("5.0.0", "connection timed out", Kind.TEMPORARY),
        ("5.0.0", "550 rejected", Kind.POLICY),
        ("5.0.0", "", Kind.UNKNOWN),
        ("", "", Kind.UNKNOWN),
    ],
)
def test_B3_B4_kinds(status: str, text: str, kind: Kind) -> None:
    assert classify(status, text) is kind


@pytest.mark.parametrize(
    ("field", "text", "permanent", "status"),
    [
        ("5.1.1", "550 5.7.1 no", None, "5.1.1"),
        ("5.0.0", "550 5.7.1 no", None, "5.7.1"),
        ("5.0.0", "450 4.7.1 no", None, "5.0.0"),
        ("", "5.0.0 but 5.2.2", None, "5.2.2"),
        ("", "421 busy", None, "4.0.0"),
        ("", "host [192.0.2.25] said 5.6.7.8 no", None, "5.0.0"),
        ("", "try again later", None, "4.0.0"),
        ("", "failed; try again later", None, "5.0.0"),
        ("", "try again later", True, "5.0.0"),
        ("2.0.0", "", False, "4.0.0"),
    ],
)
def test_one_status(field: str, text: str, permanent: bool | None, status: str) -> None:
    assert status_of(field, text, permanent) == status


def test_codes_in_text() -> None:
    assert status_in("nothing here") == ""
    assert reply_in("550-5.7.26 no") == "550"
    assert reply_in("port 5500, 192.0.2.550") == ""


def test_O5_refusal_at_hand_over_speaks_the_same_words() -> None:
    assert bounce.refusal("a@x.example", 550, "5.1.1", "no such user").kind is Kind.DEAD
    greylisted = bounce.refusal("a@x.example", 451, "", "greylisted")
    assert (greylisted.status, greylisted.kind, greylisted.permanent) == ("4.0.0", Kind.TEMPORARY, False)


def test_fields_have_bounds() -> None:
    lines = [
        "Final-Recipient: rfc822; a@x.example",
        "Diagnostic-Code: smtp; 550 x",
        *([" y" * 1000] * 100),
        "Unknown: z",
    ]
    (group,) = bounce_fields.groups(lines)
    assert len(group["diagnostic-code"]) < 10_000
    assert bounce_fields.statuses(["Final-Recipient: rfc822; a@x.example"]) == ([], False)
    assert bounce_fields.statuses(["Action: failed", ""]) == ([], False)
    assert (
        bounce_fields.statuses(["Final-Recipient: rfc822; a@x.example", "Action: ", "Diagnostic-Code: 550 5.1.1 no"])[
            0
        ][0].failure.status
        == "5.1.1"
    )
    assert bounce_fields.feedback(["Version: 1"]) is None


def test_addresses_far_from_words_of_failure_do_not_count() -> None:
    far = ["hello to a@x.example and all", *["-"] * 8, "from z@z.example it failed"]
    assert bounce_text.failing(far, frozenset()) == []


def test_text_has_bounds() -> None:
    lines = [f"a{n}@x.example" for n in range(10_000)]
    own, rest = bounce_text.split(lines)
    assert len(own) == bounce_text.MAX_LINES and rest == ()
    assert len(bounce_text.failing(own, frozenset())) == bounce_text.MAX_ADDRESSES
