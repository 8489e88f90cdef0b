"""The verbs of a post: judge it, then file and plan it, hold it, refuse it or drop it, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from listserver.actions import archive, notices, origins, tokens
from listserver.actions.archive import Filed
from listserver.core import policy, reason_words
from listserver.core.actor import PROGRAM
from listserver.core.envelope import Envelope
from listserver.core.filing import Prepared, message_id
from listserver.core.meanwhile import Meanwhile
from listserver.core.message import Post
from listserver.core.notices import HeldBatch, HeldPost, YourPostWaits
from listserver.core.policy import Author, Check, Facts, Finding, Judgement, Verdict
from listserver.core.site import Site
from listserver.store import deliveries, events, facts, holds, marks, members, posts
from listserver.store.lists import List
from listserver.store.members import Member
from listserver.store.tokens import Grant

NOTICES_PER_HOUR = 50  # to one moderator; beyond that one notice for the batch
TOKEN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail as it will stand in the archive of a list with that language."""

    list_id: int
    language: str
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that was read, and packed for the store, before any transaction began. packed: (enc, octets).

    ready: it is ready for the archive, if that was worked out before as well.
    """

    envelope: Envelope
    post: Post
    packed: tuple[str, bytes]
    ready: Ready | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is in the archive, and its delivery is planned."""

    number: int


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for a moderator."""

    hold_id: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The author is told why; nothing is kept."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Discarded:
    """Taken and dropped: a loop, automatic mail, a duplicate."""

    findings: tuple[Finding, ...]


Outcome = Accepted | Held | Rejected | Discarded


def receive_all(
    conn: Connection, site: Site, lst: List, arrived: Sequence[Arrived], now: datetime, checks: Sequence[Check] = ()
) -> list[Outcome]:
    """Judge posts that came at the same time, one after the other, and do what follows; those that pass are filed
    together, in about as many statements as one of them would take."""
    outcomes: list[Outcome | None] = []
    passed: list[tuple[Arrived, Author | None]] = []
    meanwhile = Meanwhile()
    gathered = facts.gather_all(conn, site, lst, [(one.envelope, one.post) for one in arrived], now)
    for one, known in zip(arrived, gathered, strict=True):
        known = meanwhile.seen_by(one.post, known)
        judgement = policy.judge(one.post, known, checks)
        match judgement.verdict:
            case Verdict.ACCEPT:
                meanwhile.accepted(one.post, known.author)
                passed.append((one, known.author))
                outcomes.append(None)
            case Verdict.HOLD:
                meanwhile.held(one.post)
                outcomes.append(hold(conn, site, lst, one, known, judgement, now))
            case Verdict.REJECT:
                _note(conn, "post-rejected", one, lst, known.author, judgement.reasons, now)
                outcomes.append(Rejected(judgement.reasons))
            case Verdict.DISCARD:
                _note(conn, "post-discarded", one, lst, known.author, judgement.reasons, now)
                outcomes.append(Discarded(judgement.reasons))
            case _:
                assert_never(judgement.verdict)
    accepted = iter(_accept_all(conn, lst, passed, now) if passed else ())
    return [next(accepted) if outcome is None else outcome for outcome in outcomes]


def accept(conn: Connection, lst: List, arrived: Arrived, author: Author | None, now: datetime) -> Accepted:
    """File a post and plan its copies: two rows and a counter, however many members there are."""
    (accepted,) = _accept_all(conn, lst, [(arrived, author)], now)
    return accepted


def _accept_all(
    conn: Connection, lst: List, passed: Sequence[tuple[Arrived, Author | None]], now: datetime
) -> list[Accepted]:
    places = archive.file_all(conn, lst, [_prepared(conn, lst, one, now) for one, _ in passed])
    # What is a duplicate here was approved after it had come in by another way.
    filed = [
        (one, author, place) for (one, author), place in zip(passed, places, strict=True) if isinstance(place, Filed)
    ]
    deliveries.plan_posts(conn, lst.id, [(place.post_id, place.number) for _, _, place in filed], now)
    more = Counter(author.member_id for _, author, _ in filed if author is not None and author.member_id is not None)
    members.count_posts(conn, more)
    for one, author, place in filed:
        origins.keep(conn, lst, one.post, one.envelope.authenticity, place.post_id, now)
        if author is not None and author.member_id is not None and author.topics:
            # Who has no choice of topics gets every thread anyway.
            marks.follow(conn, author.member_id, place.thread_id)
    happened = [_told(one, lst, author, (), number=place.number) for one, author, place in filed]
    events.record_all(conn, "post-filed", happened, now)
    return [Accepted(place.number) for place in places]


def _prepared(conn: Connection, lst: List, arrived: Arrived, now: datetime) -> Prepared:
    language, ready = lst.settings.language, arrived.ready
    if ready is not None and (ready.list_id, ready.language) == (lst.id, language):
        prepared = ready.prepared
    else:
        prepared = archive.prepare(arrived.post, lst.id, language, now, packed=arrived.packed)
    if name := _item(arrived.envelope.recipient):
        answered = posts.by_identifier(conn, lst.id, name)
        # Nothing else that it names counts: that is the digest, which is no post and joins no threads.
        return replace(prepared, lineage=(answered.message_id,)) if answered else prepared
    return prepared


def _item(recipient: str) -> str:
    """The identifier of the post that mail to this address answers (actions.items), "" for other addresses."""
    local, mark, name = recipient.rpartition("@")[0].rpartition("+re.")
    return name if local and mark else ""


def hold(  # noqa: PLR0913
    conn: Connection, site: Site, lst: List, arrived: Arrived, known: Facts, judgement: Judgement, now: datetime
) -> Held:
    """Keep a post until somebody decides; tell the moderators, and the author why it waits."""
    post, author = arrived.post, known.author
    box = post.authors[0] if post.authors else None
    hold_id = holds.add(
        conn,
        list_id=lst.id,
        kind="post",
        address=box.address if box else "",
        name=box.name if box else "",
        subject=post.subject,
        reasons=[f.code for f in judgement.findings],
        envelope=asdict(known.envelope),
        message_id=message_id(post),
        content_hash=post.content_hash,
        enc=arrived.packed[0],
        bytes=arrived.packed[1],
        size=len(post.raw),
        held_at=now,
        expires_at=now + timedelta(days=lst.settings.hold_days),
    )
    _note(conn, "post-held", arrived, lst, author, judgement.findings, now, hold=hold_id)
    _tell_moderators(conn, site, lst, post, known, judgement, hold_id, now)
    if box and "automatic" not in {f.code for f in judgement.findings}:
        _tell_author(conn, site, lst, post, judgement, now)
    return Held(hold_id, judgement.findings)


def deciders(conn: Connection, lst: List) -> list[Member]:
    """Who gets the notices of a list: its moderators; its owners where it has none."""
    return members.with_role(conn, lst.id, "moderator") or members.with_role(conn, lst.id, "owner")


def _tell_moderators(  # noqa: PLR0913
    conn: Connection, site: Site, lst: List, post: Post, known: Facts, judgement: Judgement, hold_id: int, now: datetime
) -> None:
    waiting = holds.count_waiting(conn, lst.id)
    for moderator in deciders(conn, lst):
        token = tokens.fresh()
        language = moderator.language or notices.language_of(site, lst)
        notice = _held_notice(site, lst, post, known, judgement, token, waiting, language, now)
        sent = notices.send(
            conn,
            site,
            notice,
            moderator.address,
            now,
            lst=lst,
            language=language,
            reply_to=site.address(f"{lst.name}+confirm.{token}"),
            limit=NOTICES_PER_HOUR,
        )
        if sent:
            keep_token(conn, lst, moderator, hold_id, token, now)
        else:
            batch = HeldBatch(lst.name, lst.settings.title or lst.name, waiting)
            notices.send(conn, site, batch, moderator.address, now, lst=lst, language=language, limit=1)


def keep_token(conn: Connection, lst: List, moderator: Member, hold_id: int, token: str, now: datetime) -> None:
    """Remember that this moderator may decide about this hold with this token."""
    grant = Grant("moderate", moderator.address, lst.id, moderator.person_id, hold_id)
    tokens.keep(conn, token, grant, now, timedelta(days=TOKEN_DAYS))


MAX_EXCERPT = 20_000  # characters of the post in a moderator's notice


def _held_notice(  # noqa: PLR0913
    site: Site,
    lst: List,
    post: Post,
    known: Facts,
    judgement: Judgement,
    token: str,
    waiting: int,
    language: str,
    now: datetime,
) -> HeldPost:
    box = post.authors[0] if post.authors else None
    who = holds.NO_AUTHOR if box is None else f"{box.name} <{box.address}>" if box.name else box.address
    return HeldPost(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        author=who,
        subject=post.subject or "(no subject)",
        reasons=reason_words.to_moderator(judgement.findings, language),
        history=known.author.accepted_posts if known.author and known.author.member else None,
        expires=f"{now + timedelta(days=lst.settings.hold_days):%-d %B %Y}",
        on_expiry=lst.settings.on_expiry,
        approve=site.address(f"{lst.name}+approve.{token}"),
        reject=site.address(f"{lst.name}+reject.{token}"),
        discard=site.address(f"{lst.name}+discard.{token}"),
        page=site.page(f"{lst.name}/held/{token}"),
        excerpt=post.text[:MAX_EXCERPT].strip("\n"),
        waiting=waiting,
    )


def _tell_author(conn: Connection, site: Site, lst: List, post: Post, judgement: Judgement, now: datetime) -> None:
    to = post.authors[0].address
    language = notices.language_for(conn, site, lst, to)
    notice = YourPostWaits(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        subject=post.subject or "(no subject)",
        reasons=reason_words.to_author(judgement.findings, language),
        expires=f"{now + timedelta(days=lst.settings.hold_days):%-d %B %Y}",
        owner=site.address(f"{lst.name}+owner"),
    )
    notices.send(conn, site, notice, to, now, lst=lst, language=language, in_reply_to=post.message_id, requested=True)


def _note(  # noqa: PLR0913 (an event is all of these)
    conn: Connection,
    name: str,
    arrived: Arrived,
    lst: List,
    author: Author | None,
    findings: Sequence[Finding],
    now: datetime,
    **data: object,
) -> None:
    events.record_all(conn, name, [_told(arrived, lst, author, findings, **data)], now)


def _told(
    arrived: Arrived, lst: List, author: Author | None, findings: Sequence[Finding], **data: object
) -> events.Happened:
    if findings:
        data["reasons"] = [f.code for f in findings]
    data["author"] = author.address if author else ""
    by = replace(PROGRAM, door=arrived.envelope.door)
    return events.Happened(by, lst.id, author.person_id if author else None, data)
