"""Header edits on octets: what is not named stays, and no value begins a field of its own."""

import pytest

from listserver.core import edits
from listserver.core.addrspec import Mailbox, addresses
from listserver.core.headers import split_header, text_of

RAW = b"A: 1\r\nDKIM-Signature: a=b;\r\n\tc=d\r\nx-LOOP :\r\n y\r\nX-Loop: z\r\n\r\nX-Loop: body\r\n"


@pytest.mark.parametrize(
    ("raw", "names", "left"),
    [
        (RAW, ["X-Loop"], b"A: 1\r\nDKIM-Signature: a=b;\r\n\tc=d\r\n\r\nX-Loop: body\r\n"),
        (RAW, ["dkim-signature", "a"], b"x-LOOP :\r\n y\r\nX-Loop: z\r\n\r\nX-Loop: body\r\n"),
        (RAW, ["none"], RAW),
        (b"A: 1", ["A"], b""),
    ],
)
def test_fields_are_removed_with_their_folds(raw: bytes, names: list[str], left: bytes) -> None:
    assert edits.remove_fields(raw, names) == left


def test_A3_only_the_fields_that_claim_our_name_are_removed() -> None:
    raw = b"Authentication-Results: mx.example; spf=pass\r\nauthentication-results:\r\n other; x\r\n\r\n"
    left = edits.remove_fields(raw, ["Authentication-Results"], lambda field: field.value.startswith(b"mx.example;"))
    assert left == b"authentication-results:\r\n other; x\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "added"),
    [
        (b"A: 1\r\n\r\nx", b"A: 1\r\nB: 2\r\n\r\nx"),
        (b"A: 1", b"A: 1\r\nB: 2\r\n\r\n"),
        (b"From x\nA: 1\n\nx", b"From x\nA: 1\nB: 2\r\n\nx"),
        (b"", b"B: 2\r\n\r\n"),
        (b"\nx", b"B: 2\r\n\nx"),
    ],
)
def test_fields_are_appended(raw: bytes, added: bytes) -> None:
    assert edits.append_fields(raw, b"B: 2\r\n") == added


def test_fields_are_prepended_behind_no_mbox_line() -> None:
    assert edits.prepend_fields(b"From x\r\nA: 1\r\n\r\n", b"B: 2\r\n") == b"B: 2\r\nA: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("X-Loop", b"A: 1\r\nDKIM-Signature: a=b;\r\n\tc=d\r\nB: 2\r\n\r\nX-Loop: body\r\n"),
        ("B", RAW.replace(b"z\r\n\r\n", b"z\r\nB: 2\r\n\r\n")),
    ],
)
def test_a_field_is_replaced_and_stands_once(name: str, left: bytes) -> None:
    assert edits.replace_field(RAW, name, b"B: 2\r\n") == left


@pytest.mark.parametrize(
    ("octets", "made"),
    [(b"a\r\nb", b"a\r\nb"), (b"a\nb\rc\r\r\n", b"a\r\nb\r\nc\r\n\r\n"), (b"", b""), (b"\n\r", b"\r\n\r\n")],
)
def test_O9_no_bare_line_ends(octets: bytes, made: bytes) -> None:
    assert edits.crlf(octets) == made


@pytest.mark.parametrize("raw", [b"\n", b"a\nb\r\n", b"a\r\nb\n", b"a"])
def test_the_line_end_of_a_mail(raw: bytes) -> None:
    assert edits.line_end(raw) == (b"\n" if raw in (b"\n", b"a\nb\r\n") else b"\r\n")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "plain",
        "Grüße aus München, wo es schön ist",
        "[talk] Re: 你好世界" * 9,
        "a" * 2000,
        "x =?utf-8?q?y?= z",
        "evil\r\nBcc: everybody@example.org",
        "evil\x0b\x85\u2028Bcc: x",
        "word " * 60,
        "🙂" * 60,
    ],
)
def test_a_value_is_written_safely_and_read_back(value: str) -> None:
    written = edits.write_field("Subject", value)
    assert written.isascii() and written.endswith(b"\r\n")
    assert max(map(len, written.split(b"\r\n"))) <= edits.LINE + len("Subject: ")
    (field,), _, _ = split_header(written, 0, len(written))
    assert text_of(field.value) == " ".join(value.replace("\x0b\x85\u2028", " ").split())


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert edits.write_field("X", "\ud800") == b"X: =?utf-8?b?Pw==?=\r\n"


@pytest.mark.parametrize("name", ["", "X\r\nBcc", "X:", "X Y", "ä"])
def test_a_name_that_is_none_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="no field name"):
        edits.write_field(name, "x")


@pytest.mark.parametrize(
    "name", ["", "Anna", 'Smith, "A" \\ B.', "Änne =?x?=", "a\r\nBcc: x", "ceo@good.example", "名" * 60]
)
def test_a_name_is_quoted_or_encoded(name: str) -> None:
    boxes = [Mailbox(" ".join(name.split()), "a@b.example")] * 2
    written = edits.write_addresses("To", boxes)
    (field,), _, _ = split_header(written, 0, len(written))
    assert list(addresses(field.value).mailboxes) == boxes
