"""An inbound, whichever door it came through: route it, do what its address asks for, answer in the words of SMTP.

The same for every door and for import. It runs whole in one write transaction: the answer is given after the commit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from listserver import email_commands
from listserver.actions import aliases, bounces, forwarding, items, notices, posting
from listserver.actions.items import Done, ToPost
from listserver.core import address, loop_test, mailbox, reason_words
from listserver.core.address import Route, Verb
from listserver.core.answerable import answerable
from listserver.core.envelope import AuthResult, Envelope, Reply
from listserver.core.marks import mark_of
from listserver.core.message import Post, read
from listserver.core.misdirected import misdirected
from listserver.core.notices import YourPostRefused
from listserver.core.packing import pack
from listserver.core.policy import Check, Finding
from listserver.core.site import Site
from listserver.errors import Unavailable
from listserver.store import lists, ticks
from listserver.store.lists import List

UNKNOWN = Reply(550, "5.1.1", "There is no such address here. Please check its spelling.")
TAKEN = Reply(250, "2.6.0", "Thank you, we have it.")
UNASKED = Reply(451, "4.4.3", "No name server answers here, so nobody can say whom this is from. Please try again.")
NOT_OURS = Reply(550, "5.7.1", "We take mail for our own lists only.")
# Some hosts send reports to From, Sender or postmaster instead of the return address, and complaints to abuse@.
REPORTED_TO = (Verb.OWNER, Verb.REQUEST, Verb.ABUSE, Verb.POSTMASTER)


@dataclass(frozen=True, slots=True)
class Receiver:
    """What receiving needs besides the mail: the site, and the checks that it adds to ours."""

    site: Site
    checks: Sequence[Check] = ()


def prepare(envelope: Envelope, raw: bytes) -> posting.Arrived:
    """Read and pack a mail, before any transaction."""
    post = read(raw)
    _ = post.own, post.automatic  # worked out here, and kept by the post
    return posting.Arrived(envelope, post, pack(raw))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The archive that posts to an address go to, if nothing is changed meanwhile."""

    list_id: int
    language: str


def accept_recipient(conn: Connection, receiver: Receiver, recipient: str) -> Shelf | Reply | None:
    """Whether mail may come to that address: the refusal for RCPT if not (standards S18, S19).

    If so, the shelf of what comes to an address for posts, and None for other addresses of ours.
    """
    known: dict[str, List | None] = {}
    route = _route(conn, receiver.site, recipient, known)
    refusal = _refusal(route)
    if refusal is not None:
        return None if refusal is UNKNOWN and aliases.find(conn, receiver.site, recipient) else refusal
    lst = known[route.list] if route.list and route.verb in (Verb.POST, Verb.RE) else None
    return Shelf(lst.id, lst.settings.language) if lst else None


def receive(conn: Connection, receiver: Receiver, arrived: posting.Arrived, now: datetime) -> Reply:
    """File, hold, refuse or answer one mail for one of our addresses."""
    (reply,) = receive_all(conn, receiver, [arrived], now)
    return reply


def receive_all(conn: Connection, receiver: Receiver, mails: Sequence[posting.Arrived], now: datetime) -> list[Reply]:
    """`receive` for mails that wait together, each as if it came alone: posts last, and those of a list in one go."""
    replies: dict[int, Reply] = {}
    waiting: dict[int, list[tuple[int, posting.Arrived]]] = {}
    known: dict[str, List | None] = {}
    for number, arrived in enumerate(mails):
        found = _reply_or_post(conn, receiver, arrived, now, known)
        if isinstance(found, Reply):
            replies[number] = found
            known.clear()  # it may have been a command that changed a list
        else:
            waiting.setdefault(found.list.id, []).append((number, found.arrived))
    read = {lst.id: lst for lst in known.values() if lst is not None}
    for list_id in sorted(waiting):
        lst = read.get(list_id) or lists.get(conn, list_id)
        those = [arrived for _, arrived in waiting[list_id]]
        outcomes = posting.receive_all(conn, receiver.site, lst, those, now, receiver.checks)
        for (number, _), outcome in zip(waiting[list_id], outcomes, strict=True):
            replies[number] = _reply(lst, outcome)
    return [replies[number] for number in range(len(mails))]


