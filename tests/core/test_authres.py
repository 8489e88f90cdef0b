# ruff: noqa: E501 (one case a line)
"""Authentication-Results: what is read, and what is believed."""

import pytest

from listserver.core import authres
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy
from listserver.core.message import read


def _mail(*fields: str, author: str = "Anna <anna@example.org>") -> bytes:
    return "".join(f"{f}\r\n" for f in (*fields, f"From: {author}", "", "hello")).encode()


@pytest.mark.parametrize(
    ("value", "authserv_id", "version", "methods"),
    [
        ("mx.example 1; spf=pass smtp.mailfrom=a@b", "mx.example", "1", [("spf", "pass")]),
        ("MX.Example; none", "mx.example", "", []),
        ("mx.example (comment (nested \\) )) ; dkim/1=fail reason=\"bad \\\" x\"", "mx.example", "", [("dkim", "fail")]),
        ('"mx.example"; dkim=pass', "mx.example", "", [("dkim", "pass")]),
        ("spf=none (sender IP is ) smtp.mailfrom=a.example;mx.example; dmarc=none action=none;", "", "", [("spf", "none"), ("dmarc", "none")]),
        ("mx.example; dkim=pass header.b=abc==; = ; x =", "mx.example", "", [("dkim", "pass")]),
        ("mx.example ) ; ) dkim=pass", "mx.example", "", [("dkim", "pass")]),
        ("mx.example; well dkim = pass and = = x", "mx.example", "", [("dkim", "pass")]),
        ("mx.example; dkim=pass (never closed; spf=pass", "mx.example", "", [("dkim", "pass")]),
        ('mx.example; dkim=pass reason="never closed; spf=pass', "mx.example", "", [("dkim", "pass")]),
        ('mx.example; dkim=pass reason="ends in \\', "mx.example", "", [("dkim", "pass")]),
    ],
)  # fmt: skip
def test_A3_read(value: str, authserv_id: str, version: str, methods: list[tuple[str, str]]) -> None:
    parsed = authres.parse(value)
    assert parsed is not None
    assert (parsed.authserv_id, parsed.version) == (authserv_id, version)
    assert [(r.method, r.result) for r in parsed.results] == methods


def test_A3_nothing_to_read() -> None:
    assert authres.parse("") is None
    assert authres.parse(";;") is None


def test_parts_of_a_result() -> None:
    parsed = authres.parse(
        'x; dkim/2=fail reason="was \\"b\\"" (why) header.d=a.example reason=again action=none header.b=ab=='
    )
    assert parsed is not None
    (result,) = parsed.results
    assert (result.version, result.reason, result.comment) == ("2", 'was "b"', "why")
    assert result.properties == (
        ("header", "d", "a.example"),
        ("", "reason", "again"),
        ("", "action", "none"),
        ("header", "b", "ab=="),
    )
    assert result.get("header.i", "header.d") == "a.example"
    assert result.get("action") == "none"
    assert result.get("smtp.helo") == ""


@pytest.mark.parametrize(
    "claim",
    [
        "Authentication-Results: mx.us.example; dkim=pass",
        "AUTHENTICATION-results : (x) MX.us.EXAMPLE 1; dkim=pass",
        "Authentication-Results:\r\n\tmx.us.example;\r\n dkim=pass",
        'authentication-results: "mx.us.example"; dkim=pass',
    ],
)
def test_A3_forged_fields_are_found_and_taken_out(claim: str) -> None:
    other = "Authentication-Results: mx.other.example; dkim=fail"
    raw = _mail("Received: x", claim, other)
    post = read(raw)
    found = authres.claims(post, "mx.us.example")
    assert len(found) == 1
    assert authres.without(raw, found) == _mail("Received: x", other)


def test_A3_inside_an_attached_mail_is_ignored() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\nAuthentication-Results: mx.us.example; dmarc=pass\r\nFrom: x@y.example\r\n\r\n"
    assert authres.claims(read(raw), "mx.us.example") == ()


