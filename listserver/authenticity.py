"""Who an inbound is really from: what our own mail server found, or SPF, DKIM and DMARC looked up here.

The checks themselves are pure (core.spf, core.dkim, core.dmarc); here their questions meet the DNS: cached, bounded in
time and in number for each mail. Looked up before any transaction, so that no database waits for a name server.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from listserver import log
from listserver.core import arc, authres, dkim, dmarc, mitigation, spf
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope
from listserver.core.lookup import FAILED, Answer, Check, Found, Question
from listserver.core.message import Post

T = TypeVar("T")

_LARGE = 262_144  # octets of a mail from which on it is hashed in a thread
_CACHED = 20_000  # answers
_KEEP_MOST, _KEEP_ABSENT, _KEEP_FAILED = 3600.0, 300.0, 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one mail: seconds for one question and for all, and how many questions. pause: seconds for which nothing is
    asked after the DNS as a whole has not answered."""

    question: float = 3.0
    whole: float = 10.0
    questions: int = 60
    pause: float = 60.0


class Resolver:
    """Asks the DNS. servers: (host, port); empty means those of the system."""

    def __init__(self, servers: Sequence[tuple[str, int]] = (), limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._resolver = _configured(servers)
        self._down_until = 0.0
        self.heard = -math.inf  # when a name server last answered
        self._cache: dict[Question, tuple[Answer, float]] = {}  # and until when it holds

    @property
    def usable(self) -> bool:
        """Whether there is a name server, and it was not found dead just now."""
        return self._resolver is not None and time.monotonic() >= self._down_until

    @property
    def nothing(self) -> Authenticity:
        """What is known of a mail while no name server answers. If one did before, that passes: the mail can wait."""
        return Authenticity(dmarc=AuthResult.TEMPERROR) if self.heard > 0 else Authenticity()

    async def alive(self) -> bool:
        """Whether the DNS answers at all; for when all questions of a mail failed. If not, it is left alone a while."""
        if (await self._fetch(Question("", "A"), self.limits.question))[0].found is not Found.FAILED:
            return True
        self._down_until = time.monotonic() + self.limits.pause
        log.warning(log.Event.DNS_DOWN, pause=self.limits.pause)
        return False

    async def ask(self, question: Question, seconds: float) -> Answer:
        """One answer, from the cache if it is there. Never raises: what cannot be known is FAILED."""
        now = time.monotonic()
        known = self._cache.get(question)
        if known is not None and now < known[1]:
            return known[0]
        answer, keep = await self._fetch(question, seconds)
        if len(self._cache) >= _CACHED:
            self._cache = {q: kept for q, kept in self._cache.items() if now < kept[1]}
            if len(self._cache) >= _CACHED:
                self._cache.clear()
        self._cache[question] = answer, now + min(keep, _KEEP_MOST)
        return answer

    async def _fetch(self, question: Question, seconds: float) -> tuple[Answer, float]:
        """The answer, and for how many seconds it holds."""
        name = _name(question.name)
        if name is None:
            return Answer(Found.NO_NAME), _KEEP_MOST
        if self._resolver is None:
            return FAILED, 0.0
        try:
            got = await self._resolver.resolve(name, question.kind, lifetime=seconds, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            self.heard = time.monotonic()
            return Answer(Found.NO_NAME), _KEEP_ABSENT
        except (dns.exception.DNSException, OSError, ValueError):
            return FAILED, _KEEP_FAILED
        self.heard = time.monotonic()
        if got.rrset is None:
            return Answer(Found.NO_DATA), _KEEP_ABSENT
        return Answer(Found.YES, tuple(_texts(question.kind, list(got.rrset)))), float(got.rrset.ttl)


class Asker:
    """The questions of one mail, within its limits."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._began = time.monotonic()
        self._asked = self._failed = 0

    async def run(self, check: Check[T], large: bool = False) -> T:
        """A check's result. large: its steps hash much and go to a thread."""
        answer: Answer | None = None
        while True:
            step: Callable[[], tuple[Question | None, T | None]] = partial(_step, check, answer)
            question, result = await asyncio.to_thread(step) if large else step()
            if question is None:
                return result  # type: ignore[return-value]  # T may itself be None
            answer = await self._answer(question)

    @property
    def unheard(self) -> bool:
        """Whether questions failed, and nobody answered any since the first."""
        return self._failed > 0 and self._resolver.heard < self._began

    async def _answer(self, question: Question) -> Answer:
        limits = self._resolver.limits
        left = self._began + limits.whole - time.monotonic()
        self._asked += 1
        answer = FAILED
        if left > 0 and self._asked <= limits.questions:
            answer = await self._resolver.ask(question, min(left, limits.question))
        self._failed += answer.found is Found.FAILED
        return answer


class Authenticator:
    """Finds out about mails.

    authserv_id: the name under which our own mail server writes its results, "" where it writes none.
    sealers: domains whose ARC seals count.
    seals: we seal what goes on, so that what was found has to be written down.
    """

    def __init__(
        self, resolver: Resolver, authserv_id: str, sealers: Collection[str] = (), *, seals: bool = False
    ) -> None:
        self._resolver = resolver
        self._authserv_id = authserv_id
        self._sealers = frozenset(name.lower() for name in sealers)
        self._seals = seals

    async def check(self, envelope: Envelope, post: Post) -> Authenticity:
        """What is known about where a mail is from; `source` is "" where the DNS does not answer at all.

        A trusted client's results are believed, and what they leave open is looked up; for other clients all is.
        """
        known = authres.believed(post, self._authserv_id) if envelope.trusted and self._authserv_id else None
        if not self._resolver.usable:
            return self._without_dns(known)
        asker = Asker(self._resolver)
        found = known or await self._own(asker, envelope, post)
        found = await self._with_dmarc(asker, post, found, conclusive=known is not None or not envelope.trusted)
        if asker.unheard and not await self._resolver.alive():
            return self._without_dns(known)
        return await self._with_keys(asker, post, await self._with_chain(asker, post, found))

    def _without_dns(self, known: Authenticity | None) -> Authenticity:
        nothing = self._resolver.nothing
        if known is not None and (known.dmarc is not AuthResult.NONE or nothing.dmarc is AuthResult.NONE):
            return known
        return nothing

    async def _with_chain(self, asker: Asker, post: Post, found: Authenticity) -> Authenticity:
        """Without the failure of DMARC that a forwarder caused, where only those whom we trust sealed what they saw.

        A chain proves nobody: it was the author's own server that was seen, not by us (RFC 8617 §7.2; standards A11).
        With what a seal of ours says, where we seal: what was found, whomever we trust.
        """
        doubted = found.dmarc is AuthResult.FAIL and bool(self._sealers) and post.first("ARC-Seal") is not None
        if not doubted and not self._seals:
            return found
        chain = await asker.run(arc.check(post.raw, int(time.time())), large=len(post.raw) > _LARGE)
        domain = post.authors[0].address.rpartition("@")[2] if post.authors else ""
        if self._seals and chain.result is not AuthResult.TEMPERROR:
            found = replace(found, chain=chain.result, results=authres.written(found, domain, chain.result))
        if doubted and self._sealers.issuperset(chain.sealers) and authres.tells_pass(chain.results, domain):
            return replace(found, dmarc=AuthResult.NONE)
        return found

    async def _with_keys(self, asker: Asker, post: Post, found: Authenticity) -> Authenticity:
        """With the author's DKIM keys where copies must prove themselves by them (A6); the answers are in the cache."""
        if found.dmarc_policy not in mitigation.STRICT or not post.authors or not post.first("DKIM-Signature"):
            return found
        domain = post.authors[0].address.rpartition("@")[2]
        check = mitigation.author_keys(post.raw, domain, int(time.time()))
        return replace(found, keys=await asker.run(check, large=len(post.raw) > _LARGE))

    async def _own(self, asker: Asker, envelope: Envelope, post: Post) -> Authenticity:
        result, domain = AuthResult.NONE, ""
        if envelope.client and not envelope.trusted:  # A1: only of the true client
            result, domain = await asker.run(spf.check(envelope.client, envelope.helo, envelope.sender))
        signed: tuple[tuple[str, AuthResult], ...] = ()
        if post.first("DKIM-Signature"):
            verdicts = await asker.run(dkim.check(post.raw, int(time.time())), large=len(post.raw) > _LARGE)
            signed = tuple((verdict.domain, verdict.result) for verdict in verdicts)
        return Authenticity(source="ours", spf=result, spf_domain=domain, dkim=signed)

    async def _with_dmarc(self, asker: Asker, post: Post, found: Authenticity, *, conclusive: bool) -> Authenticity:
        """conclusive: SPF was checked somewhere. Where it was not, DKIM alone can prove a mail, but not disprove it."""
        domains = {box.address.rpartition("@")[2].lower() for box in post.authors}
        if len(domains) != 1 or (found.dmarc is not AuthResult.NONE and found.dmarc_policy is not DmarcPolicy.ABSENT):
            return found  # none or several: not evaluated (RFC 9989 §5.3.1); or it is known already
        (domain,) = domains
        outcome = await asker.run(dmarc.check(domain, (found.spf, found.spf_domain), found.dkim))
        if found.dmarc is not AuthResult.NONE:  # our mail server's verdict stands, only the policy was not told
            return replace(found, dmarc_policy=outcome.policy)
        proved = post.authors[0].address if outcome.result is AuthResult.PASS and len(post.authors) == 1 else ""
        failed = outcome.result is AuthResult.FAIL
        result = outcome.result if conclusive or not failed else AuthResult.NONE
        return replace(found, dmarc=result, dmarc_policy=outcome.policy, proved=proved)


def _step(check: Check[T], answer: Answer | None) -> tuple[Question | None, T | None]:
    try:
        return (next(check) if answer is None else check.send(answer)), None
    except StopIteration as end:
        return None, end.value


def _configured(servers: Sequence[tuple[str, int]]) -> dns.asyncresolver.Resolver | None:
    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:
        return None
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
    resolver.retry_servfail = False
    return resolver


def _name(text: str) -> dns.name.Name | None:
    """An absolute name of just these labels: no search list, no escapes. None if the DNS cannot have it."""
    labels = [label.encode("utf-8", "surrogatepass") for label in text.rstrip(".").split(".") if text]
    try:
        return dns.name.Name((*labels, b""))
    except dns.exception.DNSException:
        return None


def _texts(kind: str, rows: list[Any]) -> list[str]:
    """Records in the form of core.lookup.Answer."""
    if kind == "MX":
        rows.sort(key=lambda row: row.preference)
        return [row.exchange.to_text(omit_final_dot=True) for row in rows]
    if kind == "TXT":
        return [b"".join(row.strings).decode("latin-1") for row in rows]
    if kind == "PTR":
        return [row.target.to_text(omit_final_dot=True) for row in rows]
    return [row.address for row in rows]
