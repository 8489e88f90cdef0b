# ruff: noqa: E501 (one case a line)
"""SPF beyond what the suites in tests/interop/test_spf.py hold; a zone is a dict of (name, kind)."""

import pytest

from listserver.core import spf, spf_record
from listserver.core.lookup import FAILED, Answer, Check, Found, Question, run

Zone = dict[tuple[str, str], list[str] | None]  # None: no answer


def ask(zone: Zone, check: Check) -> tuple[str, str]:  # type: ignore[type-arg]
    def answer(question: Question) -> Answer:
        records = zone.get((question.name, question.kind), [])
        if records is None:
            return FAILED
        return Answer(Found.YES if records else Found.NO_NAME, tuple(records))

    result, domain = run(check, answer)
    return str(result), domain


D = "d.example"
RULES: list[tuple[str, str, str, Zone]] = [
    ("all", "v=spf1 -all", "fail", {}),
    ("neutral at the end", "v=spf1", "neutral", {}),
    ("upper case", "V=SPF1 ~ALL", "softfail", {}),
    ("no spf", "v=spf10 -all", "none", {}),
    ("spaces", "v=spf1   ?all", "neutral", {}),
    ("not ASCII", "v=spf1 \xe9 -all", "permerror", {}),
    ("control", "v=spf1 x=\x01 -all", "permerror", {}),
    ("unknown word", "v=spf1 foo -all", "permerror", {}),
    ("unknown modifier", "v=spf1 foo=%{d} -all", "fail", {}),
    ("bad macro", "v=spf1 foo=%x -all", "permerror", {}),
    ("lone %", "v=spf1 foo=% -all", "permerror", {}),
    ("macro of zero", "v=spf1 exists:%{d0}.x.example -all", "permerror", {}),
    ("macro of exp only", "v=spf1 exists:%{c}.x.example -all", "permerror", {}),
    ("exp is only read", "v=spf1 exp=e.%{c}.example -all", "permerror", {}),
    ("exp", "v=spf1 exp=e.example.com -all", "fail", {}),
    ("two exp", "v=spf1 exp=a.b.example exp=a.b.example -all", "permerror", {}),
    ("all with argument", "v=spf1 all:x", "permerror", {}),
    ("include without domain", "v=spf1 include -all", "permerror", {}),
    ("ptr with prefix", "v=spf1 ptr/24 -all", "permerror", {}),
    ("a without colon", "v=spf1 a/x -all", "permerror", {}),
    ("a prefix", "v=spf1 a/33 -all", "permerror", {}),
    ("a prefix 6", "v=spf1 a//129 -all", "permerror", {}),
    ("domain", "v=spf1 a:%% -all", "permerror", {}),
    ("ip4", "v=spf1 ip4:192.0.2.0/24 -all", "pass", {}),
    ("ip4 other", "v=spf1 ip4:192.0.3.0 -all", "fail", {}),
    ("ip4 bad", "v=spf1 ip4:192.0.2 -all", "permerror", {}),
    ("ip4 prefix", "v=spf1 ip4:192.0.2.0/33 -all", "permerror", {}),
    ("ip4 slash", "v=spf1 ip4:192.0.2.0/ -all", "permerror", {}),
    ("ip4 no colon", "v=spf1 ip4 -all", "permerror", {}),
    ("ip6", "v=spf1 ip6:2001:db8::/32 -all", "fail", {}),
    ("ip6 bad", "v=spf1 ip6:2001:db8:: ip6:x -all", "permerror", {}),
    ("a", "v=spf1 a -all", "pass", {(D, "A"): ["192.0.2.1"]}),
    ("a name too long", f"v=spf1 a:{'x' * 64}.example -all", "fail", {}),
    ("a fails", "v=spf1 a -all", "temperror", {(D, "A"): None}),
    ("mx", "v=spf1 mx -all", "pass", {(D, "MX"): ["n..x", "m.example."], ("m.example", "A"): ["192.0.2.1"]}),
    ("mx none", "v=spf1 mx -all", "fail", {(D, "MX"): ["m.example."], ("m.example", "A"): ["192.0.2.9"]}),
    ("mx many", "v=spf1 mx -all", "permerror", {(D, "MX"): ["m.example"] * 11}),
    ("exists", "v=spf1 exists:%{i}.%{v}.%{l1r-}.%{h}.x.example -all", "pass", {("192.0.2.1.in-addr.b.helo.example.x.example", "A"): ["127.0.0.2"]}),
    ("escapes", "v=spf1 exists:%%%_%-%{L}.%{s}.x.example -all", "pass", {("% %20b-a.b-a@d.example.x.example", "A"): ["127.0.0.2"]}),
    ("voids", "v=spf1 a:a.example a:b.example a:c.example -all", "permerror", {}),
    ("ptr", "v=spf1 ptr -all", "pass", {("1.2.0.192.in-addr.arpa", "PTR"): ["X.d.example."], ("x.d.example", "A"): ["192.0.2.1"]}),
    ("ptr not validated", "v=spf1 ptr -all", "fail", {("1.2.0.192.in-addr.arpa", "PTR"): ["x.d.example."]}),
    ("p macro", "v=spf1 exists:%{p}.x.example exists:%{p}.y.example -all", "pass", {("1.2.0.192.in-addr.arpa", "PTR"): ["o.example", "m.d.example"], ("o.example", "A"): ["192.0.2.1"], ("m.d.example", "A"): ["192.0.2.1"], ("m.d.example.y.example", "A"): ["127.0.0.2"]}),
    ("p macro unknown", "v=spf1 exists:%{p}.x.example -all", "pass", {("unknown.x.example", "A"): ["127.0.0.2"]}),
    ("include", "v=spf1 include:i.example -all", "pass", {("i.example", "TXT"): ["v=spf1 +all"]}),
    ("include no match", "v=spf1 include:i.example ~all", "softfail", {("i.example", "TXT"): ["v=spf1 -all"]}),
    ("include none", "v=spf1 include:i.example -all", "permerror", {}),
    ("redirect", "v=spf1 redirect=r.example", "fail", {("r.example", "TXT"): ["v=spf1 -all"]}),
    ("redirect none", "v=spf1 redirect=r.example", "permerror", {}),
    ("redirect to itself", f"v=spf1 redirect={D}", "permerror", {}),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "record", "result", "zone"), RULES, ids=[r[0] for r in RULES])
