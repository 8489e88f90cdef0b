"""Nothing that a stranger can send makes reading raise, or take more than linear time (standards R, "reading")."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listserver.core.compose import ListFacts, Template, Unsendable, Variant, compose
from listserver.core.message import Post, part_bytes, part_text, read
from listserver.core.settings import ListSettings
from listserver.core.site import Site

SITE = Site("lists.example.org", "Lists", "a@example.org", "en", "https://x.example", b"k" * 16, signs=True)
LIST = ListFacts("talk", SITE, ListSettings(footer="Tschüß", subject_tag="[talk]", reply_to="both"))
VARIANTS = (Variant(), Variant("rewrite", eight_bit=False, utf8=False), Variant("wrap", personal=False))

PIECES = st.sampled_from(
    [
        *(b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ", b"References: ", b"Return-Path: <>\r\n"),
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b"\0", b"\xff", b"\xc3\xa4", b":", b";", b",", b"<", b">"),
        *(b'"', b"(", b")", b"\\", b"@", b"a@b.example", b"<x@y.example>", b"=?utf-8?q?=C3?=", b"=?utf-7?b?", b"?="),
        *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html\r\n", b"--b\r\n", b"--b--"),
        *(b"Content-Type: text/plain; charset=utf-16; format=flowed\r\n", b"; name*0*=utf-8''%C3", b"; name*1=x"),
        *(b"Content-Type: multipart/alternative; boundary=b\r\n", b"Content-Type: multipart/signed; boundary=b\r\n"),
        *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"=", b"=\r\n"),
        *(b"<p>", b"<!--", b"&#99999999999;", b"<a href='", b"</pre>", b"Tue, 3 Mar 2026 10:00:00 +0100", b"x" * 999),
    ]
)
MAILS = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(b"".join))


def touch_all(post: Post) -> None:
    """Ask a post for everything that is worked out late."""
    assert isinstance(post.automatic, str)
    assert len(post.content_hash) == 32
    assert "\0" not in post.text
    assert all(part_bytes(post, part) is not None and "\0" not in part_text(post, part) for part in post.parts)
    for text in (post.subject, post.message_id, *(box.name for box in post.authors)):
        assert text.encode("utf-8").decode() == text
        assert not set(text) & set("\r\n\0")
    assert all(not set(value) & set("\r\n\0") for name in post.by_name for value in post.all(name))


@given(MAILS)
@settings(max_examples=600, deadline=None)
def test_reading_never_raises(raw: bytes) -> None:
    post = read(raw)
    touch_all(post)
    assert post.raw is raw
    assert all(0 <= part.start <= part.end <= len(raw) for part in post.parts)


@given(MAILS, st.sampled_from(VARIANTS))
@settings(max_examples=400, deadline=None)
def test_whatever_was_read_can_be_sent(raw: bytes, variant: Variant) -> None:
    template = compose(read(raw), LIST, variant)
    if isinstance(template, Unsendable):
        assert not variant.eight_bit
        return
    assert isinstance(template, Template)
    sent = template.copy(b"TOKEN")
    assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")
    again = read(sent)
    assert len(again.by_name["list-id"]) == 1
    assert "no-separator" not in again.findings
    assert again.by_name["x-loop"][-1].value == b"talk.lists.example.org"


def test_every_file_of_the_collection_is_read(shared: Path) -> None:
    files = [file for file in sorted((shared / "data").rglob("*")) if file.suffix in (".eml", ".txt", ".tnef")]
    for file in files:
        raw = file.read_bytes()
        post = read(raw)
        touch_all(post)
        assert post.raw == raw
    assert len(files) > 1_000


def test_every_mail_of_the_collection_can_be_sent(shared: Path) -> None:
    for file in sorted((shared / "data" / "mime").rglob("*.eml")):
        post = read(file.read_bytes())
        for variant in VARIANTS:
            template = compose(post, LIST, variant)
            if isinstance(template, Unsendable):
                continue
            sent = template.copy(b"T")
            assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r"), file
            assert any(part.signed for part in post.parts) or max(map(len, sent.split(b"\r\n"))) <= 998, file
            assert variant.eight_bit or sent.isascii(), file
            assert len(read(sent).all("List-Id")) == 1, file


def header(name: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda n: name + b": " + unit * n + b"\r\n\r\nx"


def part(content_type: bytes, unit: bytes, encoding: bytes = b"8bit") -> Callable[[int], bytes]:
    head = b"Content-Type: " + content_type + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    return lambda n: head + unit * n


NASTY = [
    lambda n: b"A:" * n,
    lambda n: b"A: 1\r\n" * n,
    lambda n: b" " * n + b"\r\n" * n,
    lambda n: b"A:\r\n" + b" \r\n" * n,
    *(
        header(name, unit)
        for name in (b"From", b"To")
        for unit in (b"(", b'"', b"<", b"a@b,", b"\\(", b":", b"  ", b"@")
    ),
    *(header(b"From", unit) for unit in (b"=?", b"=?utf-8?q?a?=", b"a,", b"()", b"a.", b"[", b"=?x?q?", b'"" ')),
    *(
        header(b"Subject", unit)
        for unit in (b"=?", b"=?utf-8?b?w6Q=?= ", b"=?utf-8?q?", b"?=", b"\xe4", b"\0 ", b"re: ")
    ),
    *(header(b"References", unit) for unit in (b"<", b"<a@b>", b"<a ", b">")),
    *(header(b"Date", unit) for unit in (b"(", b"1 Mar ", b" ")),
    *(header(b"Content-Type", unit) for unit in (b";", b"; ", b";a=", b';a="', b";a*0*=%", b"(", b"a/", b";n*1=x")),
    *(part(b"multipart/mixed; boundary=b", unit) for unit in (b"--b\r\n", b"--bx\r\n", b"--", b"\r\n--", b"--b--\r\n")),
    part(b"multipart/mixed; boundary=b", b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"),
    *(part(b"text/plain", unit, b"base64") for unit in (b"=", b"A=", b"\r\n", b"*", b"QUFB")),
    *(part(b"text/plain", unit, b"quoted-printable") for unit in (b"=", b"=\r\n", b" ", b"=4", b"=C3")),
    *(part(b"text/plain; format=flowed", unit) for unit in (b"> \r\n", b">", b" \r\n", b"\r")),
    *(
        part(b"text/html", unit)
        for unit in (b"<", b"<a", b"<!--", b"</", b"<a href='", b"&#9", b"<script>", b"<p>", b"&")
    ),
    *(
        part(b"text/html", unit)
        for unit in (b"<blockquote>", b"<pre>\n", b"<title>", b"<script>", b"<br>", b"<!", b"<a href=http://x>")
    ),
    *(part(b"text/plain; charset=" + name, b"\xc3") for name in (b"utf-8", b"utf-7", b"gb18030", b"iso-2022-jp")),
]


def seconds(raw: bytes) -> float:
    """The best of three, so that a busy machine does not count."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        touch_all(read(raw))
        compose(read(raw), LIST, VARIANTS[1])
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_twice_as_much_takes_at_most_two_and_a_half_times_as_long(number: int) -> None:
    grow = NASTY[number]
    n = 4_000
    while (once := seconds(grow(n))) < 0.02 and n < 200_000:  # below, the clock and the caches decide
        n *= 2
    twice = min(seconds(grow(2 * n)) for _ in range(2))
    assert twice <= 2.5 * max(once, seconds(grow(n))) + 0.02, grow(1)
