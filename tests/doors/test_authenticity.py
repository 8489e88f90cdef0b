"""Who a mail is from, with a name server of our own on loopback: no network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from listserver.authenticity import Asker, Authenticator, Limits, Resolver
from listserver.core import signing
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope
from listserver.core.lookup import Answer, Found, Question
from listserver.core.message import read
from tests import dns_server

PASS, FAIL, NONE = AuthResult.PASS, AuthResult.FAIL, AuthResult.NONE
KEY = signing.Key("example.org", "s1", ed25519.Ed25519PrivateKey.generate())
ZONE = {
    ("example.org.", "TXT"): ['"v=spf1 mx -all"'],
    ("example.org.", "MX"): ["20 mx2.example.org.", "10 mx1.example.org."],
    ("mx1.example.org.", "A"): ["192.0.2.1"],
    ("s1._domainkey.example.org.", "TXT"): [f'"{KEY.record}"'],
    ("s1._domainkey.forwarder.example.", "TXT"): [f'"{KEY.record}"'],
    ("_dmarc.example.org.", "TXT"): ['"v=DMARC1; p=" "reject"'],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["mx1.example.org."],
    ("v6.example.", "AAAA"): ["2001:db8::1"],
    ("broken.example.", "TXT"): ["SERVFAIL"],
    ("slow.example.", "TXT"): ["SILENCE"],
}


@contextlib.asynccontextmanager
async def name_server(limits: Limits | None = None) -> AsyncIterator[tuple[Resolver, dns_server.NameServer]]:
    async with dns_server.name_server(ZONE) as (place, server):
        yield Resolver([place], limits), server


def mail(
    author: str = "Anna <anna@example.org>", signed: bool = True, body: bytes = b"hello\r\n", top: str = ""
) -> bytes:
    header = f"From: {author}\r\nSubject: x\r\n".encode()
    signature = signing.sign(header, signing.body_hash(body), [KEY], 1_700_000_000) if signed else b""
    return top.encode() + signature + header + b"\r\n" + body


def envelope(client: str = "192.0.2.1", sender: str = "anna@example.org", trusted: bool = False) -> Envelope:
    return Envelope(sender, "talk@lists.example", "smtp", client=client, helo="mx1.example.org", trusted=trusted)


def check(raw: bytes, given: Envelope, limits: Limits | None = None) -> tuple[Authenticity, list[str]]:
    async def run() -> tuple[Authenticity, list[str]]:
        async with name_server(limits) as (resolver, server):
            return await Authenticator(resolver, "mx.us.example").check(given, read(raw)), server.asked

    return asyncio.run(run())


def test_A1_A2_A4_first_hop_looks_for_itself() -> None:
    found, _ = check(mail(), envelope())
    assert found == Authenticity(
        source="ours",
        spf=PASS,
        spf_domain="example.org",
        dkim=(("example.org", PASS),),
        dmarc=PASS,
        dmarc_policy=DmarcPolicy.REJECT,
        proved="anna@example.org",
        keys=(("s1._domainkey.example.org", KEY.record),),
    )


def test_A4_a_forged_author_fails() -> None:
    found, _ = check(mail(signed=False), envelope("192.0.2.66"))
    assert (found.spf, found.dkim, found.dmarc, found.proved) == (FAIL, (), FAIL, "")


def test_A3_results_of_others_are_not_believed() -> None:
    claim = "Authentication-Results: mx.us.example; dmarc=pass (p=reject) header.from=example.org\r\n"
    found, _ = check(mail(signed=False, top=claim), envelope("192.0.2.66"))
    assert (found.source, found.dmarc) == ("ours", FAIL)


def test_A3_results_of_our_mail_server_are_believed() -> None:
    told = "Authentication-Results: mx.us.example; dmarc=pass (p=reject) header.from=example.org\r\n"
    found, asked = check(mail(signed=False, top=told), envelope("127.0.0.1", trusted=True))
    assert (found.source, found.dmarc, found.proved) == ("mx.us.example", PASS, "anna@example.org")
    assert asked == []


@pytest.mark.parametrize(
    ("told", "dmarc", "proved"),
    [
        ("dmarc=pass header.from=example.org", PASS, "anna@example.org"),  # the policy was not told: it is asked
        ("spf=pass smtp.mailfrom=example.org", PASS, "anna@example.org"),  # DMARC was not: it is worked out
        ("spf=fail smtp.mailfrom=example.org; dkim=pass header.d=other.example", FAIL, ""),
    ],
)
def test_A3_what_our_mail_server_leaves_open_is_looked_up(told: str, dmarc: AuthResult, proved: str) -> None:
    raw = mail(signed=False, top=f"Authentication-Results: mx.us.example; {told}\r\n")
    found, _ = check(raw, envelope("127.0.0.1", trusted=True))
    assert (found.dmarc, found.dmarc_policy, found.proved) == (dmarc, DmarcPolicy.REJECT, proved)


@pytest.mark.parametrize(
    ("sealers", "told", "chain", "dmarc"),
    [
        (("forwarder.example",), "dmarc=pass header.from=example.org", "none", NONE),
        ((), "dmarc=pass header.from=example.org", "none", FAIL),  # nobody is trusted, as it is by default
        (("other.example",), "dmarc=pass header.from=example.org", "none", FAIL),
        (("forwarder.example",), "dmarc=fail header.from=example.org", "none", FAIL),
        (("forwarder.example",), "dmarc=pass header.from=other.example", "none", FAIL),
        (("forwarder.example",), "dmarc=pass header.from=example.org", "fail", FAIL),
    ],
)
def test_A10_a_seal_counts_only_of_those_whom_we_trust_and_proves_nobody(
    sealers: tuple[str, ...], told: str, chain: Literal["none", "fail"], dmarc: AuthResult
) -> None:
    raw = mail(signed=False)
    key = signing.Key("forwarder.example", "s1", KEY.private)
    seal = signing.Seal("mx.forwarder.example", chain, told, ("from", "subject"))
    raw = signing.seal(raw, key, seal, 1_700_000_000) + raw

    async def run() -> Authenticity:
        async with name_server() as (resolver, _):
            authenticator = Authenticator(resolver, "mx.us.example", sealers)
            return await authenticator.check(envelope("192.0.2.66"), read(raw))

    found = asyncio.run(run())
    assert (found.dmarc, found.dmarc_policy, found.proved) == (dmarc, DmarcPolicy.REJECT, "")


@pytest.mark.parametrize("sealed", [True, False])
def test_A10_where_we_seal_what_was_found_is_written_down(sealed: bool) -> None:
    raw = mail()
    if sealed:
        key = signing.Key("forwarder.example", "s1", KEY.private)
        raw = signing.seal(raw, key, signing.Seal("f", "none", "dmarc=pass", ("from",)), 1_700_000_000) + raw

    async def run() -> tuple[Authenticity, Authenticity, Authenticity]:
        async with name_server() as (resolver, _):
            off = await Authenticator(resolver, "mx.us.example").check(envelope(), read(raw))
            on = await Authenticator(resolver, "mx.us.example", seals=True).check(envelope(), read(raw))
            forged = await Authenticator(resolver, "mx.us.example", ["forwarder.example"], seals=True).check(
                envelope("192.0.2.66"), read(raw.replace(b"hello", b"jello"))
            )
            return off, on, forged

    off, on, forged = asyncio.run(run())
    assert (off.chain, off.results) == (NONE, "")
    assert on.chain is (PASS if sealed else NONE)
    assert on.results.split(";\r\n ") == [
        f"arc={on.chain}", "spf=pass smtp.mailfrom=example.org", "dkim=pass header.d=example.org",
        "dmarc=pass header.from=example.org",
    ]  # fmt: skip
    assert (forged.chain, forged.dmarc) == (FAIL if sealed else NONE, FAIL)
    assert "dmarc=fail header.from=example.org" in forged.results


def test_A10_nothing_is_written_of_a_chain_that_cannot_be_looked_at() -> None:
    key = signing.Key("broken.example", "s1", KEY.private)
    raw = signing.seal(mail(), key, signing.Seal("f", "none", "dmarc=pass", ("from",)), 1_700_000_000) + mail()

    async def run() -> Authenticity:
        zone = {**ZONE, ("s1._domainkey.broken.example.", "TXT"): ["SERVFAIL"]}
        async with dns_server.name_server(zone) as (place, _):
            return await Authenticator(Resolver([place]), "mx.us.example", seals=True).check(envelope(), read(raw))

    found = asyncio.run(run())
    assert (found.dmarc, found.results) == (PASS, "")


def test_A1_no_spf_behind_a_mail_server_and_no_verdict_from_its_lack() -> None:
    found, _ = check(mail(signed=False), envelope("127.0.0.1", trusted=True))
    assert (found.source, found.spf, found.dmarc, found.dmarc_policy) == ("ours", NONE, NONE, DmarcPolicy.REJECT)
    found, _ = check(mail(), envelope("127.0.0.1", trusted=True))
    assert (found.dmarc, found.proved) == (PASS, "anna@example.org")


def test_A4_several_domains_or_none_are_not_evaluated() -> None:
    found, asked = check(mail("a@example.org, b@other.example", signed=False), envelope(client=""))
    assert (found.dmarc, asked) == (NONE, [])
    found, _ = check(mail("a@example.org, b@example.org"), envelope())
    assert (found.dmarc, found.proved) == (PASS, "")


def test_A4_no_answer_is_neither_pass_nor_fail() -> None:
    found, _ = check(mail("a@broken.example", signed=False), envelope(sender="a@broken.example"))
    assert found.spf is AuthResult.TEMPERROR


def test_large_mails_are_hashed_aside() -> None:
    found, _ = check(mail(body=b"x" * 70 + b"\r\n" + b"y\r\n" * 100_000), envelope())
    assert found.dkim == (("example.org", PASS),)


def test_questions_are_bounded_in_number_and_time() -> None:
    found, asked = check(mail(), envelope(), Limits(questions=2))
    assert (len(asked), found.dmarc) == (2, AuthResult.TEMPERROR)
    found, asked = check(mail(), envelope(), Limits(whole=0.0))
    assert asked == [". A"]  # nothing could be asked, so it is seen whether the DNS lives
    assert found.dmarc is AuthResult.TEMPERROR


def test_answers_are_kept() -> None:
    async def run() -> tuple[int, int]:
        async with name_server() as (resolver, server):
            authenticator = Authenticator(resolver, "mx.us.example")
            await authenticator.check(envelope(), read(mail()))
            before = len(server.asked)
            await authenticator.check(envelope(), read(mail()))
            return before, len(server.asked)

    before, after = asyncio.run(run())
    assert before == after > 0


def test_a_dead_dns_is_left_alone_and_mail_flows() -> None:
    async def run() -> None:
        async with name_server() as (resolver, _):
            pass  # closed again: nobody listens there
        dead = Resolver(
            [(resolver._resolver.nameservers[0].address, resolver._resolver.nameservers[0].port)], Limits(0.2, 1.0)
        )  # type: ignore[union-attr]
        authenticator = Authenticator(dead, "mx.us.example")
        assert dead.usable
        assert await authenticator.check(envelope(), read(mail())) == Authenticity()
        assert not dead.usable
        assert await authenticator.check(envelope(), read(mail())) == Authenticity()

    asyncio.run(run())


def test_A4_a_dns_that_died_makes_mail_wait_and_is_asked_again() -> None:
    told = "Authentication-Results: mx.us.example; %s\r\n"
    dmarc, spf = (mail(top=told % what) for what in ("dmarc=pass header.from=example.org", "spf=pass"))
    ours = envelope("127.0.0.1", trusted=True)

    async def run() -> None:
        zone = dns_server.Mortal(ZONE)
        async with dns_server.name_server(zone) as (place, _):
            resolver = Resolver([place], Limits(question=0.5, pause=0.1))
            authenticator = Authenticator(resolver, "mx.us.example")
            assert not (await authenticator.check(envelope(), read(mail("a@v6.example")))).unasked
            zone.dead = True
            for _ in range(2):  # the second time nobody is asked
                found = await authenticator.check(envelope(), read(mail()))
                assert (found.unasked, found.proved) == (True, "")
            assert (await authenticator.check(ours, read(dmarc))).proved == "anna@example.org"
            assert (await authenticator.check(ours, read(spf))).unasked
            zone.dead = False
            resolver._cache.clear()  # which keeps what failed for less time than the DNS is left alone
            await asyncio.sleep(0.15)
            assert (await authenticator.check(envelope(), read(mail()))).proved == "anna@example.org"

    asyncio.run(run())


def test_A3_where_our_mail_server_writes_no_results_none_are_believed() -> None:
    told = "Authentication-Results: ; dmarc=pass header.from=example.org\r\n"

    async def run() -> Authenticity:
        async with name_server() as (resolver, _):
            given = envelope("127.0.0.1", trusted=True)
            return await Authenticator(resolver, "").check(given, read(mail(signed=False, top=told)))

    assert asyncio.run(run()).proved == ""


def test_A6_the_keys_that_prove_the_author_are_kept() -> None:
    async def run() -> tuple[Authenticity, Authenticity]:
        async with name_server() as (resolver, _):
            authenticator = Authenticator(resolver, "mx.us.example")
            signed = await authenticator.check(envelope(), read(mail()))
            return signed, await authenticator.check(envelope(), read(b"From: a@example.org\r\n\r\nx\r\n"))

    signed, bare = asyncio.run(run())
    assert signed.keys == (("s1._domainkey.example.org", KEY.record),)
    assert bare.keys == ()


def test_records_and_names() -> None:
    async def run() -> None:
        async with name_server(Limits(question=0.3)) as (resolver, server):

            async def ask(name: str, kind: str) -> Answer:
                return await resolver.ask(Question(name, kind), 0.3)  # type: ignore[arg-type]

            assert await ask("example.org", "MX") == Answer(Found.YES, ("mx1.example.org", "mx2.example.org"))
            assert await ask("_dmarc.example.org", "TXT") == Answer(Found.YES, ("v=DMARC1; p=reject",))
            assert await ask("1.2.0.192.in-addr.arpa", "PTR") == Answer(Found.YES, ("mx1.example.org",))
            assert await ask("v6.example", "AAAA") == Answer(Found.YES, ("2001:db8::1",))
            assert (await ask("v6.example", "A")).found is Found.NO_DATA
            assert (await ask("absent.example", "A")).found is Found.NO_NAME
            assert (await ask("slow.example", "TXT")).found is Found.FAILED
            before = len(server.asked)
            assert (await ask("x" * 64 + ".example", "A")).found is Found.NO_NAME
            assert (await ask("a..example", "A")).found is Found.NO_NAME
            assert len(server.asked) == before
            assert not Asker(resolver).unheard

    asyncio.run(run())
