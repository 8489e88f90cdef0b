"""What `listserver doctor` makes of what it found: each thing is ok, to be warned of, or bad, and what to do then.

Questions to the DNS are values (core.lookup); everything else comes as arguments.
"""

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

from listserver.core import dmarc as dmarc_record
from listserver.core import spf as spf_record
from listserver.core.envelope import AuthResult, DmarcPolicy, Reply
from listserver.core.lookup import Answer, Check, Found, Question

SOON = timedelta(days=14)  # in which a certificate is to be renewed
LATE, TOO_LATE = timedelta(hours=1), timedelta(days=1)  # that a copy has waited
FEW, TOO_FEW = 2**30, 100 * 2**20  # octets free on the disk


class State(StrEnum):
    """How it is with one thing."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. fix: what to do, "" where nothing is."""

    name: str
    state: State
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Line:
    """All is as it should be."""
    return Line(name, State.OK, text)


def warn(name: str, text: str, fix: str) -> Line:
    """Mail flows, but look at this."""
    return Line(name, State.WARN, text, fix)


def bad(name: str, text: str, fix: str) -> Line:
    """Mail is lost, refused or stands still."""
    return Line(name, State.BAD, text, fix)


def _unanswered(name: str, what: str) -> Line:
    return warn(name, f"The DNS did not answer for {what}.", "Try again; if it stays so, look at [dns] servers.")


@dataclass(frozen=True, slots=True)
class Sender:
    """Where our mail goes out. domain: of the lists. relay: its host, "" if it is on this machine.

    addresses: those that the world sees, as far as we know.
    """

    domain: str
    relay: str = ""
    addresses: tuple[str, ...] = ()


# --- DNS ------------------------------------------------------------------------------------------------------------
def addresses(host: str) -> Check[tuple[str, ...]]:
    """The IP addresses of a host."""
    four = yield Question(host, "A")
    six = yield Question(host, "AAAA")
    return four.records + six.records


def mx_addresses(domain: str) -> Check[tuple[str, ...]]:
    """The IP addresses of the hosts that take mail for a domain, at most ten hosts."""
    answer = yield Question(domain, "MX")
    found: list[str] = []
    for host in answer.records[:10]:
        found += yield from addresses(host)
    return tuple(found)


def mx_host(domain: str) -> Check[str]:
    """The host that takes mail for a domain, "" if none is known."""
    answer = yield Question(domain, "MX")
    return answer.records[0] if answer.records else ""


def is_public(address: str) -> bool:
    """Whether the world can reach an IP address."""
    return ip_address(address).is_global


def mx(domain: str) -> Check[Line]:
    """Whether mail for the lists' addresses finds a host (RFC 5321 §5.1)."""
    publish = f'Publish "{domain}. IN MX 10 HOST." with the name of the host that takes mail for the lists.'
    answer = yield Question(domain, "MX")
    if answer.found is Found.FAILED:
        return _unanswered("mx", f"the MX of {domain}")
    if answer.records in (("",), (".",)):
        return bad("mx", f"{domain} has a null MX: it says that it takes no mail (RFC 7505).", publish)
    if not answer.records:
        implied = yield from addresses(domain)
        if implied:
            return warn("mx", f"{domain} has no MX; mail goes to its address {implied[0]} instead.", publish)
        return bad("mx", f"{domain} has neither MX nor address: nobody can write to the lists.", publish)
    homeless = []
    for host in answer.records[:10]:
        found = yield from addresses(host)
        if not found:
            homeless.append(host)
    hosts = ", ".join(answer.records)
    if len(homeless) == len(answer.records[:10]):
        return bad("mx", f"The MX of {domain} is {hosts}, which has no address.", f"Publish an A record for {hosts}.")
    if homeless:
        names = ", ".join(homeless)
        return warn("mx", f"Of the MX of {domain}, {names} has no address.", "Publish one, or take it out of the MX.")
    return ok("mx", f"Mail for {domain} goes to {hosts}.")


def ptr(sender: Sender) -> Check[Line]:
    """Whether the addresses that we send from have names that lead back to them: Gmail and others refuse without."""
    if sender.relay:
        return ok("ptr", f"{sender.relay} sends for us: the reverse name is its operator's matter.")
    if not sender.addresses:
        return warn(
            "ptr",
            "This machine has no public address of its own, and the MX names none: the reverse name cannot be checked.",
            "Look whether the address that you send from has a PTR record: `dig -x ADDRESS`.",
        )
    named = []
    for address in sender.addresses:
        name, answer = yield from _reverse(address)
        if answer.found is Found.FAILED:
            return _unanswered("ptr", f"the name of {address}")
        fix = f"Ask who gave you {address} (the hosting company's web page) to set its reverse name to your host's."
        if not name:
            return bad("ptr", f"{address} has no reverse name; Gmail and Outlook refuse mail from it.", fix)
        back = yield from addresses(name)
        if ip_address(address) not in {ip_address(one) for one in back}:
            fix = f"Publish an address record of {name} with {address}, or have the reverse name changed."
            return bad("ptr", f"{address} is named {name}, but that name does not lead back to it.", fix)
        named.append(f"{address} is {name}")
    return ok("ptr", f"{', '.join(named)}, and back.")


