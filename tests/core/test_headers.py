"""Fields and what their values mean (standards R1, R6, R9-R11; RFC 5322, 2047, 2231)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from listserver.core import headers
from listserver.core.charsets import codec_of, decode, decode_undeclared


@pytest.mark.parametrize(
    ("raw", "fields", "body", "separated"),
    [
        (b"", [], b"", True),
        (b"A: 1\r\nB : 2\r\n\r\nbody", [("A", b"1"), ("B", b"2")], b"body", True),
        (b"A: 1\n\t2 \n 3\n\nbody", [("A", b"1 2 3")], b"body", True),
        (b"A:\n 1\n \nB:2", [("A", b"1"), ("B", b"2")], b"", True),
        (b"A: 1\nno field\n", [("A", b"1")], b"no field\n", False),
        (b" folded\nA: 1\n", [], b" folded\nA: 1\n", False),
        (b"\xe4: 1\n", [], b"\xe4: 1\n", False),
        (b"A: 1\r\r\n\r\r\nx", [("A", b"1")], b"x", True),
    ],
)
def test_R1_a_header_is_a_run_of_fields(
    raw: bytes, fields: list[tuple[str, bytes]], body: bytes, separated: bool
) -> None:
    found, start, blank = headers.split_header(raw, 0, len(raw))
    assert [(field.name, field.value) for field in found] == fields
    assert (raw[start:], blank) == (body, separated)


def test_a_header_without_end_is_cut_where_memory_would_suffer() -> None:
    raw = b"A:\n" * (headers.MAX_FIELDS + 1)
    found, start, separated = headers.split_header(raw, 0, len(raw))
    assert (len(found), raw[start:], separated) == (headers.MAX_FIELDS, b"A:\n", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?q?a_=C3=A4?=", "a ä"),
        (b"=?UTF-8*de?B?w6Q=?= x", "ä x"),
        (b"=?utf-8?b?w6?= =?utf-8?b?QA?=", "Ã@"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        (b"=?utf-8?q?=C3=A4?= =?latin1?q?=E4?=", "ää"),
        (b"a =?utf-8?q?b?= c =?utf-8?q?d?= e", "a b c d e"),
        (b"=?x-none?q?=E4?=", "ä"),
        (b"=?zlib?b?eJxLBAAAYgBi?=", "xœK b b"),
        (b"=?iso-8859-1?q?caf\xe9?=", "café"),
        (b"=?utf-8?x?a?= =?utf-8?q", "=?utf-8?x?a?= =?utf-8?q"),
        (b"a=?utf-8?q?=0D=0ABcc:=00?=b", "a Bcc: b"),
        ("Grüße".encode(), "Grüße"),
        (b"caf\xe9", "café"),
        (b"a\tb\0c\x7f", "a b c"),
    ],
)
def test_R11_encoded_words(value: bytes, text: str) -> None:
    assert headers.text_of(value) == text


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"abc", "", "abc"),
        (b"\xe4", "ISO-8859-1", "ä"),
        (b"\x93x\x94", "iso-8859-1", "“x”"),
        ("ä".encode(), "us-ascii", "ä"),
        (b"\xe4", "utf-8", "ä"),
        ("ääää".encode() + b"\xc3", "utf-8", "ääää\ufffd"),
        (b"\x81", "x-unheard-of", "\ufffd"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
        ("日本".encode("iso2022_jp"), "ISO-2022-JP", "日本"),
        (b"+AOQ-", "utf-7", "ä"),
        (b"+2AA-", "utf-7", "\ufffd"),
        (b"x", "zlib", "x"),
        (b"\\n", "unicode_escape", "\\n"),
        (b"eA==", "base64", "eA=="),
    ],
)
def test_R9_declared_then_utf_8_then_windows(octets: bytes, charset: str, text: str) -> None:
    assert decode(octets, charset) == text


def test_R9_no_name_reaches_the_codec_registry() -> None:
    assert {codec_of(name) for name in ("zlib", "rot13", "idna", "undefined", "os.path", "a" * 9999, "\0")} == {""}
    assert codec_of("x" * 60 + "utf-8") == ""
    assert decode_undeclared(b"a") == "a"


@pytest.mark.parametrize(
    ("data", "octets"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\n bG8", b"hello"),
        (b"aGVs*bG8=!", b"hello"),
        (b"aGVsbG8=aGVsbG8=", b"hellohello"),
        (b"aGVsb", b"hel"),
        (b"====", b""),
        (b"", b""),
    ],
)
def test_R10_broken_base64_gives_what_can_be_read(data: bytes, octets: bytes) -> None:
    assert headers.base64_octets(data) == octets


@pytest.mark.parametrize(
    ("value", "word", "params"),
    [
        (b"Text/Plain", "text/plain", {}),
        (b"text / plain (a comment); charset = utf-8 (x)", "text/plain", {"charset": "utf-8"}),
        (b'a/b; name="x \\" y"; NAME=z', "a/b", {"name": 'x " y'}),
        (b'a/b; name="=?utf-8?q?=C3=A4?="', "a/b", {"name": "ä"}),
        (b"a/b; n*=utf-8'de'%C3%A4%zz", "a/b", {"n": "ä%zz"}),
        (b"a/b; n*1*=%A4; n*0*=utf-8''%C3; n*2=x; n=plain", "a/b", {"n": "äx"}),
        (b"a/b; n*0*=x-none''%C3%A4; m*0=%41", "a/b", {"n": "ä", "m": "%41"}),
        (b"a/b; n*x=1; *=2; n*99999=3; n*=\xc3\xa4", "a/b", {"n": "ä"}),
        (b'a/b; x="open', "a/b", {"x": "open"}),
        (b";;; =x; a", "", {}),
        (b"a/b" + b"; x=1" * 300 + b"; y=2", "a/b", {"x": "1"}),
    ],
)
def test_R11_parameters(value: bytes, word: str, params: dict[str, str]) -> None:
    assert headers.parameters(value) == (word, params)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<a@b> <c@d>", ["a@b", "c@d"]),
        (b"<a@\tb> text <x>", ["a@b", "x"]),
        (b"<Anna Smith> wrote <a@b>", ["a@b"]),
        (b"<> < > <" + b"x" * 999 + b">", []),
        (b"none", []),
        ("<ä@b>".encode(), ["ä@b"]),
    ],
)
def test_R7_ids(value: bytes, found: list[str]) -> None:
    assert headers.ids(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<a@b>", "a@b"),
        (b"a@b", "a@b"),
        (b"<a@b", "a@b"),
        (b"two words", ""),
        (b"", ""),
        (b"x" * 999, ""),
    ],
)
def test_R6_message_id(value: bytes, found: str) -> None:
    assert headers.message_id(value) == found


def zoned(*parts: int, minutes: int = 0) -> datetime:
    return datetime(*parts, tzinfo=timezone(timedelta(minutes=minutes)))  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (b"Tue, 3 Mar 2026 10:00:01 +0130", zoned(2026, 3, 3, 10, 0, 1, minutes=90)),
        (b"3 mar 26 10:00 EST", zoned(2026, 3, 3, 10, minutes=-300)),
        (b"3-March-1997 10.00.60 -0330 (x (y) z)", zoned(1997, 3, 3, 10, 0, 59, minutes=-210)),
        (b"3 Mar 103 10:00 XYZ", zoned(2003, 3, 3, 10)),
        (b"Tue Mar  3 10:00:00 2026", zoned(2026, 3, 3, 10)),
        (b"Tue Mar  3 10:00:00 +0100 2026", zoned(2026, 3, 3, 10, minutes=60)),
        (b"Tue Mar  3 10:00:00 EST 1999", zoned(1999, 3, 3, 10, minutes=-300)),
        (b"3 Mar 2026 10:00 +9999", None),
        (b"31 Feb 2026 10:00", None),
        (b"3 Xyz 2026 10:00", None),
        (b"3 Mar 1969 10:00", None),
        (b"3 Mar 9999 10:00", None),
        (b"\xff((((", None),
        (b"", None),
    ],
)
def test_R6_dates(value: bytes, moment: datetime | None) -> None:
    assert headers.date_of(value) == moment


def test_utc() -> None:
    assert headers.date_of(b"3 Mar 2026 10:00 GMT") == datetime(2026, 3, 3, 10, tzinfo=UTC)
