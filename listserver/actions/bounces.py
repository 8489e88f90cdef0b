"""What came back, and what follows from it: for a member whose address is in doubt, for a post that is not wanted.

Nobody is suspended for one failure, nobody removed without a month of mails that asked in vain, and a bounce that does
not carry a return address of ours changes nothing (standards B1-B5).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import access, forwarding, membership, notices, stopped_posts
from listserver.actions.access import Verb
from listserver.actions.joining import LEAVE
from listserver.actions.posting import Arrived
from listserver.core import address, bounce, bounce_score
from listserver.core.actor import PROGRAM, Actor, Proof
from listserver.core.address import bounce_address, bounce_address_in
from listserver.core.bounce import Report
from listserver.core.bounce_fields import Failure
from listserver.core.bounce_kind import Kind
from listserver.core.envelope import Reply
from listserver.core.notices import (
    MailCameBack,
    MailResumed,
    MemberSuspended,
    MemberUnreachable,
    Notice,
    PausedAfterComplaint,
)
from listserver.core.site import Site
from listserver.core.verp import Verp, member_token, read_member_token, read_verp_token, verp_token
from listserver.store import bounces, deliveries, events, lists, members, people
from listserver.store.bounces import Subscriber, Suspension
from listserver.store.lists import List

TAKEN = Reply(250, "2.6.0", "Thank you, it is noted.")
PROBE_WAIT = timedelta(days=3)  # a probe that did not come back by then has arrived
OUT = timedelta(days=30)  # of suspension, all probes having come back
PROBES = 2  # that came back, at least, before a membership ends
ANSWER_DAYS = 45  # for which a reply to a probe resumes
MOST_OF_BATCH = 100  # recipients of one transaction, so of one report
SAID = 200  # characters of another host's answer that we repeat
ROWS = 200  # suspensions that one transaction tends


@dataclass(frozen=True, slots=True)
class Charge:
    """One copy that was refused or came back. source: smtp, dsn, arf. day: on which it was sent, since 1970.

    sure: the report proves whose copy it was; else (equal copies, XVERP) a probe must show it first.
    """

    member_id: int
    list_id: int
    post_id: int | None
    failure: Failure
    source: str
    day: int
    sure: bool = True


def day_of(now: datetime) -> int:
    """Days since 1970."""
    return int(now.timestamp()) // 86_400


# --- what arrives -----------------------------------------------------------------------------------------------------
def is_report(arrived: Arrived) -> bool:
    """Whether a mail to people (-owner, -request, abuse@) is really a report about a mail of ours."""
    what = bounce.read(arrived.post).what
    by_itself = bool(arrived.post.automatic) or not arrived.envelope.sender
    return what == "complaint" or (by_itself and what in ("failed", "delayed", "delivered"))


def receive(conn: Connection, site: Site, lst: List | None, arrived: Arrived, token: str, now: datetime) -> Reply:
    """Take a report about a mail of ours. token: of the return address it came to, "" where it came elsewhere."""
    if not token:  # it may stand in the copy that came back, or in what the report says of it
        name, token = bounce_address_in(arrived.post.raw, site.domain)
        lst = lists.find(conn, name) if name else lst
        if not name and _complaint(conn, site, arrived, now):
            return TAKEN
    token, _, rest = token.partition("+")
    verp = read_verp_token(site.secret, lst.id, token) if lst else None
    if lst is not None and verp is not None:
        _about_copy(conn, site, lst, arrived, verp, rest, now)
        return TAKEN
    notice = read_verp_token(site.secret, 0, token)
    if notice is not None:
        _about_notice(conn, site, lst, arrived, notice, now)
    elif not stopped_posts.answered(conn, site, arrived, token, now):
        _drop(conn, lst, "token", now)  # B2: missing or wrong: forged, or about a mail that was never ours
    return TAKEN


def _complaint(conn: Connection, site: Site, arrived: Arrived, now: datetime) -> bool:
    """Whether a reader's complaint holds a copy of ours: its List-Unsubscribe names the member (most hide the rest)."""
    name, token = address.leave_address_in(arrived.post.raw, site.domain)
    lst = lists.find(conn, name) if name else None
    member_id = read_member_token(site.secret, LEAVE, token)
    if lst is None or member_id is None or bounce.read(arrived.post).what != "complaint":
        return False
    member = bounces.subscribers(conn, [member_id]).get(member_id)
    if member is not None and member.list_id == lst.id:
        complained(conn, site, lst, member, now)
    return True


