"""Reading mails (standards R1-R15)."""

from datetime import UTC, datetime

import pytest

from listserver.core.message import Mailbox, part_bytes, part_text, read

ORDINARY = b"""\
From: Anna Smith <anna@example.org>\r
To: Talk <talk@lists.example.org>, bob@example.net\r
Cc: "Carl, C." <carl@example.net>\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
Date: Tue, 3 Mar 2026 10:00:00 +0100\r
Message-ID: <3@example.org>\r
References: <1@example.org>\r
 <2@example.org>\r
In-Reply-To: <2@example.org>\r
\r
Hello.\r
"""


def test_an_ordinary_mail() -> None:
    post = read(ORDINARY)
    assert post.authors == (Mailbox("Anna Smith", "anna@example.org"),)
    assert [box.address for box in post.recipients] == ["talk@lists.example.org", "bob@example.net", "carl@example.net"]
    assert post.recipients[2].name == "Carl, C."
    assert post.subject == "Grüße"
    assert post.date == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert post.message_id == "3@example.org"
    assert post.references == ("1@example.org", "2@example.org")
    assert post.in_reply_to == ("2@example.org",)
    assert post.text == "Hello.\n"
    assert post.findings == ()
    assert post.automatic == ""
    assert (post.first("CC"), post.first("x-none"), len(post.all("to"))) == ('"Carl, C." <carl@example.net>', "", 1)
    assert all(ORDINARY[f.start : f.end].startswith(f.name.encode()) for f in post.fields)
    assert (part_bytes(post, post.parts[0]), part_text(post, post.parts[0])) == (b"Hello.\r\n", "Hello.\n")


@pytest.mark.parametrize(
    ("raw", "findings", "body"),
    [
        (b"", ("no-header", "no-from"), b""),
        (b"\n", ("no-header", "no-from"), b""),
        (b"just words\n", ("no-header", "no-from"), b"just words\n"),
        (b"From: a@b.c\n", (), b""),
        (b"From: a@b.c\nno colon\n", ("no-separator",), b"no colon\n"),
        (b"From a@b Tue\nFrom: a@b.c\n\nx", ("mbox-line",), b"x"),
        (b"From: a@b.c\nFrom: d@e.f\n\nx", ("two-from",), b"x"),
        (b"From: a@b.c\nX: \xe4\0\n\n\0\xff", (), b"\0\xff"),
        (b"From: staff: a@b.c;\n\n", ("group-from",), b""),
        (b'From: "ceo@good.example" <x@bad.example>\n\n', ("address-in-name",), b""),
        (b"From: a@good.example <b@bad.example>\n\n", ("bad-from",), b""),
    ],
)
def test_R1_R2_whatever_comes_becomes_a_post(raw: bytes, findings: tuple[str, ...], body: bytes) -> None:
    post = read(raw)
    assert post.findings == findings
    assert post.raw[post.body_start :] == body


def test_R7_at_most_fifty_references_the_last_ones() -> None:
    ids = [f"{number}@a.example" for number in range(10_000)]
    post = read(f"References: {' '.join(f'<{one}>' for one in ids)}\nIn-Reply-To: <x@y>\n\n".encode())
    assert post.references == (*ids[-49:], "x@y")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (b"Received: by relay\r\nDKIM-Signature: x\r\n" + ORDINARY, True),
        (ORDINARY.replace(b"\r\n", b"\n") + b"\n\n", True),
        (ORDINARY.replace(b"Hello", b"Hallo"), False),
        (ORDINARY.replace(b"2026", b"2025"), False),
        (ORDINARY.replace(b"Anna", b"Anne"), False),
    ],
)
def test_the_same_post_by_another_path_has_the_same_hash(other: bytes, same: bool) -> None:
    assert (read(other).content_hash == read(ORDINARY).content_hash) is same
    assert len(read(other).content_hash) == 32
