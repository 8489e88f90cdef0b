"""What visitors see instead of addresses."""

import pytest

from listserver.core.masked_mail import masked_file, masked_mail
from listserver.core.masking import author, masked, masked_octets
from listserver.core.message import read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to marit@example.org.", "write to marit@…."),
        ("https://x.example/?to=marit%40example.org", "https://x.example/?to=marit%40…"),
        ("marit&#64;example.org", "marit&#64;…"),
        ("<m.s+tag@mail.example.co.uk>", "<m.s+tag@…>"),
        ('"a b"@example.org', '"a b"@…'),
        ("jürgen@bücher.example", "jürgen@…"),
        ("root@[192.0.2.1]", "root@[192.0.2.1]".replace("[192.0.2.1]", "…")),
        ("@decorator.name", "@decorator.name"),
        ("at 5 @ 3.50", "at 5 @ 3.50"),
        ("x@localhost", "x@localhost"),
    ],
)
def test_W8_the_domain_of_an_address_is_not_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_W8_in_bytes_of_a_mail_too() -> None:
    raw = b"From: Marit <marit@example.org>\nX: a=40example.org b%40example.org\n"
    assert masked_octets(raw) == b"From: Marit <marit@...>\nX: a=40... b%40...\n"


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("Marit", "marit@example.org", "Marit"),
        ("", "marit@example.org", "m…@"),
        ("marit@example.org", "marit@example.org", "marit@…"),
        ("", "", "Somebody"),
    ],
)
def test_an_author_is_called_by_name(name: str, address: str, shown: str) -> None:
    assert author(name, address) == shown


def test_W8_encoded_parts_are_opened_masked_and_encoded_again() -> None:
    raw = (
        b"From: =?utf-8?B?a2ltQGV4YW1wbGUub3Jn?= =?utf-8?Q?_plain?= <k@example.org>\nX: =?utf-8?Q?caf=C3=A9?=\n"
        b'Content-Type: multipart/mixed; boundary="q"\n\n'
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nask kim@exam=\nple.org\n"
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\na2ltQGV4YW1wbGUub3Jn\n"
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n"
        b"--q\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\naABpAA==\n"
        b"--q\nContent-Type: text/plain\n\nplain kim@example.org\n"
        b"--q\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0K\n--q--\n"
    )
    post = read(raw)
    shown = masked_mail(post)
    assert b"kim@... plain" in shown.replace("…".encode(), b"...")
    assert b"=?utf-8?Q?caf=C3=A9?=" in shown
    for hidden in (b"a2ltQGV4", b"exam=", b"example", b"aABpAA"):
        assert hidden not in shown
    assert b"aGVsbG8=" in shown
    assert b"iVBORw0K" in shown
    assert masked_file(post, post.parts[-1]) == b"\x89PNG\r\n"
    assert masked_file(post, post.parts[-2]).strip() == b"plain kim@..."
