# ruff: noqa: E501 (one case a line)
"""DMARC by RFC 9989: records, the tree walk, policies and alignment."""

import pytest

from listserver.core import dmarc
from listserver.core.dmarc import Outcome, Record
from listserver.core.envelope import AuthResult, DmarcPolicy
from listserver.core.lookup import FAILED, Answer, Check, Found, Question, run

Zone = dict[str, list[str] | None]  # "_dmarc.x" -> TXT, "x" -> A; None: no answer

NONE, QUARANTINE, REJECT, ABSENT = DmarcPolicy.NONE, DmarcPolicy.QUARANTINE, DmarcPolicy.REJECT, DmarcPolicy.ABSENT
PASS, FAIL = AuthResult.PASS, AuthResult.FAIL
NO_SPF = (AuthResult.NONE, "")


def ask(zone: Zone, check: Check[Outcome], asked: list[str] | None = None) -> Outcome:
    def answer(question: Question) -> Answer:
        if asked is not None:
            asked.append(question.name)
        kind = "TXT" if question.name.startswith("_dmarc.") else "A"
        records = zone.get(question.name, [])
        if records is None:
            return FAILED
        if question.kind != kind:
            return Answer(Found.NO_DATA if records else Found.NO_NAME)
        return Answer(Found.YES if records else Found.NO_NAME, tuple(records))

    return run(check, answer)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1; p=reject", Record(REJECT)),
        (
            "v=DMARC1;p=Quarantine;sp=none;np=reject;adkim=s;aspf=S;psd=y;t=y;pct=5",
            Record(QUARANTINE, NONE, REJECT, True, True, "y", True),
        ),
        ("v=DMARC1; p=reject; p=none; junk; psd=n", Record(REJECT, psd="n")),
        (" v = DMARC1 ; p = reject ", Record(REJECT)),
        ("v=DMARC1; p=bad; rua=mailto:x@y.example", Record(NONE)),
        ("v=DMARC1; p=bad; sp=reject; rua=nobody, https://y.example", Record(NONE)),
        ("v=DMARC1; p=reject; sp=bad; rua=mailto:x@y.example", Record(NONE)),
        ("v=DMARC1; p=reject; np=bad", Record(None)),
        ("v=DMARC1; p=bad; rua=nobody", Record(None)),
        ("v=DMARC1", Record(None)),
        ("v=DMARC1; p=none; psd=odd", Record(NONE)),
        ("v=dmarc1; p=reject", None),
        ("p=reject; v=DMARC1", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
)
def test_A4_records(text: str, record: Record | None) -> None:
    assert dmarc.parse(text) == record


R = "v=DMARC1; p=reject"
POLICIES: list[tuple[str, Zone, DmarcPolicy, str]] = [
    ("own", {"_dmarc.a.example.com": [R]}, REJECT, "a.example.com"),
    ("of the organization", {"_dmarc.example.com": [R]}, REJECT, "example.com"),
    ("sp", {"_dmarc.example.com": [R + "; sp=quarantine"], "a.example.com": ["192.0.2.1"]}, QUARANTINE, "example.com"),
    ("np: no such name", {"_dmarc.example.com": ["v=DMARC1; p=none; np=reject"]}, REJECT, "example.com"),
    ("np: name exists", {"_dmarc.example.com": ["v=DMARC1; p=none; np=reject"], "a.example.com": ["192.0.2.1"]}, NONE, "example.com"),
    ("np is sp", {"_dmarc.example.com": ["v=DMARC1; p=none; np=none"]}, NONE, "example.com"),
    ("own record, np does not count", {"_dmarc.a.example.com": [R + "; np=none"]}, REJECT, "a.example.com"),
    ("testing", {"_dmarc.a.example.com": [R + "; t=y"]}, QUARANTINE, "a.example.com"),
    ("testing quarantine", {"_dmarc.a.example.com": ["v=DMARC1; p=quarantine; t=y"]}, NONE, "a.example.com"),
    ("two records are none", {"_dmarc.a.example.com": [R, R], "_dmarc.example.com": ["v=DMARC1; p=none"]}, NONE, "example.com"),
    ("no record", {}, ABSENT, "a.example.com"),
    ("not applied", {"_dmarc.a.example.com": ["v=DMARC1"], "_dmarc.example.com": [R]}, ABSENT, "example.com"),
    ("psd=n ends the walk", {"_dmarc.a.example.com": [R + "; psd=n"], "_dmarc.example.com": ["v=DMARC1; p=none"]}, REJECT, "a.example.com"),
    ("psd=y: one below", {"_dmarc.com": [R + "; psd=y"]}, REJECT, "example.com"),
    ("psd=y at the start", {"_dmarc.a.example.com": [R + "; psd=y"]}, REJECT, "a.example.com"),
    ("top of the tree", {"_dmarc.example.com": ["v=DMARC1; p=none"], "_dmarc.com": [R]}, REJECT, "com"),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "zone", "policy", "organizational"), POLICIES, ids=[p[0] for p in POLICIES])