def _about_copy(  # noqa: PLR0913
    conn: Connection, site: Site, lst: List, arrived: Arrived, verp: Verp, rest: str, now: datetime
) -> None:
    if day_of(now) - verp.day > ANSWER_DAYS:
        _drop(conn, lst, "old", now)
    elif verp.member_id == 0:
        _batch(conn, site, lst, arrived, verp, rest, now)
    else:
        _about_member(conn, site, lst, arrived, verp, now)


def _about_notice(
    conn: Connection, site: Site, lst: List | None, arrived: Arrived, notice: Verp, now: datetime
) -> None:
    """A report about a mail that we wrote; the token holds its number instead of a member's."""
    report = bounce.read(arrived.post)
    if day_of(now) - notice.day > bounce_score.OLDEST:
        _drop(conn, lst, "old", now)
    elif report.what == "failed" and report.failures:
        notice_came_back(conn, site, notice.member_id, report.failures[0], now)
    else:
        _drop(conn, lst, report.what, now)


def _drop(conn: Connection, lst: List | None, why: str, now: datetime) -> None:
    data = {"to": "bounces", "why": why}
    events.record(conn, "mail-dropped", PROGRAM, now, list_id=lst.id if lst else None, data=data)


def _about_member(conn: Connection, site: Site, lst: List, arrived: Arrived, verp: Verp, now: datetime) -> None:
    member = bounces.subscribers(conn, [verp.member_id]).get(verp.member_id)
    if member is None:  # has left meanwhile
        _drop(conn, lst, "left", now)
        return
    report = bounce.read(arrived.post, member.address)
    if report.what == "none" and arrived.envelope.sender and not arrived.post.automatic:
        _answered(conn, site, lst, member, arrived, now)
    elif day_of(now) - verp.day > bounce_score.OLDEST:
        _drop(conn, lst, "old", now)
    elif report.what == "complaint":
        complained(conn, site, lst, member, now)
    elif report.what == "failed" and report.failures:
        post_id = _post_of(conn, lst, report)
        charge(conn, site, [Charge(member.id, lst.id, post_id, report.failures[0], "dsn", verp.day)], now)
    else:
        _drop(conn, lst, report.what, now)


def _batch(  # noqa: PLR0913
    conn: Connection, site: Site, lst: List, arrived: Arrived, verp: Verp, rest: str, now: datetime
) -> None:
    """A report about some of many equal copies.

    rest: the recipient as the relay put it there (XVERP); "" where the report itself must say whose they were.
    """
    user, _, host = rest.rpartition("=")
    given = f"{user}@{host}" if user else ""
    report = bounce.read(arrived.post, given)
    failures = report.failures[: 1 if given else MOST_OF_BATCH] if report.what == "failed" else ()
    if day_of(now) - verp.day > bounce_score.OLDEST:
        _drop(conn, lst, "old", now)
        return
    post_id = _post_of(conn, lst, report)
    charges = {
        member_id: Charge(member_id, lst.id, post_id, failure, "dsn", verp.day, sure=False)
        for failure in failures
        if (member_id := _member_at(conn, lst, given or failure.address))
    }
    if charges:
        charge(conn, site, list(charges.values()), now)
    else:
        _drop(conn, lst, "left" if failures else report.what, now)


def _member_at(conn: Connection, lst: List, given: str) -> int:
    """The member of a list at this address, 0 if there is none."""
    person = people.find(conn, given)
    member = members.find(conn, lst.id, person.id) if person else None
    return member.id if member else 0


