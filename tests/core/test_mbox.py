"""Mbox files of several habits, split into the mails that are in them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core import mbox
from listserver.core.mbox import Entry

A = b"From a@x Sun Jan  1 18:29:54 2006\n"
B = b"From b at x  Mon Jan 12 08:00:00 CET 2026\n"


def split(text: bytes, *, unquote: bool = False) -> list[Entry]:
    return list(mbox.split(text.splitlines(keepends=True), unquote))


@pytest.mark.parametrize(
    ("text", "mails"),
    [
        (
            A + b"Subject: 1\n\nbody\n\n" + B + b"Subject: 2\n\nbody\n",
            [b"Subject: 1\n\nbody\n", b"Subject: 2\n\nbody\n"],
        ),
        (b"\n\n" + A + b"Subject: 1\n\n\n\n" + A + b"S: 2\n", [b"Subject: 1\n\n\n", b"S: 2\n"]),
        (A + b"S: 1\n\nFrom what I know of 2006\nFrom me\n", [b"S: 1\n\nFrom what I know of 2006\nFrom me\n"]),
        (A + b"S: 1\n\n" + B + b"No header field\n", [b"S: 1\n\n" + B + b"No header field\n"]),
        (A + b"S: 1\n\nbody\n" + B + b"S: 2\n", [b"S: 1\n\nbody\n" + B + b"S: 2\n"]),  # no empty line before it
        (A + b"S: 1\n\nbody\n\n" + B, [b"S: 1\n\nbody\n\n" + B]),
        (b"From - \nS: 1\n\nx\n\nFrom - \nS: 2\n", [b"S: 1\n\nx\n", b"S: 2\n"]),
        ((A + b"S: 1\n\nx\n\n" + B + b"S: 2\n").replace(b"\n", b"\r\n"), [b"S: 1\r\n\r\nx\r\n", b"S: 2\r\n"]),
        (A + b">From c@x Mon Jan 12\nS: 1\n", [b">From c@x Mon Jan 12\nS: 1\n"]),
        (b"Subject: not an mbox\n\nbody\n", []),
        (b"", []),
    ],
)
def test_what_parts_two_mails(text: bytes, mails: list[bytes]) -> None:
    assert [entry.raw for entry in split(text)] == mails


def test_separators_tell_when_a_mail_came() -> None:
    entries = split(A + b"S: 1\n\n" + B + b"S: 2\n\nFrom - \nS: 3\n\nFrom x (12:00) 2026\nS: 4\n")
    cet = datetime(2026, 1, 12, 7, tzinfo=UTC)
    assert [entry.at for entry in entries] == [datetime(2006, 1, 1, 18, 29, 54, tzinfo=UTC), cet, None, None]


def test_quoting_is_undone_where_the_file_quotes() -> None:
    text = A + b"S: 1\n\n>From me\n>>From you\n> From us\n"
    assert mbox.quotes(text)
    assert split(text, unquote=True)[0].raw == b"S: 1\n\nFrom me\n>From you\n> From us\n"
    assert split(text)[0].raw == b"S: 1\n\n>From me\n>>From you\n> From us\n"
    assert not mbox.quotes(A + b"S: 1\n\n>From me\nFrom you\n")


@pytest.mark.parametrize(("head", "is_mbox"), [(A, True), (b"\n" + A, True), (b"From: a@x\n", False), (b"", False)])
def test_an_mbox_is_known_by_its_beginning(head: bytes, is_mbox: bool) -> None:
    assert mbox.is_mbox(head) is is_mbox


lines = st.sampled_from([b"", b"From me", b">From me", A.rstrip(), b"S: x", b"text", b">>From a"])


@given(st.lists(st.lists(lines, max_size=8).map(lambda body: b"S: 1\n\n" + b"\n".join(body) + b"\n"), max_size=4))
def test_what_was_quoted_comes_back_as_it_was(mails: list[bytes]) -> None:
    text = b"".join(A + mbox.quote(mail) for mail in mails)
    assert [entry.raw for entry in split(text, unquote=True)] == mails


def test_line_ends_of_the_net_become_those_of_files() -> None:
    assert mbox.quote(b"S: 1\r\n\r\nFrom me") == b"S: 1\n\n>From me\n\n"