@dataclass(frozen=True, slots=True)
class _Post:
    """A mail that is to be judged as a post of that list."""

    list: List
    arrived: posting.Arrived


def _reply_or_post(
    conn: Connection, receiver: Receiver, arrived: posting.Arrived, now: datetime, known: dict[str, List | None]
) -> Reply | _Post:
    """The reply to a mail that is no post of a list, once done. known: lists by name, as far as they were read."""
    route = _route(conn, receiver.site, arrived.envelope.recipient, known)
    refusal = _refusal(route)
    if refusal is UNKNOWN and (author := aliases.find(conn, receiver.site, arrived.envelope.recipient)):
        return aliases.pass_on(conn, receiver.site, arrived, author, now)
    if refusal is not None:
        return refusal
    lst = known[route.list] if route.list else None
    if route.verb is Verb.BOUNCE or (route.verb in REPORTED_TO and bounces.is_report(arrived)):
        token = route.argument if route.verb is Verb.BOUNCE else ""
        return bounces.receive(conn, receiver.site, lst, arrived, token, now)
    if lst is not None and (of_list := _of_list(conn, receiver, lst, route, arrived, now)):
        return of_list
    if route.verb is Verb.POSTMASTER and (number := loop_test.number(arrived.post, receiver.site)) is not None:
        ticks.tick(conn, loop_test.JOB, str(number), now)
        if arrived.envelope.trusted and loop_test.forged(arrived.post, receiver.site):
            ticks.tick(conn, loop_test.FORGED, str(number), now)
        return Reply(250, "2.6.0", "This is a test of our own, and it is back.")
    if route.verb in (Verb.POSTMASTER, Verb.ABUSE, Verb.RE):
        return _to_people(conn, receiver.site, lst, arrived, now)
    return email_commands.receive(conn, receiver.site, lst, route, arrived, now)


def _of_list(
    conn: Connection, receiver: Receiver, lst: List, route: Route, arrived: posting.Arrived, now: datetime
) -> Reply | _Post | None:
    """What posts, answers to items, and words about threads come to; None for all else."""
    if route.verb is Verb.POST and _is_for_robot(receiver.site, arrived):
        return email_commands.receive_misdirected(conn, receiver.site, lst, arrived, now)
    what: ToPost | Done | None = None
    match route.verb:
        case Verb.POST:
            what = items.to_list(conn, receiver.site, lst, arrived, now)
        case Verb.RE:
            what = items.resolve(conn, receiver.site, lst, route.argument, arrived, now)
        case Verb.REQUEST:
            what = items.marked(conn, receiver.site, lst, arrived, now)
        case _:
            return None
    if what is None:
        return None
    if isinstance(what, Done):
        return TAKEN
    if _marks_nothing(receiver.site, what.arrived):
        return email_commands.receive_misdirected(conn, receiver.site, lst, arrived, now)
    return UNASKED if what.arrived.envelope.authenticity.unasked else _Post(lst, what.arrived)


def _marks_nothing(site: Site, arrived: posting.Arrived) -> bool:
    """Whether it is but the word `mute` or `follow`, and answers no post that we know: nothing for the members."""
    return mark_of(arrived.post) is not None and answerable(arrived.post, arrived.envelope, site.domain)


def _is_for_robot(site: Site, arrived: posting.Arrived) -> bool:
    """L12: a bare "unsubscribe" is never distributed; who sent it is answered as if it had come to the robot."""
    post = arrived.post
    return misdirected(post.subject, post.own) is not None and answerable(post, arrived.envelope, site.domain)


def _to_people(conn: Connection, site: Site, lst: List | None, arrived: posting.Arrived, now: datetime) -> Reply:
    if lst is None:
        return forwarding.to_operator(conn, site, arrived, now)
    return forwarding.to_owners(conn, site, lst, arrived, now)


