"""What a mail in a mailbox tells of its envelope."""

import pytest

from listserver.core import mailbox
from listserver.core.message import read

DOMAIN = "lists.example.org"
KNOWN = {"talk", "announce", "talk+owner"}


def _ours(address: str) -> bool:
    return address.partition("@")[0].lower() in KNOWN


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (f"To: talk@{DOMAIN}", ["talk"]),
        (f"To: Talk <Talk@Lists.Example.Org>, x@example.net\r\nCc: announce@{DOMAIN}", ["Talk", "announce"]),
        (f"To: talk@{DOMAIN}, TALK@{DOMAIN}", ["talk"]),
        (f"To: nobody@{DOMAIN}", []),
        ("To: undisclosed-recipients:;", []),
        ("Subject: nothing", []),
        # what was asked for wins over what the author wrote, and over the mailbox that it ended in
        (f"Delivered-To: talk@{DOMAIN}\r\nTo: announce@{DOMAIN}", ["talk"]),
        (f"Delivered-To: lists@{DOMAIN}\r\nX-Original-To: talk+owner@{DOMAIN}\r\nTo: talk@{DOMAIN}", ["talk+owner"]),
        (f"Delivered-To: talk@{DOMAIN}\r\nDelivered-To: announce@{DOMAIN}", ["talk"]),
        (f"Delivered-To: kim@provider.example\r\nTo: talk@{DOMAIN}", ["talk"]),
        (f"Envelope-To: talk@{DOMAIN}, announce@{DOMAIN}\r\nTo: x@example.net", ["talk", "announce"]),
        (f"Original-Recipient: rfc822;talk@{DOMAIN}\r\nTo: x@example.net", ["talk"]),
        (f"X-Original-To: broken <\r\nTo: talk@{DOMAIN}", ["talk"]),
    ],
)
def test_the_recipients_are_found_where_those_who_delivered_wrote_them(fields: str, expected: list[str]) -> None:
    found = mailbox.recipients(read(f"{fields}\r\n\r\nx\r\n".encode()), DOMAIN, _ours)
    assert [address.partition("@")[0] for address in found] == expected


def test_S7_of_ten_thousand_recipients_a_hundred_are_looked_up() -> None:
    asked: list[str] = []
    to = ", ".join(f"x{number}@{DOMAIN}" for number in range(10_000))
    mailbox.recipients(read(f"To: {to}\r\n\r\nx\r\n".encode()), DOMAIN, lambda address: bool(asked.append(address)))
    assert len(asked) == 100


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Return-Path: <a@example.net>\r\nFrom: b@example.net", "a@example.net"),
        ("Return-Path: a@example.net\r\nReturn-Path: <b@example.net>", "a@example.net"),
        ("Return-Path: <>\r\nFrom: b@example.net", ""),
        ("Return-Path: <not one>\r\nFrom: b@example.net", ""),
        ("From: b@example.net", "b@example.net"),
        ("Subject: nobody", ""),
    ],
)
def test_the_sender_is_that_of_return_path(fields: str, expected: str) -> None:
    assert mailbox.sender(read(f"{fields}\r\n\r\nx\r\n".encode())) == expected


@pytest.mark.parametrize(
    ("given", "mail"),
    [
        (b"Return-Path: <a@b>\nA: b\n\nReturn-Path: c\n", b"A: b\r\n\r\nReturn-Path: c\r\n"),
        (b"A: b\r\n\rx", b"A: b\r\n\r\nx"),
        (b"Return-Path: <a@b>\n", b""),
        (b"", b""),
    ],
)
def test_S2_line_ends_from_a_trusted_place_are_mended(given: bytes, mail: bytes) -> None:
    assert mailbox.as_received(given) == mail
