"""What visitors see instead of addresses."""

import pytest

from listserver.core.masking import author, masked, masked_octets


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
