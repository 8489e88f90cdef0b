"""Address fields, read strictly: one addr-spec or none, never a guess (standards R3-R5, RFC 5322 §3.4)."""

import pytest

from listserver.core.addrspec import Mailbox, addr_spec, addresses

NONE: list[tuple[str, str]] = []
X = "x@bad.example"


@pytest.mark.parametrize(
    ("value", "mailboxes", "signs"),
    [
        ("a@b.example", [("", "a@b.example")], ""),
        ("Anna Smith <a@b.example>, c@d.example", [("Anna Smith", "a@b.example"), ("", "c@d.example")], ""),
        ('"ceo@good.example" <x@bad.example>', [("ceo@good.example", X)], ""),
        ("a@good.example, b@bad.example", [("", "a@good.example"), ("", "b@bad.example")], ""),
        ("a@good.example <b@bad.example>", NONE, "broken"),
        ("x@bad.example <X@bad.example>", [("X@bad.example".replace("X", "x"), "X@bad.example")], ""),
        ("<a@good.example><b@bad.example>", NONE, "broken"),
        ("a@good.example(b@bad.example)", [("", "a@good.example")], ""),
        ("a@good.example (Anna \\) Smith)", [("Anna ) Smith", "a@good.example")], ""),
        ("(Anna (A. (B.)) Smith) <a@b.example> (x)", [("x", "a@b.example")], ""),
        ("a@good\0.example", NONE, "broken"),
        ('"open <a@b.example>', NONE, "broken"),
        ("a@ex ample.org", NONE, "broken"),
        ("a @b.example", NONE, "broken"),
        ("a@b.example c", NONE, "broken"),
        ("<a(c)b@d.example>", NONE, "broken"),
        ("a..b@c.example", NONE, "broken"),
        ("a@b_c..example", NONE, "broken"),
        ("<a@b.example", NONE, "broken"),
        ("a@b.example>", NONE, "broken"),
        ("<a@b.example> c", NONE, "broken"),
        ("x > <a@b.example>", NONE, "broken"),
        ("(never closed a@b.example", NONE, "broken"),
        ("=?utf-8?q?a=40good.example?= <x@bad.example>", [("a@good.example", X)], ""),
        ("=?utf-8?q?a?=@bad.example", NONE, "broken"),
        ("a=?x@bad.example", NONE, "broken"),
        ("=?utf-8?Q?Smith, Anna?= <a@b.example>", [("Smith, Anna", "a@b.example")], ""),
        ("a = b <a@b.example>", [("a = b", "a@b.example")], ""),
        ('"A \\"B\\" C" D. <a@b.example>', [('A "B" C D.', "a@b.example")], ""),
        ("Smith, Anna <a@b.example>", [("Anna", "a@b.example")], "odd"),
        ('"ceo@good.example", x@bad.example', NONE, "broken"),
        ("ceo (at) good, (x@y) z, a@b.example", NONE, "broken odd"),
        ('"a b"@c.example', [("", '"a b"@c.example')], ""),
        ("a@[192.0.2.1]", [("", "a@[192.0.2.1]")], ""),
        ("staff: a@b.example, C <c@d.example>;", [("", "a@b.example"), ("C", "c@d.example")], "group"),
        ("undisclosed-recipients:;", NONE, "group"),
        ("a@b.example: c@d.example;", NONE, "broken group"),
        ("a: b: c@d.example;", NONE, "broken group"),
        ("<@x.example,@y.example:a@b.example>", [("", "a@b.example")], ""),
        ("jörg@bücher.example", [("", "jörg@bücher.example")], ""),
        ("a@" + "b" * 400 + ".example", NONE, "broken"),
        ("a" * 330 + "@b.example", NONE, "broken"),
        ("Anna <a@b.example>,", [("Anna", "a@b.example")], ""),
        (", ,", NONE, ""),
        ("", NONE, ""),
    ],
)
def test_R4_one_addr_spec_or_none(value: str, mailboxes: list[tuple[str, str]], signs: str) -> None:
    found = addresses(value.encode())
    assert [tuple(box) for box in found.mailboxes] == mailboxes
    said = " ".join(name for name in ("broken", "group", "odd") if getattr(found, name))
    assert said == signs


def test_names_lose_their_controls_after_decoding() -> None:
    assert addresses(b"=?utf-8?q?a=0D=0ABcc:_x?= <a@b.example>").mailboxes == (Mailbox("a Bcc: x", "a@b.example"),)


def test_R5_an_addr_spec_holds_no_encoded_word() -> None:
    assert addr_spec("a@b.example") == "a@b.example"
    assert addr_spec("=?utf-8?q?a?=@b.example") == ""
