"""DMARC (RFC 9989): what an author's domain asks for, and whether SPF or DKIM speaks for it. No suffix list: tree walk.

A generator of DNS questions, see core.lookup. Section numbers are those of RFC 9989.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from listserver.core.address import a_label
from listserver.core.envelope import AuthResult, DmarcPolicy
from listserver.core.lookup import Check, Found, Question

MAX_LABELS = 8  # §4.10: with the first question, at most eight
_POLICIES = {"none": DmarcPolicy.NONE, "quarantine": DmarcPolicy.QUARANTINE, "reject": DmarcPolicy.REJECT}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEAKER = {DmarcPolicy.REJECT: DmarcPolicy.QUARANTINE, DmarcPolicy.QUARANTINE: DmarcPolicy.NONE}


@dataclass(frozen=True, slots=True)
class Record:
    """A DMARC record (§4.7). policy None: it has no valid p= (and no rua=), so it is not applied (§4.10.1)."""

    policy: DmarcPolicy | None
    sub: DmarcPolicy | None = None
    absent: DmarcPolicy | None = None
    strict_dkim: bool = False
    strict_spf: bool = False
    psd: Literal["y", "n", "u"] = "u"
    testing: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """result: none where no record applies. policy: what the domain asks for a mail that fails, t=y considered.
    organizational: the organizational domain, "" where nothing was found out."""

    result: AuthResult
    policy: DmarcPolicy
    organizational: str = ""


@dataclass(frozen=True, slots=True)
class _Walk:
    """The records found on the way up, most labels first, and the organizational domain (§4.10.2)."""

    records: tuple[tuple[str, Record], ...]
    organizational: str


class _NoAnswer(Exception):
    """The DNS did not answer (§5.3.6)."""


def parse(text: str) -> Record | None:
    """A TXT record as DMARC record; None if it is none. Errors beyond v= fall back to defaults (§4.7)."""
    pieces = [piece.partition("=") for piece in text.split(";")]
    if pieces[0][0].strip() != "v" or pieces[0][2].strip() != "DMARC1":
        return None
    found: dict[str, str] = {}
    for name, equals, value in pieces[1:]:
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    policy, sub, absent = (_POLICIES.get(found.get(name, "").lower()) for name in ("p", "sp", "np"))
    if policy is None or (sub is None and "sp" in found) or (absent is None and "np" in found):  # §4.10.1
        policy, sub, absent = (DmarcPolicy.NONE if _reports(found) else None), None, None
    psd = found.get("psd", "u").lower()
    return Record(
        policy,
        sub,
        absent,
        found.get("adkim", "r").lower() == "s",
        found.get("aspf", "r").lower() == "s",
        "y" if psd == "y" else "n" if psd == "n" else "u",
        found.get("t", "n").lower() == "y",
    )


def _reports(found: dict[str, str]) -> bool:
    """Whether rua= holds a URI (§4.8)."""
    return any(_URI.match(uri.strip()) for uri in found.get("rua", "").split(","))


def check(author_domain: str, spf: tuple[AuthResult, str], dkim: Sequence[tuple[str, AuthResult]]) -> Check[Outcome]:
    """Evaluate a mail. author_domain: of From, U- or A-labels. spf: result, domain. dkim: domain, result of each."""
    domain = a_label(author_domain.strip(".").lower())
    try:
        walk = yield from _walk(domain)
        found = _applied(walk, domain)
        if found is None:
            return Outcome(AuthResult.NONE, DmarcPolicy.ABSENT, walk.organizational)
        where, record = found
        policy = yield from _policy(record, where, domain)
        result = yield from _result(
            record,
            domain,
            walk.organizational,
            [(spf[1], spf[0], record.strict_spf), *((of, result, record.strict_dkim) for of, result in dkim)],
        )
    except _NoAnswer:
        return Outcome(AuthResult.TEMPERROR, DmarcPolicy.ABSENT)
    return Outcome(result, policy, walk.organizational)


def discover(author_domain: str) -> Check[Outcome]:
    """Only what the author's domain asks for, e.g. before a From is kept or rewritten. result: none, or temperror."""
    return (yield from check(author_domain, (AuthResult.NONE, ""), ()))


def _walk(domain: str) -> Check[_Walk]:
    """The DNS tree walk (§4.10)."""
    labels = domain.split(".")
    names = [domain]
    shorter = labels[1:] if len(labels) < MAX_LABELS else labels[-(MAX_LABELS - 1) :]
    names += [".".join(shorter[n:]) for n in range(len(shorter))]
    records: list[tuple[str, Record]] = []
    for name in names:
        record = yield from _record(name)
        if record is None:
            continue
        records.append((name, record))
        if record.psd == "n":
            return _Walk(tuple(records), name)
        if record.psd == "y":
            return _Walk(tuple(records), domain if name == domain else names[names.index(name) - 1])
    return _Walk(tuple(records), records[-1][0] if records else domain)


def _record(name: str) -> Check[Record | None]:
    answer = yield Question(f"_dmarc.{name}", "TXT")
    if answer.found is Found.FAILED:
        raise _NoAnswer
    found = [record for text in answer.records if (record := parse(text)) is not None]
    return found[0] if len(found) == 1 else None  # several count as none (§4.10)


def _applied(walk: _Walk, domain: str) -> tuple[str, Record] | None:
    """The record of the author's domain, else of the organizational domain, else of the public suffix (§4.10.1)."""
    records = dict(walk.records)
    for name in (domain, walk.organizational, *(name for name, record in walk.records if record.psd == "y")):
        if name in records:
            record = records[name]
            return (name, record) if record.policy is not None else None
    return None


def _policy(record: Record, where: str, domain: str) -> Check[DmarcPolicy]:
    policy = record.policy or DmarcPolicy.NONE
    if where != domain:
        policy = record.sub or policy
        if record.absent is not None and record.absent is not policy and not (yield from _exists(domain)):
            policy = record.absent
    return _WEAKER.get(policy, policy) if record.testing else policy


def _exists(domain: str) -> Check[bool]:
    """Whether there is such a name: only NXDOMAIN says that there is not (§3.2, A.4; RFC 8020)."""
    answer = yield Question(domain, "A")
    if answer.found is Found.FAILED:
        raise _NoAnswer
    return answer.found is not Found.NO_NAME


def _result(
    record: Record, domain: str, organizational: str, proofs: Sequence[tuple[str, AuthResult, bool]]
) -> Check[AuthResult]:
    """Pass if one aligned identifier passed (§4.4); temperror if one might have."""
    undecided = False
    for of, result, strict in sorted(proofs, key=lambda proof: proof[0] != domain):
        if result not in (AuthResult.PASS, AuthResult.TEMPERROR) or not of:
            continue
        if not (yield from _aligned(a_label(of.lower()), domain, organizational, strict)):
            continue
        if result is AuthResult.PASS:
            return AuthResult.PASS
        undecided = True
    return AuthResult.TEMPERROR if undecided else AuthResult.FAIL


def _aligned(of: str, domain: str, organizational: str, strict: bool) -> Check[bool]:
    if of == domain:
        return True
    related = of == organizational or of.endswith(f".{organizational}")
    if strict or not related:  # a domain outside cannot have the same organizational domain
        return False
    return (yield from _walk(of)).organizational == organizational