def refuse_by_mail(conn: Connection, receiver: Receiver, arrived: posting.Arrived, reply: Reply, now: datetime) -> None:
    """Tell an author by mail what the dialogue could not: other lists took the same mail (standards S16)."""
    known: dict[str, List | None] = {}
    route = _route(conn, receiver.site, arrived.envelope.recipient, known)
    lst = known[route.list] if route.list else None
    if lst is None or not arrived.post.authors or arrived.post.automatic:
        return
    to = arrived.post.authors[0].address
    language = notices.language_for(conn, receiver.site, lst, to)
    notice = YourPostRefused(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        subject=arrived.post.subject or "(no subject)",
        reasons=reason_words.of_refusal(reply.reasons, language) or (reply.text,),
        owner=receiver.site.address(f"{lst.name}+owner"),
    )
    mail_id = arrived.post.message_id
    notices.send(conn, receiver.site, notice, to, now, lst=lst, language=language, in_reply_to=mail_id, requested=True)


def recipients(conn: Connection, receiver: Receiver, post: Post) -> tuple[str, ...]:
    """The addresses of ours that a mail in a mailbox was sent to."""

    def ours(recipient: str) -> bool:
        return not isinstance(accept_recipient(conn, receiver, recipient), Reply)

    return mailbox.recipients(post, receiver.site.domain, ours)


def receive_once(conn: Connection, receiver: Receiver, arrived: posting.Arrived, now: datetime) -> Reply | None:
    """`receive` for a mail out of a mailbox; None where this recipient was given the same octets before.

    A mailbox may show a mail again: after a crash, to a second process, renumbered. A refusal cannot be said in a
    dialogue there: it is mailed, to an author who may be answered. Raises Unavailable where the mail has to wait.
    """
    envelope, post = arrived.envelope, arrived.post
    slot = f"{hashlib.sha256(post.raw).hexdigest()} {address.key(envelope.recipient)}"
    if not ticks.tick(conn, "imap", slot, now):
        return None
    reply = receive(conn, receiver, arrived, now)
    if reply.temporary:
        raise Unavailable(reply.text)
    forged = envelope.authenticity.dmarc is AuthResult.FAIL
    if not reply.accepted and not forged and answerable(post, envelope, receiver.site.domain):
        refuse_by_mail(conn, receiver, arrived, reply, now)
    return reply


def _route(conn: Connection, site: Site, recipient: str, known: dict[str, List | None]) -> Route:
    """What an address means. known: lists by name, as far as they were read; those of the route are added."""

    def exists(name: str) -> bool:
        if name not in known:
            known[name] = lists.find(conn, name)
        return known[name] is not None

    return address.route(recipient, site.domain, exists)


def _refusal(route: Route) -> Reply | None:
    match route.verb:
        case Verb.UNKNOWN:
            return UNKNOWN
        case Verb.FOREIGN:
            return NOT_OURS
        case _:
            return None


def _reply(lst: List, outcome: posting.Outcome) -> Reply:
    match outcome:
        case posting.Accepted(number):
            return Reply(250, "2.6.0", f"Thank you: post {number} of {lst.name} is on its way.")
        case posting.Held():
            return Reply(250, "2.6.0", f"Thank you: {lst.name} has it, and a moderator will look at it.")
        case posting.Rejected(findings):
            code, status = _CODES.get(findings[0].code, (550, "5.7.1"))
            reasons = tuple((finding.code, finding.author) for finding in findings)
            return Reply(code, status, _sentence(findings), reasons)
        case posting.Discarded(findings):
            return Reply(250, "2.6.0", _sentence(findings))
        case _:
            assert_never(outcome)


# Refusals that have a code of their own; the others are the list's policy (RFC 3463 §3.8).
_CODES = {
    "loop": (554, "5.4.6"),  # RFC 5321 §6.3; standards L4
    "unusable-author": (550, "5.6.0"),  # standards R2
    "too-big": (552, "5.3.4"),
    "forged": (550, "5.7.26"),  # RFC 7372 §3.3; standards S13
}
MAX_TEXT = 400  # octets of a reply line (RFC 5321 §4.5.3.1.5 allows 512, code and status included)


def _sentence(findings: Sequence[Finding]) -> str:
    text = " ".join(finding.author for finding in findings)
    plain = text.replace("“", '"').replace("”", '"').encode("ascii", "replace").decode("ascii")
    return plain if len(plain) <= MAX_TEXT else plain[: MAX_TEXT - 3] + "..."