def _post_of(conn: Connection, lst: List, report: Report) -> int | None:
    return bounces.post_id(conn, lst.id, report.original_id) if report.original_id else None


def _answered(conn: Connection, site: Site, lst: List, member: Subscriber, arrived: Arrived, now: datetime) -> None:
    """A person wrote to a return address that was given to one member: that member's way back."""
    if member.state != "suspended":
        forwarding.to_owners(conn, site, lst, arrived, now)
        return
    resume(conn, Actor(Proof.TOKEN, member.address, member.person_id, "mail"), lst, member, now)
    notice = MailResumed(
        list_name=lst.name,
        list_title=_title(lst),
        address=member.address,
        archive=f"{site.base_url}/{lst.name}/" if site.base_url and lst.settings.archive != "none" else "",
        unsubscribe=_leave(site, lst, member),
    )
    notices.send(
        conn, site, notice, member.address, now, lst=lst, language=member.language,
        in_reply_to=arrived.post.message_id, requested=True,
    )  # fmt: skip


# --- members ----------------------------------------------------------------------------------------------------------
def charge(conn: Connection, site: Site, charges: Sequence[Charge], now: datetime) -> set[int]:
    """Record copies that came back, and do what follows; the ids of deliveries that stop for it.

    A few statements, however many charges; more only for each member who is suspended and each post that stops.
    """
    if not charges:
        return set()
    _record(conn, charges, now)
    stopped: set[int] = set()
    unwanted = Counter(one.post_id for one in charges if one.failure.kind is Kind.POLICY and one.post_id is not None)
    for post_id, count in unwanted.items():
        stopped |= stopped_posts.refused(conn, site, post_id, count, now)
    against = {one.member_id: one for one in charges if bounce_score.points(one.failure.kind)}
    if against:
        _judge(conn, site, against, now)
    return stopped


def _record(conn: Connection, charges: Sequence[Charge], now: datetime) -> None:
    deliveries.add_bounces(
        conn,
        [
            {
                "member": one.member_id,
                "list_id": one.list_id,
                "post_id": one.post_id,
                "address": one.failure.address,
                "kind": str(one.failure.kind),
                "day": one.day,
                "status": one.failure.status,
                "text": one.failure.text,
                "source": one.source,
                "at": now,
            }
            for one in charges
        ],
    )
    for one in charges:
        if one.source != "smtp":  # that has its own event
            said = {"address": one.failure.address, "kind": str(one.failure.kind), "status": one.failure.status}
            events.record(conn, "bounce-recorded", PROGRAM, now, list_id=one.list_id, data=said)


def _judge(conn: Connection, site: Site, against: dict[int, Charge], now: datetime) -> None:
    """Suspend whose score is reached."""
    since = now - timedelta(days=bounce_score.SLOW_DAYS)
    found = bounces.counting(conn, against, since)
    kinds = {member_id: [(Kind(kind), day) for kind, day in rows] for member_id, rows in found.items()}
    days = {
        list_id: {day_of(at) for at in bounces.posted(conn, list_id, since)}
        for list_id in {against[member_id].list_id for member_id in kinds}
    }
    reached = [i for i, rows in kinds.items() if bounce_score.dead(rows, days[against[i].list_id], day_of(now))]
    for member in bounces.subscribers(conn, reached).values() if reached else ():
        if member.state != "active":
            continue  # copies that were on their way
        failure = replace(against[member.id].failure, kind=bounce_score.worst(kind for kind, _ in kinds[member.id]))
        doubt = bounces.suspension(conn, member.id)
        if doubt is not None and doubt.since is not None:
            bounces.forget(conn, member.id)  # they came back by another way: what was before does not count
        elif against[member.id].sure:
            _suspend(conn, site, member, failure, now)
        elif doubt is None:
            bounces.add_suspension(conn, member_id=member.id, why=str(failure.kind))
            _probe(conn, site, lists.get(conn, member.list_id), member, failure, now)


