"""SPF (RFC 7208): may this client send for this domain? A generator of DNS questions, see core.lookup."""

import ipaddress
from dataclasses import dataclass, replace

from listserver.core.envelope import AuthResult
from listserver.core.lookup import Answer, Check, Found, Question
from listserver.core.spf_record import Ip, Macros, Record, RecordError, Term, is_spf, parse

_RESULT = {"+": AuthResult.PASS, "-": AuthResult.FAIL, "~": AuthResult.SOFTFAIL, "?": AuthResult.NEUTRAL}
MAX_LOOKUPS = 10  # §4.6.4
MAX_VOID = 2
MAX_NAMES = 10


class _PermanentError(Exception):
    """The record, or the limits of §4.6.4, make an answer impossible."""


class _TemporaryError(Exception):
    """The DNS did not answer."""


@dataclass(slots=True)
class _Count:
    lookups: int = 0
    voids: int = 0

    def look(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _PermanentError("more than 10 lookups")


@dataclass(slots=True)
class _Session:
    """One evaluation: the client, the counters, and the macros' values."""

    ip: Ip
    macros: Macros
    count: _Count
    validated: bool = False  # whether macros.validated was looked up


def check(client: str, helo: str, sender: str) -> Check[tuple[AuthResult, str]]:
    """The SPF result and the domain that it is about.

    client: IP address. sender: MAIL FROM without <>; "" means the HELO identity (§2.4).
    """
    domain = sender.rpartition("@")[2] if sender else helo
    local = sender.rpartition("@")[0] or "postmaster"  # §4.3
    try:
        ip: Ip = ipaddress.ip_address(client)
    except ValueError:
        return AuthResult.NONE, domain.lower()
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    session = _Session(ip, Macros(ip, f"{local}@{domain}", helo), _Count())
    try:
        result = yield from _check_host(session, domain)
    except (_PermanentError, RecordError):
        result = AuthResult.PERMERROR
    except _TemporaryError:
        result = AuthResult.TEMPERROR
    return result, domain.lower()


def _check_host(session: _Session, domain: str) -> Check[AuthResult]:
    """§4. Nested by include and redirect, at most as often as lookups are allowed."""
    domain = domain.rstrip(".")
    if not _is_domain(domain) or "." not in domain:  # §4.3
        return AuthResult.NONE
    answer = yield Question(domain, "TXT")
    if answer.found is Found.FAILED:
        raise _TemporaryError
    records = [text for text in answer.records if is_spf(text)]
    if not records:
        return AuthResult.NONE
    if len(records) > 1:
        raise _PermanentError("two records")
    record = parse(records[0])
    for term in record.terms:
        if (yield from _matches(session, term, domain)):
            return _RESULT[term.qualifier]
    return (yield from _redirected(session, record, domain))


def _redirected(session: _Session, record: Record, domain: str) -> Check[AuthResult]:
    if not record.redirect:
        return AuthResult.NEUTRAL  # §4.7
    session.count.look()
    yield from _validate(session, record.redirect, domain)
    result = yield from _check_host(session, session.macros.expand(record.redirect, domain))
    if result is AuthResult.NONE:
        raise _PermanentError("redirect to a domain without a record")  # §6.1
    return result


def _matches(session: _Session, term: Term, domain: str) -> Check[bool]:
    if term.name == "all":
        return True
    if term.network is not None:
        return session.ip in term.network
    session.count.look()
    yield from _validate(session, term.domain, domain)
    target = session.macros.expand(term.domain, domain)
    if term.name == "include":
        result = yield from _check_host(session, target)
        if result is AuthResult.NONE:
            raise _PermanentError("include of a domain without a record")  # §5.2
        return result is AuthResult.PASS
    if not _is_domain(target):
        return False
    if term.name == "exists":
        return bool((yield from _ask(session, Question(target, "A"))))
    if term.name == "a":
        return (yield from _address_matches(session, target, term))
    if term.name == "mx":
        return (yield from _mx_matches(session, target, term))
    names = yield from _names_of_client(session)
    return any(name == target.lower() or name.endswith(f".{target.lower()}") for name in names)


def _mx_matches(session: _Session, target: str, term: Term) -> Check[bool]:
    hosts = yield from _ask(session, Question(target, "MX"))
    if len(hosts) > MAX_NAMES:
        raise _PermanentError("more than 10 MX")  # §4.6.4
    for host in hosts:
        if (yield from _address_matches(session, host.rstrip("."), term)):
            return True
    return False


def _address_matches(session: _Session, host: str, term: Term) -> Check[bool]:
    if not _is_domain(host):
        return False
    four = session.ip.version == 4
    addresses = yield from _ask(session, Question(host, "A" if four else "AAAA"))
    length = term.cidr4 if four else term.cidr6
    return any(session.ip in ipaddress.ip_network(f"{address}/{length}", strict=False) for address in addresses)


def _ask(session: _Session, question: Question) -> Check[tuple[str, ...]]:
    """Ask; count void answers (§4.6.4)."""
    answer: Answer = yield question
    if answer.found is Found.FAILED:
        raise _TemporaryError
    if not answer.records:
        session.count.voids += 1
        if session.count.voids > MAX_VOID:
            raise _PermanentError("more than 2 void lookups")
    return answer.records


def _names_of_client(session: _Session) -> Check[tuple[str, ...]]:
    """The client's validated names (§5.5): PTR names whose addresses include the client. Failures do not match."""
    answer = yield Question(session.ip.reverse_pointer, "PTR")
    names = []
    for name in answer.records[:MAX_NAMES]:
        name = name.rstrip(".").lower()
        addresses = yield Question(name, "A" if session.ip.version == 4 else "AAAA")
        if any(ipaddress.ip_address(address) == session.ip for address in addresses.records):
            names.append(name)
    return tuple(names)


def _validate(session: _Session, spec: str, domain: str) -> Check[None]:
    """Look up the name for %{p}, once, if the domain-spec has it (§7.3)."""
    if session.validated or "%{p" not in spec.lower():
        return
    session.validated = True
    names = yield from _names_of_client(session)
    lower = domain.lower()
    best = sorted(names, key=lambda name: (name != lower, not name.endswith(f".{lower}")))
    if best:
        session.macros = replace(session.macros, validated=best[0])


def _is_domain(domain: str) -> bool:
    return 0 < len(domain) <= 253 and all(0 < len(label) <= 63 for label in domain.split("."))