def test_A1_records(_name: str, record: str, result: str, zone: Zone) -> None:
    whole: Zone = {(D, "TXT"): ["other", record], **zone}
    assert ask(whole, spf.check("192.0.2.1", "helo.example", f"b-a@{D}")) == (result, D)


def test_A1_null_sender_means_helo() -> None:
    zone: Zone = {
        ("helo.example", "TXT"): ["v=spf1 exists:%{l}.x.example -all"],
        ("postmaster.x.example", "A"): ["127.0.0.2"],
    }
    assert ask(zone, spf.check("192.0.2.1", "helo.example", "")) == ("pass", "helo.example")


def test_A1_clients() -> None:
    zone: Zone = {(D, "TXT"): ["v=spf1 ip4:192.0.2.1 a -all"], (D, "AAAA"): ["2001:db8::1"]}
    assert ask(zone, spf.check("::ffff:192.0.2.1", "h", f"a@{D}"))[0] == "pass"
    assert ask(zone, spf.check("2001:db8::1", "h", f"a@{D}"))[0] == "pass"
    assert ask(zone, spf.check("", "h", f"a@{D}")) == ("none", D)
    assert ask(zone, spf.check("192.0.2.1", "h", "a@localhost"))[0] == "none"


def test_A1_records_that_are_several_or_do_not_come() -> None:
    assert ask({(D, "TXT"): ["v=spf1 -all", "v=spf1"]}, spf.check("192.0.2.1", "h", f"a@{D}"))[0] == "permerror"
    assert ask({(D, "TXT"): None}, spf.check("192.0.2.1", "h", f"a@{D}"))[0] == "temperror"


def test_long_names_lose_labels_at_the_left() -> None:
    macros = spf_record.Macros(spf_record.ipaddress.ip_address("2001:db8::1"), "a@d.example", "h")
    assert macros.expand("x." * 130 + "d.example", D).endswith(".d.example")
    assert len(macros.expand("x." * 130 + "d.example", D)) <= 253
    assert len(macros.expand("x" * 300, D)) == 300
    assert macros.expand("y." + "x" * 61 + ".z" * 96, D) == "x" * 61 + ".z" * 96  # just 253 octets
    assert macros.expand("%{s}." * 2_000 + "d.example", D).endswith(".d.example")
    assert macros.expand("%{ir}.%{v}.d.example", D).startswith("1.0.0.0")
    assert macros.expand("", D) == D
