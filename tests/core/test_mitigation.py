"""Whether a copy passes its author's policy, from keys that were looked up before (standards A6)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from listserver.core import alias, mitigation, signing
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy
from listserver.core.lookup import Answer, Found, Question, run

NOW = 1_800_000_000
ANNA = signing.Key("mail.bank.example", "s1", ed25519.Ed25519PrivateKey.generate())
OTHER = signing.Key("sender.example", "s2", ed25519.Ed25519PrivateKey.generate())
HEAD = b"From: anna@bank.example\r\nTo: talk@lists.example\r\nSubject: Hello\r\n"
BODY = b"Hello.\r\n"
RAW = signing.sign(HEAD, signing.body_hash(BODY), (ANNA, OTHER), NOW) + HEAD + b"\r\n" + BODY
ZONE = {
    ANNA.name: ANNA.record,
    OTHER.name: OTHER.record,
    "_dmarc.bank.example": "v=DMARC1; p=reject; rua=mailto:r@bank.example",
}


def ask(question: Question) -> Answer:
    text = ZONE.get(question.name)
    return Answer(Found.YES, (text,)) if text else Answer(Found.NO_NAME)


def test_A6_only_keys_of_the_authors_domain_are_kept() -> None:
    assert run(mitigation.author_keys(RAW, "bank.example", NOW), ask) == ((ANNA.name, ANNA.record),)
    assert run(mitigation.author_keys(RAW, "bank.example", NOW), lambda _: Answer(Found.FAILED)) == ()
    broken = RAW.replace(b"Hello.", b"Changed.")
    assert run(mitigation.author_keys(broken, "bank.example", NOW), ask) == ()


def test_A6_a_copy_verifies_by_these_keys_or_not_at_all() -> None:
    keys = ((ANNA.name, ANNA.record),)
    assert mitigation.verifies(b"X-Loop: a\r\n" + RAW, keys, NOW)
    assert not mitigation.verifies(RAW + b"-- \r\nfooter\r\n", keys, NOW)
    assert not mitigation.verifies(RAW, (("x._domainkey.bank.example", ANNA.record),), NOW)
    assert not mitigation.verifies(RAW, (), NOW)


@pytest.mark.parametrize(
    ("policy", "copy", "expected"),
    [
        (DmarcPolicy.REJECT, RAW, "keep"),
        (DmarcPolicy.REJECT, None, "rewrite"),
        (DmarcPolicy.QUARANTINE, RAW + b"x", "rewrite"),
        (DmarcPolicy.NONE, None, "keep"),
        (None, None, "rewrite"),
    ],
)
def test_A6_from(policy: DmarcPolicy | None, copy: bytes | None, expected: str) -> None:
    assert mitigation.chosen("auto", policy, copy, ((ANNA.name, ANNA.record),), NOW) == expected
    assert mitigation.matters("auto", policy) is (policy is not DmarcPolicy.NONE)


def test_A6_a_domain_whose_dns_failed_has_no_known_policy() -> None:
    assert mitigation.policy_of(Authenticity(dmarc=AuthResult.TEMPERROR)) is None
    assert mitigation.policy_of(Authenticity()) is DmarcPolicy.ABSENT


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna Berg", "anna.berg.aaaqea"),
        ("Jörg  Müller-Lüdenscheidt, Dr. von und zu", "jorg.muller.ludenscheidt.dr.vo.aaaqea"),
        ("阿娜", "author.aaaqea"),
        ("Return Smith", "author.return.smith.aaaqea"),
        ("leave", "leave.aaaqea"),
    ],
)
def test_A7_aliases_are_names_that_mean_nothing_else(name: str, expected: str) -> None:
    local = alias.local_part(name, bytes((0, 1, 2, 3, 4)))
    assert local.partition(".")[0] in expected
    assert local == expected