def _suspend(conn: Connection, site: Site, member: Subscriber, failure: Failure, now: datetime) -> None:
    lst = lists.get(conn, member.list_id)
    _halt(conn, lst, member, str(failure.kind), now)
    _probe(conn, site, lst, member, failure, now)
    notice = MemberSuspended(
        lst.name, _title(lst), member.address, str(failure.kind), failure.text[:SAID], _date(now + OUT)
    )
    _tell_owners(conn, site, lst, notice, member, now)


def _halt(conn: Connection, lst: List, member: Subscriber, why: str, now: datetime) -> None:
    """Nothing is sent to them from now on."""
    whole = members.find(conn, lst.id, member.person_id)
    assert whole is not None
    members.set_receives(conn, whole, membership.NOTHING)
    members.set_values(conn, whole, state="suspended")
    bounces.lift(conn, member.id)
    bounces.add_suspension(conn, member_id=member.id, since=now, why=why)
    data = {"address": member.address, "why": why}
    events.record(conn, "member-suspended", PROGRAM, now, list_id=lst.id, person_id=member.person_id, data=data)


def _probe(conn: Connection, site: Site, lst: List, member: Subscriber, failure: Failure, now: datetime) -> None:
    """Ask the address itself. The return address is that of the notice; an answer goes to the member's own."""
    notice = MailCameBack(
        list_name=lst.name,
        list_title=_title(lst),
        address=member.address,
        why=str(failure.kind),
        text=failure.text[:SAID],
        until=_date(now + OUT),
        owner=site.address(f"{lst.name}+owner"),
    )
    reply_to = _way_back(site, lst, member, now)
    notice_id = notices.send(
        conn, site, notice, member.address, now, lst=lst, language=member.language, reply_to=reply_to
    )
    bounces.set_suspension(conn, member.id, probe_id=notice_id or None, probed_at=now)
    if notice_id:
        bounces.mark_probe(conn, notice_id, member.id)


def notice_came_back(conn: Connection, site: Site, notice_id: int, failure: Failure, now: datetime) -> None:
    """A mail that we wrote did not arrive: nobody can have its token; if it was a probe, it has failed."""
    notice = bounces.notice(conn, notice_id)
    if notice is not None:  # else it is of some days ago, and forgotten
        bounces.kill_tokens(conn, {notice.address, address.key(notice.address)}, notice.created_at, now)
        said = {"address": notice.address, "kind": str(failure.kind), "notice": notice.name}
        events.record(conn, "bounce-recorded", PROGRAM, now, list_id=notice.list_id, data=said)
    found = bounces.of_probe(conn, notice_id)
    if found is None or not bounce_score.points(failure.kind):  # not wanted there, so there is somebody
        return
    if found.since is None and found.member.state == "active":
        _suspend(conn, site, found.member, failure, now)
    else:
        bounces.set_suspension(conn, found.member.id, probe_id=None, failures=found.failures + 1)


def complained(conn: Connection, site: Site, lst: List, member: Subscriber, now: datetime) -> None:
    """Their mail program says that our mail is spam: pause it, and say how to have it again (B5)."""
    complaint = Failure(member.address, Kind.COMPLAINT, "", "")
    _record(conn, [Charge(member.id, lst.id, None, complaint, "arf", day_of(now))], now)
    if member.state != "active":
        return
    _halt(conn, lst, member, str(Kind.COMPLAINT), now)
    notice = PausedAfterComplaint(
        lst.name, _title(lst), member.address, _leave(site, lst, member), site.address(f"{lst.name}+owner")
    )
    reply_to = _way_back(site, lst, member, now)
    notices.send(conn, site, notice, member.address, now, lst=lst, language=member.language, reply_to=reply_to)


