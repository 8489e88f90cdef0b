# ruff: noqa: E501 (one case a line)
"""DKIM and ARC: what we sign is verified by us; then each way in which it must fail. Other verifiers: tests/interop."""

import base64
import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from listserver.core import arc, canon, dkim, signing
from listserver.core.envelope import AuthResult
from listserver.core.lookup import FAILED, Answer, Found, Question, run
from listserver.core.signing import Key

NOW = 1_700_000_000


KEYS = {
    "ed25519": Key("lists.example", "ed25519", ed25519.Ed25519PrivateKey.generate()),
    "rsa": Key("lists.example", "rsa", rsa.generate_private_key(65537, 1024)),  # short, to be quick
}


def key(kind: str = "ed25519") -> Key:
    return KEYS[kind]


BODY = b"Hello  all,\r\n\r\nsee you \r\n\r\n\r\n"
HEADER = (
    b"From: Anna <anna@example.org>\r\nTo: talk@lists.example\r\nSubject: a \r\n  folded  one\r\n"
    b"List-Unsubscribe: <https://lists.example/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Received: by x\r\nX-Other: 1\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
)


def signed(*keys: Key, header: bytes = HEADER, body: bytes = BODY) -> bytes:
    return signing.sign(header, signing.body_hash(body), keys or (key(),), NOW) + header + b"\r\n" + body


def ask(question: Question, records: dict[str, str] | None = None) -> Answer:
    known = records if records is not None else {k.name: k.record for k in (key(), key("rsa"))}
    text = known.get(question.name)
    if text == "FAILED":
        return FAILED
    return Answer(Found.YES, (text,)) if text is not None else Answer(Found.NO_NAME)


def check(raw: bytes, records: dict[str, str] | None = None) -> list[tuple[AuthResult, str]]:
    return [(v.result, v.reason) for v in run(dkim.check(raw, NOW), lambda q: ask(q, records))]


PASS = (AuthResult.PASS, "")


def test_A8_both_kinds_of_keys_verify() -> None:
    assert check(signed(key("rsa"), key("ed25519"))) == [PASS, PASS]
    assert check(signed().replace(b"\r\n", b"\n")) == [PASS]


def test_A8_what_is_covered() -> None:
    raw = signed()
    for line in (
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"List-Unsubscribe: ",
        b"List-Unsubscribe-Post: ",
        b"MIME-Version: ",
        b"Content-Type: ",
    ):
        assert check(raw.replace(b"\r\n" + line, b"\r\n" + line + b"x")) == [
            (AuthResult.FAIL, "the signed header fields were changed")
        ]
    for line in (b"Received: ", b"X-Other: "):
        assert check(raw.replace(b"\r\n" + line, b"\r\n" + line + b"x")) == [PASS]
    lines = signing.sign(HEADER, signing.body_hash(BODY), (key(),), NOW).split(b"\r\n")
    assert all(len(line) <= 78 for line in lines)


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Date", "Reply-To"])
def test_A8_oversigned_fields_cannot_be_added(name: str) -> None:
    assert check(f"{name}: x\r\n".encode() + signed()) == [(AuthResult.FAIL, "the signed header fields were changed")]


def test_relaxed_forgives_spaces_and_nothing_else() -> None:
    raw = signed()
    assert check(raw.replace(b"Subject: a \r\n  folded  one", b"SUBJECT :a folded one ")) == [PASS]
    assert check(raw.replace(b"Hello  all,", b"Hello all,   ")) == [PASS]
    assert check(raw + b"\r\n\r\n") == [PASS]
    assert check(raw.replace(b"see", b"saw")) == [(AuthResult.FAIL, "the body was changed")]
    assert check(signed(body=b"")) == [PASS]


def _field(raw: bytes, *changes: tuple[str, str]) -> bytes:
    text = raw.decode()
    for old, new in changes:
        assert re.search(old, text)
        text = re.sub(old, new, text, count=1)
    return text.encode()