def _reverse(address: str) -> Generator[Question, Answer, tuple[str, Answer]]:
    answer = yield Question(ip_address(address).reverse_pointer, "PTR")
    return (answer.records[0] if answer.records else ""), answer


def spf(sender: Sender) -> Check[Line]:
    """Whether the domain says that we may send for it (RFC 7208)."""
    mechanism = f"a:{sender.relay}" if sender.relay else "mx"
    record = f'{sender.domain}. IN TXT "v=spf1 {mechanism} -all"'
    hint = f" (or what {sender.relay} asks you to write, often include:…)" if sender.relay else ""
    answer = yield Question(sender.domain, "TXT")
    if answer.found is Found.FAILED:
        return _unanswered("spf", sender.domain)
    found = [text for text in answer.records if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return bad(
            "spf", f"{sender.domain} has no SPF record; Gmail and Yahoo ask for one.", f"Publish: {record}{hint}"
        )
    if len(found) > 1:
        return bad("spf", f"{sender.domain} has {len(found)} SPF records; that counts as none.", "Leave only one.")
    for address in sender.addresses:
        result, _ = yield from spf_record.check(address, sender.domain, f"postmaster@{sender.domain}")
        if result is AuthResult.TEMPERROR:
            return _unanswered("spf", "what the SPF record names")
        if result is AuthResult.PERMERROR:
            return bad("spf", f"The SPF record {found[0]!r} is broken.", f"Publish instead: {record}{hint}")
        if result is not AuthResult.PASS:
            text = f"The SPF record {found[0]!r} gives {result} for {address}."
            fix = f"Let it name where mail goes out, such as: {record}{hint}"
            return (bad if result is AuthResult.FAIL and not sender.relay else warn)("spf", text, fix)
    whom = f" It allows {', '.join(sender.addresses)}." if sender.addresses else ""
    return ok("spf", f"{found[0]!r} stands in the DNS.{whom}")


def dkim(keys: Sequence[tuple[str, str, str]]) -> Check[Line]:
    """Whether the DNS has the public halves of our keys. keys: name, value of the record, state (active, next, old)."""
    current = [key for key in keys if key[2] == "active"]
    if not current:
        return bad(
            "dkim",
            "There are no keys: copies go out unsigned, and Gmail and Yahoo refuse lists without a signature.",
            "`listserver dkim create` makes them and prints the records to publish.",
        )
    coming, missing, other = [], [], False
    for name, value, state in keys:
        if state == "old":
            continue
        answer = yield Question(name, "TXT")
        if answer.found is Found.FAILED:
            return _unanswered("dkim", name)
        published = {_tags(text) for text in answer.records}
        if _tags(value) in published:
            continue
        if state == "next":
            coming.append(name)
            continue
        missing.append((name, value))
        other = other or bool(published)
    if missing:
        what = "has another key than ours" if other else "lacks our keys"
        names = ", ".join(name for name, _ in missing)
        records = " and ".join(f"{name}. IN TXT {value}" for name, value in missing)
        return bad("dkim", f"The DNS {what}, so our signatures fail: {names}.", f"Publish: {records}")
    if coming:
        return warn("dkim", f"The next key, {coming[0]}, is not in the DNS yet.", "Publish what `dkim show` prints.")
    return ok("dkim", f"The DNS has our keys: {', '.join(name.split('.')[0] for name, _, _ in current)}.")


def _tags(record: str) -> frozenset[str]:
    """A tag list without what its spelling does not change."""
    return frozenset("".join(tag.split()) for tag in record.split(";") if tag.strip())


def dmarc(domain: str) -> Check[Line]:
    """Whether the domain has a DMARC policy (RFC 9989)."""
    outcome = yield from dmarc_record.discover(domain)
    if outcome.result is AuthResult.TEMPERROR:
        return _unanswered("dmarc", f"_dmarc.{domain}")
    if outcome.policy is DmarcPolicy.ABSENT:
        record = f'_dmarc.{domain}. IN TXT "v=DMARC1; p=none"'
        return warn("dmarc", f"{domain} has no DMARC record; Gmail and Yahoo ask for one.", f"Publish: {record}")
    return ok("dmarc", f"The policy of {domain} is {outcome.policy}.")


# --- this machine -----------------------------------------------------------------------------------------------------
def certificate(name: str, names: Iterable[str], until: datetime, now: datetime) -> Line:
    """A server's certificate. name: the host's, "" if unknown; names: that it is for; until: its last moment."""
    fix = "Have it renewed, then `systemctl reload listserver`."
    if until <= now:
        return bad("tls", f"The certificate ended on {until:%Y-%m-%d}: many senders will not deliver.", fix)
    if until - now < SOON:
        return warn("tls", f"The certificate ends on {until:%Y-%m-%d}.", fix)
    known = sorted(names)
    if name and not any(_covers(one, name) for one in known):
        return warn("tls", f"The certificate is for {', '.join(known)}, not for {name}.", f"Get one for {name}.")
    return ok("tls", f"The certificate is good until {until:%Y-%m-%d}.")


def no_certificate(public: bool) -> Line:
    """public: whether our door is open to the world, with no mail server in front."""
    if public:
        fix = "Name a certificate: [smtp] tls_cert and tls_key."
        return warn("tls", "Mail comes to us from the world without TLS.", fix)
    return ok("tls", "The mail server in front of us is the one that speaks TLS.")


def _covers(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    return pattern == name or (pattern.startswith("*.") and pattern[1:] == name[name.find(".") :])


def operator(address: str, *, ours: bool) -> Line:
    """Whether what is written to postmaster@ and abuse@ reaches a person. ours: the address is one of the lists'."""
    if not ours:
        return ok("operator", f"Mail to postmaster@ and abuse@ goes to {address}.")
    text = f"Mail to postmaster@ and abuse@ goes to {address}, which is here too: nobody gets it."
    return warn("operator", text, 'Write admin_email = "…" into listserver.toml, with an address that somebody reads.')


def unattended(lists: Sequence[str]) -> Line:
    """lists: those with neither owner nor moderator."""
    if not lists:
        return ok("owners", "Each list has somebody who is told of posts that wait.")
    text = f"Nobody is told of posts that wait on: {', '.join(lists[:20])}{' …' if len(lists) > 20 else ''}."
    return warn("owners", text, f"`listserver member add {lists[0]} ADDRESS --role owner`")


def disk(free: int, path: str) -> Line:
    """free: octets where the data lies."""
    text = f"{free / 2**30:.1f} GiB are free for {path}."
    if free < TOO_FEW:
        return bad("disk", text, "Make room now: without it no mail can be taken.")
    return warn("disk", text, "Make room.") if free < FEW else ok("disk", text)


def clock(synchronised: bool | None, ahead: float) -> Line:
    """synchronised: whether the kernel says so, None if it says nothing. ahead: seconds that what was written in the
    database is ahead of our clock."""
    if ahead > 60:
        return bad(
            "clock",
            f"The database knows moments that are {ahead:.0f} seconds ahead of this clock.",
            "Set the clock: `timedatectl set-ntp true`. Signatures and retries depend on it.",
        )
    if synchronised is False:
        return warn("clock", "Nothing keeps this machine's clock right.", "Run `timedatectl set-ntp true`, or chrony.")
    return ok("clock", "The clock is right, as far as can be seen from here.")


def queue(waiting: int, failed: int, oldest: timedelta | None, why: str = "") -> Line:
    """waiting: copies. failed: what was given up. oldest: how long the first of them has waited. why: "" if unknown."""
    said = f" It was said: {' '.join(why.split())[:200]}" if why else ""
    if oldest is not None and waiting and oldest > LATE:
        hours = oldest.total_seconds() / 3600
        text = f"{waiting} copies wait to go out, the oldest for {hours:.1f} hours.{said}"
        fix = "`listserver queue status` and the log say why; `listserver queue retry` tries at once."
        return (bad if oldest > TOO_LATE else warn)("queue", text, fix)
    if failed:
        fix = "`listserver queue status` shows them; `retry ID` or `cancel ID`."
        return warn("queue", f"{failed} deliveries or notices were given up or stopped.{said}", fix)
    return ok("queue", f"{waiting} copies wait to go out." if waiting else "Nothing waits.")


_BLOCKED = re.compile(
    r"spamhaus|spamcop|barracuda|proofpoint|sorbs|uceprotect|dnsbl|\brbls?\b|block ?-?list|black ?-?list|deny ?-?list"
    r"|reputation|\bS3140\b|\b5\.7\.(?:511|606|60[67]|708|750)\b|blocked using|(?:IP|address) .{0,60}(?:listed|blocked)"
    r"|unsolicited|unusual rate",
    re.IGNORECASE,
)


def refusals(texts: Sequence[str]) -> Line:
    """Whether refusals sound as if we were on a blocklist. texts: what receivers said in the last days."""
    found = [text for text in texts if _BLOCKED.search(text[:1000])]
    if not found:
        return ok("refusals", f"Of {len(texts)} refusals of the last week none speaks of a blocklist.")
    said = " ".join(found[-1].split())[:200]
    return (bad if len(found) >= 20 else warn)(
        "refusals",
        f"{len(found)} refusals of the last week sound like a blocklist; the last: {said}",
        "Follow the link in it, or look your address up at check.spamhaus.org; mend the cause, ask to be taken off.",
    )


def database(engine: str, found: str, wanted: str, size: int) -> Line:
    """The schema that a database has, and the one that this program wants."""
    if not found:
        return bad("database", "The database is empty.", "`listserver db upgrade` makes its tables.")
    if found != wanted:
        fix = (
            "`listserver db backup FILE`, then `listserver db upgrade`." if found < wanted else "Install that release."
        )
        return bad("database", f"The database has schema {found}; this program wants {wanted}.", fix)
    return ok("database", f"{engine}, schema {found}, {size / 2**20:.1f} MiB.")


def ports(silent: Sequence[str], answering: Sequence[str]) -> Line:
    """Where `serve` should listen, and whether somebody answers there."""
    if silent:
        fix = "Start it: `systemctl start listserver`, or `listserver serve`; its log says what hinders it."
        return warn("ports", f"Nobody answers at {', '.join(silent)}: `listserver serve` does not run there.", fix)
    return ok("ports", f"There are answers at {', '.join(answering)}." if answering else "No port is configured.")


# --- the way out, and back ------------------------------------------------------------------------------------------
def relay(place: str, problem: str, refused: Reply | None) -> Line:
    """problem: why there is no conversation with it, "" if there was one. refused: what it said to our sender."""
    if problem:
        return bad("relay", f"{place} cannot be used: {problem}.", "Look at [relay] url and at the relay's own log.")
    if refused is not None:
        text = f"{place} does not take mail from us: {refused.code} {refused.status} {refused.text}"
        fix = "Let it relay for this host (Postfix: mynetworks), or give user and password in [relay] url."
        return bad("relay", text, fix) if not refused.temporary else warn("relay", text, fix)
    return ok("relay", f"{place} takes mail from our addresses.")


def mta(place: str, ours: Reply | None, foreign: Reply | None) -> Line:
    """A mail server on this machine. ours, foreign: its refusals of an address that we have, and of one that we do not;
    None where it took it."""
    how = "`listserver config mta postfix` (or exim, opensmtpd) prints the lines that connect it to us."
    if ours is not None:
        text = f"{place} refuses mail to our own addresses: {ours.code} {ours.text}"
        return (warn if ours.temporary else bad)("mta", text, how)
    if foreign is None or foreign.temporary:
        text = f"{place} does not refuse addresses that do not exist: each such mail makes a bounce to somebody."
        return warn("mta", text, how)
    return ok("mta", f"{place} takes mail for our addresses and refuses others.")


def loop(seconds: float | None, waited: float) -> Line:
    """seconds: after which a mail to ourselves was back; None if it was not within `waited`."""
    if seconds is not None:
        return ok("loop", f"A mail to ourselves was back after {seconds:.1f} seconds.")
    return warn(
        "loop",
        f"A mail to ourselves was not back after {waited:.0f} seconds.",
        "The relay's log says where it went. `serve` must run, and the MX must lead to it or to a server before it.",
    )


def forgery(authserv_id: str, *, passed: bool) -> Line:
    """passed: results that we wrote into our mail to ourselves, in the mail server's name, were still in it (A3)."""
    if not passed:
        return ok("forgery", f"Nobody else's Authentication-Results come in under the name {authserv_id}.")
    return warn(
        "forgery",
        f"Authentication-Results that anybody writes under the name {authserv_id} come in and are believed: "
        "whoever does can act for a member.",
        "Let the mail server remove them (RFC 8601 section 5; OpenDKIM and rspamd can). Where it writes none itself: "
        '[auth] authserv_id = "none".',
    )


def mailbox(place: str, problem: str) -> Line:
    """The mailbox that is fetched. problem: why it cannot be, "" if it can."""
    if problem:
        return bad("imap", f"The mailbox {place} cannot be fetched: {problem}", "Look at [imap] url and folder.")
    return ok("imap", f"The mailbox {place} can be fetched.")


def worst(lines: Iterable[Line]) -> State:
    """The worst state of all."""
    return max((line.state for line in lines), key=list(State).index, default=State.OK)
