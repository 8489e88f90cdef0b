"""D3: what is left of a person in mails, theirs and others'."""

import base64

import pytest

from listserver.core import traces
from listserver.core.message import read
from listserver.core.traces import ADDRESS, NAME, Traces

ANNA = Traces(("anna@example.org", "Anna.B@uni.example"), ("Anna Müller", "Anna", "Анна Мюллер"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("anna@example.org", ADDRESS),
        ("ANNA@Example.ORG, please", f"{ADDRESS}, please"),
        ("anna%40example.org anna&#64;example.org", f"{ADDRESS} {ADDRESS}"),
        ("talk-bounces+anna=example.org@us", "talk-bounces+former-member=erased.invalid@us"),
        ("joanna@example.org, jo-anna@example.org", "joanna@example.org, jo-anna@example.org"),
        ("anna@example.org.uk", "anna@example.org.uk"),
        ("Write to anna@example.org.", f"Write to {ADDRESS}."),
        ("On 1 Mar 2026 12:00 Anna Müller <anna@example.org> wrote:", f"On 1 Mar 2026 12:00 {NAME} <{ADDRESS}> wrote:"),
        ("Am So., 1. März, Frau Dr. M <anna.b@uni.example>:", f"Am So., 1. März, {NAME} <{ADDRESS}>:"),
        ('To: "M., Anna" <anna@example.org>', f"To: {NAME} <{ADDRESS}>"),
        ("> Anna\n> Müller wrote:", f"> {NAME} wrote:"),
        ("Müller, Anna schrieb", f"{NAME} schrieb"),
        ("Anna is a common name, Johanna Müllers too", "Anna is a common name, Johanna Müllers too"),
    ],
)
def test_D3_addresses_and_full_names_are_taken_out(text: str, left: str) -> None:
    assert ANNA.taken_out(text) == left
    assert ANNA.taken_out_of_octets(text.encode()).decode() == left
    assert ANNA.in_text(text) == (left != text)


def test_D3_latin_1_too() -> None:
    assert ANNA.taken_out_of_octets("Gruß von Anna Müller".encode("latin-1")) == "Gruß von a former member".encode(
        "latin-1"
    )


def test_D3_values_are_searched_through() -> None:
    value = {"pattern": "anna@example.org", "options": ["name", 3, None]}
    assert ANNA.taken_out_of(value) == {"pattern": ADDRESS, "options": ["name", 3, None]}


OWN = b"""Received: from laptop.home (203.0.113.7) by mx\r
DKIM-Signature: d=example.org; i=anna@example.org\r
From: =?utf-8?q?Anna_M=C3=BCller?= <anna@example.org>\r
To: talk@lists.example.org\r
Subject: Ladder\r
X-Mailer: Peculiar 1.0\r
Message-ID: <1@example.org>\r
Content-Type: text/plain\r
\r
I have one.\r
--\x20\r
Anna M\xc3\xbcller, anna@example.org\r
"""


def test_D3_a_mail_of_theirs_keeps_its_words() -> None:
    left = traces.anonymous(OWN, ANNA)
    assert [field.name for field in read(left).fields] == ["From", "To", "Subject", "Message-ID", "Content-Type"]
    assert read(left).authors[0] == (NAME, ADDRESS)
    assert left.endswith(b"\r\n\r\nI have one.\r\n-- \r\na former member, former-member@erased.invalid\r\n")
    assert traces.anonymous(left, ANNA) == left


def test_D3_a_mail_that_quotes_them_loses_who_was_quoted() -> None:
    text = "Ben here.\r\nOn Sunday, Anna Müller <anna@example.org> wrote:\r\n> I have one.\r\n"
    raw = (
        b"From: Ben <ben@example.org>\r\nCc: =?utf-8?q?Anna_M=C3=BCller?= <anna@example.org>\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ) + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    left = read(traces.taken_out_of_mail(raw, ANNA))
    assert left.text.splitlines()[1] == f"On Sunday, {NAME} <{ADDRESS}> wrote:"
    assert left.recipients == ((NAME, ADDRESS),) and left.authors[0].address == "ben@example.org"


def test_D3_a_mark_tells_an_address_only_to_who_has_the_secret() -> None:
    assert traces.mark(b"s", "anna@example.org") == traces.mark(b"s", "anna@example.org")
    assert traces.mark(b"s", "anna@example.org") != traces.mark(b"t", "anna@example.org")
    assert len(traces.mark(b"s", "x")) == 40