@pytest.mark.parametrize(
    ("change", "result", "reason"),
    [
        (("v=1", "v=2"), AuthResult.PERMERROR, "v= is not 1"),
        (("v=1;", "v=1;;"), AuthResult.PERMERROR, "tag '' is not possible here"),
        (("v=1;", "v=1; v=1;"), AuthResult.PERMERROR, "tag 'v' is not possible here"),
        (("v=1;", "v=1; x;"), AuthResult.PERMERROR, "tag 'x' is not possible here"),
        (("s=ed25519;", ""), AuthResult.PERMERROR, "no s="),
        (("c=relaxed/relaxed", "c=relaxed/odd"), AuthResult.PERMERROR, "unknown c="),
        (("c=relaxed/relaxed", "c=odd"), AuthResult.PERMERROR, "unknown c="),
        (("h=[^;]*;", "h=to:cc;"), AuthResult.PERMERROR, "h= does not cover From"),
        (("v=1;", "v=1; i=x@other.example;"), AuthResult.PERMERROR, "i= is not of d="),
        (("v=1;", "v=1; q=odd;"), AuthResult.PERMERROR, "unknown q="),
        (("v=1;", "v=1; x=1;"), AuthResult.PERMERROR, "x= is before t="),
        (("t=[0-9]*;", "x=1;"), AuthResult.FAIL, "expired"),
        (("t=[0-9]*;", "t=soon;"), AuthResult.PERMERROR, "t= is no number"),
        (("a=ed25519-sha256", "a=rsa-sha1"), AuthResult.NEUTRAL, "rsa-sha1 proves nothing any more"),
        (("a=ed25519-sha256", "a=odd"), AuthResult.PERMERROR, "unknown a="),
        (("a=ed25519-sha256", "a=rsa-sha256"), AuthResult.PERMERROR, "the key is of another kind than the signature"),
        (("bh=", "bh=!"), AuthResult.PERMERROR, "bad base64"),
        (("v=1;", "v=1; l=5;"), AuthResult.NEUTRAL, "l= leaves a part of the body unsigned"),
        (("v=1;", "v=1; l=5000;"), AuthResult.PERMERROR, "l= is longer than the body"),
        (("d=lists.example", "d=unknown.example"), AuthResult.PERMERROR, "no key in the DNS"),
    ],
)
def test_A2_signatures_that_are_not_as_they_must_be(change: tuple[str, str], result: AuthResult, reason: str) -> None:
    assert check(_field(signed(), change)) == [(result, reason)]


def test_A2_length_of_the_whole_body_is_allowed() -> None:
    signature = dkim.parse(b"x", b"v=1; a=rsa-sha256; d=x.example; s=s; h=from; b=AA==; bh=AA==; l=6; c=simple")
    assert dkim.body_hash(b"four\r\n\r\n", signature.body_form, signature.length)
    assert (signature.header_form, signature.body_form) == ("simple", "simple")


def test_simple_forms() -> None:
    header = b"From: Anna  <anna@example.org>\r\n"
    head = b"DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=lists.example; s=ed25519;\r\n h=From; bh="
    hashed = base64.b64encode(dkim.body_hash(BODY, "simple"))
    value = key().sign(header + head + hashed + b"; b=")
    raw = head + hashed + b"; b=" + base64.b64encode(value) + b"\r\n" + header + b"\r\n" + BODY
    assert check(raw) == [PASS]
    assert check(raw.replace(b"Anna  <", b"Anna <")) == [(AuthResult.FAIL, "the signed header fields were changed")]


def test_A2_five_signatures_are_tried() -> None:
    assert len(check(signed(*[key()] * 7))) == 5


@pytest.mark.parametrize(
    ("record", "result", "reason"),
    [
        ("FAILED", AuthResult.TEMPERROR, "no answer from the DNS"),
        ("v=DKIM2; p=AA", AuthResult.PERMERROR, "the key is of an unknown version"),
        ("k=ed25519; v=DKIM1; p=AA", AuthResult.PERMERROR, "the key is of an unknown version"),
        ("h=sha1; p=AA", AuthResult.PERMERROR, "the key is not for SHA-256"),
        ("s=other; p=AA", AuthResult.PERMERROR, "the key is not for mail"),
        ("v=DKIM1", AuthResult.PERMERROR, "the record holds no key"),
        ("v=DKIM1; p=", AuthResult.PERMERROR, "the key is revoked"),
        ("v=DKIM1; ; k=ed25519; p=AAAA", AuthResult.PERMERROR, "the key cannot be read"),
    ],
)
def test_A2_keys_that_are_not_as_they_must_be(record: str, result: AuthResult, reason: str) -> None:
    assert check(signed(), {key().name: record}) == [(result, reason)]


def test_A2_rsa_keys_that_are_not_as_they_must_be() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = base64.b64encode(curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    raw, name = signed(key("rsa")), key("rsa").name
    assert check(raw, {name: "p=AAAA"}) == [(AuthResult.PERMERROR, "the key cannot be read")]
    assert check(raw, {name: f"p={other}"}) == [(AuthResult.PERMERROR, "the key is no RSA key")]
    small = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALMp3mFUk3O2dJ8M5TqUoMHlvNYMyHVVsFqPRTp2r1iE3p8UPyUj8hj0C1Cm0jJvRr0kS8Zb2s1R5mZ4bq0dKcECAwEAAQ=="
    assert check(raw, {name: f"p={small}"}) == [(AuthResult.NEUTRAL, "an RSA key of 512 bits proves nothing")]


def test_key_for_the_domain_alone() -> None:
    raw = _field(signed(), ("v=1;", "v=1; i=a@sub.lists.example;"))
    assert check(raw, {key().name: key().record + "; t=s"}) == [(AuthResult.PERMERROR, "the key is not for subdomains")]


def test_I1_domains_in_unicode_are_asked_as_a_labels() -> None:
    asked: list[str] = []

    def answer(question: Question) -> Answer:
        asked.append(question.name)
        return Answer(Found.NO_NAME)

    run(dkim.check(_field(signed(), ("d=lists.example", "d=straße.example")), NOW), answer)
    assert asked == ["ed25519._domainkey.xn--strae-oqa.example"]


def test_keys_from_files() -> None:
    private = key("rsa").private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert signing.load_key("lists.example", "rsa", private).record == key("rsa").record
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="neither"):
        signing.load_key("lists.example", "x", curve)


