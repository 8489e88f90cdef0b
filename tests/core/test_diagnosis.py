"""What the doctor makes of what it found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listserver.core import diagnosis, loop_test
from listserver.core.diagnosis import Line, Sender, State
from listserver.core.envelope import Reply
from listserver.core.lookup import FAILED, Answer, Check, Found, Question, run
from listserver.core.message import read
from listserver.core.site import Site

NOW = datetime(2026, 11, 25, tzinfo=UTC)
D = "l.example"
HERE = Sender(D, "", ("192.0.2.1",))
AWAY = Sender(D, "smtp.example.net")
KEY = ("s1._domainkey.l.example", "v=DKIM1; k=ed25519; p=abc", "active")
NEXT = ("s2._domainkey.l.example", "v=DKIM1; p=def", "next")
OLD = ("s0._domainkey.l.example", "v=DKIM1; p=0", "old")

Zone = dict[tuple[str, str], tuple[str, ...]]


def ask(check: Check[Line], zone: Zone) -> Line:
    def answer(question: Question) -> Answer:
        records = zone.get((question.name, question.kind))
        if records == ("FAILED",):
            return FAILED
        return Answer(Found.YES, records) if records else Answer(Found.NO_NAME)

    return run(check, answer)


MX: Zone = {(D, "MX"): ("mx.l.example",), ("mx.l.example", "A"): ("192.0.2.1",)}
REVERSE = ("1.2.0.192.in-addr.arpa", "PTR")


@pytest.mark.parametrize(
    ("zone", "state", "word"),
    [
        (MX, "ok", "mx.l.example"),
        ({(D, "MX"): ("FAILED",)}, "warn", "did not answer"),
        ({(D, "MX"): ("",)}, "bad", "null MX"),
        ({(D, "A"): ("192.0.2.1",)}, "warn", "no MX"),
        ({}, "bad", "neither MX nor address"),
        ({(D, "MX"): ("mx.l.example",)}, "bad", "no address"),
        (MX | {(D, "MX"): ("mx.l.example", "mx2.l.example")}, "warn", "mx2.l.example has no address"),
    ],
)
def test_mx(zone: Zone, state: str, word: str) -> None:
    line = ask(diagnosis.mx(D), zone)
    assert (line.name, line.state) == ("mx", state)
    assert word in line.text


def test_the_host_behind_a_domain() -> None:
    def known(check: Check[object]) -> object:
        return run(check, lambda q: Answer(Found.YES, MX[q.name, q.kind]) if (q.name, q.kind) in MX else FAILED)

    assert known(diagnosis.mx_host(D)) == "mx.l.example"
    assert known(diagnosis.mx_host("other.example")) == ""
    assert known(diagnosis.mx_addresses(D)) == ("192.0.2.1",)
    assert diagnosis.is_public("8.8.8.8")
    assert not diagnosis.is_public("10.0.0.1")


@pytest.mark.parametrize(
    ("sender", "zone", "state", "word"),
    [
        (HERE, {REVERSE: ("mx.l.example",)} | MX, "ok", "192.0.2.1 is mx.l.example"),
        (HERE, {REVERSE: ("other.example",)}, "bad", "does not lead back"),
        (HERE, {}, "bad", "no reverse name"),
        (HERE, {REVERSE: ("FAILED",)}, "warn", "did not answer"),
        (Sender(D), {}, "warn", "no public address"),
        (AWAY, {}, "ok", "smtp.example.net"),
    ],
)
def test_ptr(sender: Sender, zone: Zone, state: str, word: str) -> None:
    line = ask(diagnosis.ptr(sender), zone)
    assert (line.name, line.state) == ("ptr", state)
    assert word in line.text


@pytest.mark.parametrize(
    ("sender", "record", "state", "word"),
    [
        (HERE, "v=spf1 mx -all", "ok", "It allows 192.0.2.1"),
        (Sender(D), "V=SPF1 mx -all", "ok", "stands in the DNS"),
        (HERE, "v=spf1 -all", "bad", "fail for 192.0.2.1"),
        (HERE, "v=spf1 ~all", "warn", "softfail"),
        (Sender(D, "smtp.example.net", ("192.0.2.1",)), "v=spf1 -all", "warn", "fail for 192.0.2.1"),
        (HERE, "v=spf1 nonsense:x -all", "bad", "broken"),
        (HERE, "v=spf1 a:dead.example -all", "warn", "did not answer"),
        (HERE, "some other text", "bad", "no SPF record"),
        (AWAY, "", "bad", "no SPF record"),
        (HERE, "v=spf1 mx -all|v=spf1 -all", "bad", "2 SPF records"),
        (HERE, "FAILED", "warn", "did not answer"),
    ],
)
def test_spf(sender: Sender, record: str, state: str, word: str) -> None:
    texts = tuple(record.split("|")) if record else ()
    line = ask(diagnosis.spf(sender), {**MX, (D, "TXT"): texts, ("dead.example", "A"): ("FAILED",)})
    assert (line.name, line.state) == ("spf", state)
    assert word in line.text
    if not record:
        assert "a:smtp.example.net" in line.fix


@pytest.mark.parametrize(
    ("keys", "zone", "state", "word"),
    [
        ([KEY], {(KEY[0], "TXT"): ("v=DKIM1;k=ed25519; p=a bc;",)}, "ok", "has our keys: s1"),
        ([KEY, OLD], {(KEY[0], "TXT"): (KEY[1],)}, "ok", "s1"),
        ([KEY, NEXT], {(KEY[0], "TXT"): (KEY[1],)}, "warn", "s2._domainkey"),
        ([KEY], {(KEY[0], "TXT"): ("v=DKIM1; p=other",)}, "bad", "another key"),
        ([KEY], {}, "bad", "lacks our keys"),
        ([KEY], {(KEY[0], "TXT"): ("FAILED",)}, "warn", "did not answer"),
        ([NEXT], {}, "bad", "no keys"),
    ],
)
def test_A9_dkim(keys: list[tuple[str, str, str]], zone: Zone, state: str, word: str) -> None:
    line = ask(diagnosis.dkim(keys), zone)
    assert (line.name, line.state) == ("dkim", state)
    assert word in line.text


@pytest.mark.parametrize(
    ("record", "state", "word"),
    [
        ("v=DMARC1; p=quarantine", "ok", "quarantine"),
        ("v=spf1", "warn", "no DMARC record"),
        ("FAILED", "warn", "did not answer"),
    ],
)
def test_dmarc(record: str, state: str, word: str) -> None:
    line = ask(diagnosis.dmarc(D), {(f"_dmarc.{D}", "TXT"): (record,), (D, "A"): ("192.0.2.1",)})
    assert (line.name, line.state) == ("dmarc", state)
    assert word in line.text


NO, LATER = Reply(550, "5.7.1", "No relaying"), Reply(451, "4.3.0", "Later")
YEAR, WEEK = NOW + timedelta(days=365), NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("line", "state", "word"),
    [
        (diagnosis.certificate("MX.l.example", ["mx.l.example"], YEAR, NOW), "ok", "2027-11-25"),
        (diagnosis.certificate("mx.l.example.", ["*.l.example"], YEAR, NOW), "ok", "good until"),
        (diagnosis.certificate("", [], YEAR, NOW), "ok", "good until"),
        (diagnosis.certificate("a.mx.l.example", ["*.l.example"], YEAR, NOW), "warn", "not for a.mx.l.example"),
        (diagnosis.certificate("mx.l.example", ["mx.l.example"], WEEK, NOW), "warn", "ends on 2026-12-02"),
        (diagnosis.certificate("mx.l.example", ["mx.l.example"], NOW, NOW), "bad", "ended on"),
        (diagnosis.no_certificate(True), "warn", "without TLS"),
        (diagnosis.no_certificate(False), "ok", "in front"),
        (diagnosis.operator("olga@example.net", ours=False), "ok", "olga@example.net"),
        (diagnosis.operator("postmaster@x.example", ours=True), "warn", "nobody gets it"),
        (diagnosis.unattended([]), "ok", "Each list"),
        (diagnosis.unattended(["talk"]), "warn", "wait on: talk."),
        (diagnosis.unattended([f"list{n}" for n in range(30)]), "warn", "list19 …"),
        (diagnosis.disk(2**34, "/data"), "ok", "16.0 GiB"),
        (diagnosis.disk(2**29, "/data"), "warn", "0.5 GiB"),
        (diagnosis.disk(2**20, "/data"), "bad", "/data"),
        (diagnosis.clock(True, -5), "ok", "right"),
        (diagnosis.clock(None, 3), "ok", "right"),
        (diagnosis.clock(False, 0), "warn", "Nothing keeps"),
        (diagnosis.clock(True, 61), "bad", "61 seconds ahead"),
        (diagnosis.queue(0, 0, None), "ok", "Nothing waits"),
        (diagnosis.queue(7, 0, timedelta(minutes=5)), "ok", "7 copies"),
        (diagnosis.queue(7, 0, timedelta(hours=2)), "warn", "2.0 hours"),
        (diagnosis.queue(7, 0, timedelta(days=2)), "bad", "48.0 hours"),
        (diagnosis.queue(0, 3, None), "warn", "3 deliveries"),
        (diagnosis.refusals([]), "ok", "Of 0 refusals"),
        (diagnosis.refusals(["550 5.1.1 no such user", "452 mailbox full"]), "ok", "Of 2"),
        (diagnosis.refusals(["550 5.7.1 blocked using zen.spamhaus.org"]), "warn", "zen.spamhaus.org"),
        (diagnosis.refusals(["550 messages from [192.0.2.1] weren't sent, S3140"] * 20), "bad", "20 refusals"),
        (diagnosis.refusals(["421 4.7.28 unusual rate of unsolicited mail"]), "warn", "1 refusals"),
        (diagnosis.database("sqlite", "0001", "0001", 2**20), "ok", "1.0 MiB"),
        (diagnosis.database("sqlite", "", "0001", 0), "bad", "empty"),
        (diagnosis.database("sqlite", "0001", "0002", 0), "bad", "wants 0002"),
        (diagnosis.database("sqlite", "0003", "0002", 0), "bad", "schema 0003"),
        (diagnosis.ports([], ["127.0.0.1:25 (smtp)"]), "ok", "127.0.0.1:25"),
        (diagnosis.ports([], []), "ok", "No port"),
        (diagnosis.ports(["127.0.0.1:25 (smtp)"], []), "warn", "Nobody answers"),
        (diagnosis.relay("mx:25", "", None), "ok", "mx:25"),
        (diagnosis.relay("mx:25", "no connection", None), "bad", "no connection"),
        (diagnosis.relay("mx:25", "", NO), "bad", "550 5.7.1 No relaying"),
        (diagnosis.relay("mx:25", "", LATER), "warn", "451"),
        (diagnosis.mta("mx:25", None, NO), "ok", "refuses others"),
        (diagnosis.mta("mx:25", None, None), "warn", "makes a bounce"),
        (diagnosis.mta("mx:25", None, LATER), "warn", "makes a bounce"),
        (diagnosis.mta("mx:25", NO, NO), "bad", "No relaying"),
        (diagnosis.mta("mx:25", LATER, NO), "warn", "Later"),
        (diagnosis.loop(1.25, 20), "ok", "1.2 seconds"),
        (diagnosis.loop(None, 20), "warn", "20 seconds"),
        (diagnosis.forgery("mx.example", passed=False), "ok", "mx.example"),
        (diagnosis.forgery("mx.example", passed=True), "warn", "can act for a member"),
        (diagnosis.mailbox("imap.example:993/INBOX", ""), "ok", "can be fetched"),
        (diagnosis.mailbox("imap.example:993/INBOX", "It does not answer."), "bad", "does not answer"),
    ],
)
def test_each_thing_is_judged_and_says_what_to_do(line: Line, state: str, word: str) -> None:
    assert line.state == state, line
    assert word in line.text
    assert bool(line.fix) == (state != "ok")


def test_the_worst_counts() -> None:
    ok, warn, bad = diagnosis.ok("a", ""), diagnosis.warn("a", "", ""), diagnosis.bad("a", "", "")
    assert diagnosis.worst([]) is State.OK
    assert diagnosis.worst([ok, warn]) is State.WARN
    assert diagnosis.worst([warn, bad, ok]) is State.BAD


def test_a_loop_test_is_known_again_and_no_other_mail_is_one() -> None:
    site = Site("lists.example.org", "Lists", "admin@example.org", "en", "", b"k" * 32)
    written = loop_test.write(site, 1234567890123456, "Wed, 25 Nov 2026 12:00:00 +0000")
    assert loop_test.number(read(written), site) == 1234567890123456
    assert loop_test.forged(read(written), site)
    assert not loop_test.forged(read(written), replace(site, authserv_id="mx.example.org"))
    assert not loop_test.forged(read(b"Authentication-Results: lists.example.org; dmarc=pass\r\n\r\n"), site)
    foreign = Site("other.example.org", "Lists", "admin@example.org", "en", "", b"k" * 32)
    assert loop_test.number(read(written), foreign) is None
    other = Site("lists.example.org", "Lists", "admin@example.org", "en", "", b"x" * 32)
    assert loop_test.number(read(written), other) is None
    assert loop_test.number(read(b"Message-ID: <a@lists.example.org>\r\n\r\n"), site) is None