def resume(conn: Connection, actor: Actor, lst: List, member: Subscriber, now: datetime) -> None:
    """What spoke against their address is forgotten; if they were suspended, copies come again."""
    bounces.forget(conn, member.id)
    if member.state != "suspended":
        return
    whole = members.find(conn, lst.id, member.person_id)
    assert whole is not None
    members.set_receives(conn, whole, membership.receives(whole.mode, "active", whole.zone))
    members.set_values(conn, whole, state="active", pause_until=None)
    data = {"address": member.address}
    events.record(conn, "member-resumed", actor, now, list_id=lst.id, person_id=member.person_id, data=data)


def tend(conn: Connection, site: Site, now: datetime) -> bool:
    """Look after suspended members: a probe that arrived resumes, one that came back is followed by another, and after
    a month by the end. Whether more are left."""
    due = bounces.probed_before(conn, now - PROBE_WAIT, ROWS)
    for one in due:
        lst = lists.get(conn, one.member.list_id)
        if one.since is not None and one.member.state != "suspended":
            bounces.forget(conn, one.member.id)  # they came back by another way
        elif one.probe_id is not None:
            resume(conn, PROGRAM, lst, one.member, now)
        elif one.since is not None and now - one.since >= OUT and one.failures >= PROBES:
            _end(conn, site, lst, one, now)
        else:
            _probe(conn, site, lst, one.member, Failure(one.member.address, Kind(one.why), "", ""), now)
    return len(due) == ROWS


def _end(conn: Connection, site: Site, lst: List, one: Suspension, now: datetime) -> None:
    """Nothing reached them for a month: they are out, but for an owner, whose going would need a decision."""
    whole = members.find(conn, lst.id, one.member.person_id)
    assert whole is not None
    if whole.role == "owner":
        bounces.set_suspension(conn, one.member.id, probed_at=now)
        return
    membership.remove(conn, PROGRAM, lst, whole, now)
    since = one.since or now
    notice = MemberUnreachable(lst.name, _title(lst), one.member.address, _date(since), one.failures)
    _tell_owners(conn, site, lst, notice, one.member, now)


# --- the operator -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """A member of whom something came back. kind: of the last; last: when."""

    address: str
    kind: str
    score: float
    state: str
    last: datetime | None
    text: str


def of_list(conn: Connection, lst: List, now: datetime) -> list[Line]:
    """Members of a list of whom something came back within 30 days, or who are suspended, by address."""
    return [
        Line(
            one.address,
            one.kind or str(Kind.UNKNOWN),
            bounce_score.score(((Kind(kind), day) for kind, day in one.counting), day_of(now)),
            one.state,
            one.last,
            one.text,
        )
        for one in bounces.on_list(conn, lst.id)
    ]


def reset(conn: Connection, actor: Actor, lst: List, given: str, now: datetime) -> Subscriber:
    """Forget what came back of a member, who gets copies again if suspended. Raises Refused."""
    access.require(conn, actor, Verb.MANAGE_MEMBERS, lst.id)
    whole = membership.find(conn, lst, given)
    member = bounces.subscribers(conn, [whole.id])[whole.id]
    resume(conn, actor, lst, member, now)
    return member


# --- words ------------------------------------------------------------------------------------------------------------
def _tell_owners(conn: Connection, site: Site, lst: List, notice: Notice, about: Subscriber, now: datetime) -> None:
    for to, language in stopped_posts.owners(conn, site, lst, but=about.id):
        notices.send(conn, site, notice, to, now, lst=lst, language=language)


def _way_back(site: Site, lst: List, member: Subscriber, now: datetime) -> str:
    token = verp_token(site.secret, lst.id, member.id, day_of(now))
    return bounce_address(lst.name, site.domain, token)


def _leave(site: Site, lst: List, member: Subscriber) -> str:
    token = member_token(site.secret, LEAVE, member.id)
    return site.address(f"{lst.name}+unsubscribe.{token}")


def _title(lst: List) -> str:
    return lst.settings.title or lst.name


def _date(at: datetime) -> str:
    return f"{at:%-d %B %Y}"