# --- ARC ------------------------------------------------------------------------------------------------------------

NAMES = ("from", "to", "subject")


def sealed(raw: bytes, chain: str = "none", names: tuple[str, ...] = NAMES) -> bytes:
    what = signing.Seal("lists.example", chain, "dmarc=pass header.from=example.org", names)
    return signing.seal(raw, key("rsa"), what, NOW) + raw


def chain(raw: bytes, records: dict[str, str] | None = None) -> tuple[AuthResult, str]:
    found = run(arc.check(raw, NOW), lambda q: ask(q, records))
    return found.result, found.reason


MAIL = HEADER + b"\r\n" + BODY


def test_A10_chains_of_seals() -> None:
    assert chain(MAIL) == (AuthResult.NONE, "")
    one = sealed(MAIL)
    two = sealed(b"X-Hop: 2\r\n" + one, "pass")
    found = run(arc.check(two, NOW), ask)
    assert (found.result, found.sealers) == (AuthResult.PASS, ("lists.example", "lists.example"))
    assert found.results == "lists.example; dmarc=pass header.from=example.org"
    assert chain(two.replace(b"see", b"saw")) == (AuthResult.FAIL, "the body was changed")
    assert chain(two.replace(b"From: Anna", b"From: Eve")) == (
        AuthResult.FAIL,
        "the newest ARC-Message-Signature does not verify",
    )
    assert chain(two.replace(b"i=1; lists.example; dmarc=pass", b"i=1; lists.example; dmarc=fail")) == (
        AuthResult.FAIL,
        "an ARC-Seal does not verify",
    )


def test_A10_chains_that_are_not_whole() -> None:
    one = sealed(MAIL)
    assert chain(one[one.index(b"ARC-Message") :]) == (AuthResult.FAIL, "an ARC set is not whole")
    assert chain(one[: one.index(b"ARC-Message")] + one) == (
        AuthResult.FAIL,
        "an ARC field without a number of its own",
    )
    assert chain(b"ARC-Seal: x\r\n" + one) == (AuthResult.FAIL, "an ARC field without a number of its own")
    assert chain(_field(one, ("cv=none", "cv=pass"))) == (AuthResult.FAIL, "cv= says that the chain was broken before")
    assert chain(_field(one, ("cv=none", "cv=none; h=from"))) == (AuthResult.FAIL, "an ARC-Seal has no h=")
    assert chain(one, {key("rsa").name: "FAILED"}) == (AuthResult.TEMPERROR, "no answer from the DNS")
    assert chain(sealed(MAIL, names=("from", "arc-seal"))) == (
        AuthResult.FAIL,
        "ARC-Seal must not be signed by ARC-Message-Signature",
    )


def test_A10_a_broken_chain_is_closed_once() -> None:
    broken = sealed(sealed(MAIL), "fail")
    assert chain(broken) == (AuthResult.FAIL, "cv= says that the chain was broken before")
    assert sealed(broken, "fail") == broken
    full = b"ARC-Seal: i=50\r\n" + MAIL
    assert sealed(full, "fail") == full


def test_A10_one_seal_for_all_copies_of_a_post() -> None:
    signed = signing.sign(HEADER, signing.body_hash(BODY), (key("ed25519"),), NOW)  # the author's
    head = (signed + HEADER + b"List-Unsubscribe: <https://lists.example/u/", b">\r\nList-Id: <talk.lists.example>\r\n")
    body = b"\r\n" + BODY
    top = signing.sealed(head, body, key("rsa"), signing.Seal("lists.example", "none", "arc=none"), NOW)
    mould = replace(signing.mould(head, signing.body_hash(BODY), (key("rsa"),), NOW), seal=top)
    one, two = (mould.header(token) + body for token in (b"one", b"two"))
    assert one.startswith(top + b"DKIM-Signature:")
    assert (chain(one), chain(two)) == ((AuthResult.PASS, ""), (AuthResult.PASS, ""))
    for old in (b"talk.lists", b"ed25519-sha256", b"Subject: "):  # the list's fields and the author's signature as well
        broken = one.replace(old, b"x" + old)
        assert chain(broken)[0] is AuthResult.FAIL, old


def test_canonical_forms_of_nothing() -> None:
    assert canon.body_simple(b"") == canon.body_simple(b"\r\n\r\n") == b"\r\n"
    assert canon.body_relaxed(b"") == canon.body_relaxed(b" \t\r\n") == b""
    assert canon.body_relaxed(b"a  b \t") == b"a b\r\n"