def test_A4_tree_walk(_name: str, zone: Zone, policy: DmarcPolicy, organizational: str) -> None:
    found = ask(zone, dmarc.discover("a.example.com"))
    assert (found.policy, found.organizational) == (policy, organizational)
    assert found.result is (AuthResult.NONE if policy is ABSENT else FAIL)


def test_A4_at_most_eight_questions() -> None:
    asked: list[str] = []
    ask({}, dmarc.discover("a.b.c.d.e.f.g.h.i.example.com"), asked)
    assert asked[0] == "_dmarc.a.b.c.d.e.f.g.h.i.example.com"
    seven = ["e", "f", "g", "h", "i", "example", "com"]
    assert asked[1:] == ["_dmarc." + ".".join(seven[n:]) for n in range(7)]
    assert len(asked) == 8


def test_A4_unicode_domains() -> None:
    asked: list[str] = []
    ask({}, dmarc.discover("straße.example."), asked)
    assert asked[0] == "_dmarc.xn--strae-oqa.example"


ALIGNED: list[tuple[str, Zone, tuple[AuthResult, str], list[tuple[str, AuthResult]], AuthResult]] = [
    ("dkim of the same domain", {}, NO_SPF, [("a.example.com", PASS)], PASS),
    ("spf of the same domain", {}, (PASS, "A.example.com"), [], PASS),
    ("dkim of the organization", {}, NO_SPF, [("example.com", PASS)], PASS),
    ("dkim of a sister", {}, NO_SPF, [("b.example.com", PASS)], PASS),
    ("dkim of a sister of its own", {"_dmarc.b.example.com": [R + "; psd=n"]}, NO_SPF, [("b.example.com", PASS)], FAIL),
    ("of somebody else", {}, (PASS, "other.com"), [("list.example", PASS), ("", PASS)], FAIL),
    ("failed", {}, (FAIL, "a.example.com"), [("a.example.com", FAIL)], FAIL),
    ("undecided", {}, (AuthResult.TEMPERROR, "a.example.com"), [("a.example.com", FAIL)], AuthResult.TEMPERROR),
    ("undecided, and passed", {}, (AuthResult.TEMPERROR, "a.example.com"), [("example.com", PASS)], PASS),
    ("strict", {"_dmarc.example.com": [R + "; adkim=s; aspf=s"]}, (PASS, "b.example.com"), [("example.com", PASS)], FAIL),
    ("strict and the same", {"_dmarc.example.com": [R + "; adkim=s; aspf=s"]}, NO_SPF, [("a.example.com", PASS)], PASS),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "zone", "spf", "dkim", "result"), ALIGNED, ids=[a[0] for a in ALIGNED])
def test_A4_alignment(
    _name: str, zone: Zone, spf: tuple[AuthResult, str], dkim: list[tuple[str, AuthResult]], result: AuthResult
) -> None:
    whole: Zone = {"_dmarc.example.com": [R], **zone}
    assert ask(whole, dmarc.check("a.example.com", spf, dkim)) == Outcome(result, REJECT, "example.com")


@pytest.mark.parametrize(
    "zone",
    [
        {"_dmarc.a.example.com": None},
        {"_dmarc.example.com": ["v=DMARC1; p=none; np=reject"], "a.example.com": None},
    ],
)
def test_A4_no_answer_is_neither_pass_nor_fail(zone: Zone) -> None:
    assert ask(zone, dmarc.discover("a.example.com")) == Outcome(AuthResult.TEMPERROR, ABSENT)


def test_A4_a_name_exists_if_it_has_anything() -> None:
    def answer(question: Question) -> Answer:
        if question.name == "_dmarc.example.com":
            return Answer(Found.YES, ("v=DMARC1; p=none; np=reject",))
        return Answer(Found.NO_DATA)

    assert run(dmarc.discover("a.example.com"), answer).policy is NONE