US = "mx.us.example"


def test_A3_believed_from_ours_the_topmost_decides() -> None:
    raw = _mail(
        f"Authentication-Results: {US}; dkim=fail header.d=x.example; dkim=pass header.i=@Example.org",
        f"Authentication-Results: {US}; dmarc=pass (p=REJECT dis=none) header.from=example.org; dkim=pass header.d=forged.example; spf=hardfail smtp.mailfrom=b@B.example",
        "Authentication-Results: other.example; dmarc=fail",
        f"Authentication-Results: {US}; none",
    )  # fmt: skip
    found = authres.believed(read(raw), US)
    assert found is not None
    assert found.source == US
    assert found.dkim == (("x.example", AuthResult.FAIL), ("example.org", AuthResult.PASS))
    assert (found.spf, found.spf_domain) == (AuthResult.FAIL, "b.example")
    assert (found.dmarc, found.dmarc_policy) == (AuthResult.PASS, DmarcPolicy.REJECT)
    assert found.proved == "anna@example.org"


def test_A3_none_of_ours() -> None:
    assert authres.believed(read(_mail("Authentication-Results: other.example; dmarc=pass")), US) is None
    assert authres.believed(read(_mail(f"Authentication-Results: {US}; none")), US) is None


@pytest.mark.parametrize(
    ("author", "results", "proved"),
    [
        ("a@example.org", "dmarc=pass header.from=example.org", "a@example.org"),
        ("a@Example.org", "dmarc=pass", "a@Example.org"),
        ("a@example.org", "dmarc=pass header.from=other.example", ""),
        ("a@example.org", "dmarc=fail header.from=example.org", ""),
        ("a@example.org, b@example.org", "dmarc=pass header.from=example.org", ""),
        ("nobody", "dmarc=pass", ""),
    ],
)
def test_A11_the_exact_address_is_proved(author: str, results: str, proved: str) -> None:
    found = authres.believed(read(_mail(f"Authentication-Results: {US}; {results}", author=author)), US)
    assert found is not None
    assert found.proved == proved


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ("dmarc=fail (p=none sp=reject)", DmarcPolicy.NONE),
        ("dmarc=fail action=oreject", DmarcPolicy.REJECT),
        ("dmarc=fail policy.published-domain-policy=quarantine", DmarcPolicy.QUARANTINE),
        ("dmarc=fail", DmarcPolicy.ABSENT),
    ],
)
def test_policy_as_others_tell_it(said: str, policy: DmarcPolicy) -> None:
    found = authres.believed(read(_mail(f"Authentication-Results: {US}; {said}")), US)
    assert found is not None
    assert found.dmarc_policy is policy


def test_what_was_found_is_written_down_and_read_again() -> None:
    found = Authenticity(
        spf=AuthResult.PASS,
        spf_domain="example.org",
        dkim=(("example.org", AuthResult.PASS), ("a b;dmarc=pass", AuthResult.PASS)),
        dmarc=AuthResult.FAIL,
    )
    assert authres.written(found, "example.net", AuthResult.NONE).split(";\r\n ") == [
        "arc=none", "spf=pass smtp.mailfrom=example.org", "dkim=pass header.d=example.org",
        "dmarc=fail header.from=example.net",
    ]  # fmt: skip
    assert authres.written(Authenticity(spf=AuthResult.FAIL), "", AuthResult.PASS) == "arc=pass"
    assert authres.written(Authenticity(dmarc=AuthResult.PASS), "e" * 254, AuthResult.PASS) == "arc=pass"


def test_result_words() -> None:
    assert authres.word("policy") is AuthResult.NEUTRAL
    assert authres.word("bestguesspass") is AuthResult.NONE
    assert authres.word("whatever") is AuthResult.NONE
    assert authres.word("softfail") is AuthResult.SOFTFAIL
