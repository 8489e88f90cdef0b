"""Verbs on digests: close an edition, so that its copies are on their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core import content, digest_html, digest_text, schedule
from listserver.core.actor import PROGRAM, Actor
from listserver.core.compose import ListFacts
from listserver.core.digest import Digest, Item, Reminder, arrange, called, header
from listserver.core.filing import not_for_the_archive
from listserver.core.message import read
from listserver.core.packing import unpack, unpack_json
from listserver.core.site import Site
from listserver.store import digests, events, lists, ticks
from listserver.store.digests import Edition, Issue, Waiting
from listserver.store.lists import List

# What one edition holds at most: more becomes two, so that a mail has a size that people and servers take.
MOST_POSTS = 200
MOST_OCTETS = 15_000_000


def send_due(conn: Connection, now: datetime) -> int:
    """Close every edition whose time has come, and put it on its way; how many."""
    made = 0
    for list_id in digests.read_lists(conn):
        made += len(_of_list(conn, list_id, now, everything=False))
    return made


def send(conn: Connection, actor: Actor, lst: List, now: datetime, *, everything: bool) -> list[Edition]:
    """The same for one list. everything: every open edition of every period, whether or not its time has come."""
    access.require(conn, actor, Verb.CONFIGURE, lst.id)
    return _of_list(conn, lst.id, now, everything=everything, actor=actor)


def _of_list(
    conn: Connection, list_id: int, now: datetime, *, everything: bool, actor: Actor = PROGRAM
) -> list[Edition]:
    last = lists.lock(conn, list_id)
    made: list[Edition] = []
    for stream, upto in digests.streams(conn, list_id):
        if upto < last:
            calendar = None if everything else _calendar(lists.get(conn, list_id), stream, now)
            made += _close(conn, list_id, stream, (upto, last), calendar, now)
    for one in made:
        said = {"stream": one.stream, "after": one.after, "upto": one.upto}
        events.record(conn, "digest-sent", actor, now, list_id=list_id, data=said)
    return made


@dataclass(frozen=True, slots=True)
class _Calendar:
    """When the present period of a stream began, the period's name, and how many posts do not wait for its end."""

    began: datetime
    tick: tuple[str, str]
    size: int

    def ready(self, waiting: Sequence[Waiting]) -> bool:
        """Whether these waited as the last period ended, or are many."""
        return waiting[0].received_at <= self.began or self.many(waiting)

    def many(self, waiting: Sequence[Waiting]) -> bool:
        """Whether they go out early."""
        return len(waiting) >= self.size


def _calendar(lst: List, stream: str, now: datetime) -> _Calendar:
    mode, zone = schedule.parts(stream)
    clock = zone_of(zone or lst.settings.digest_zone)
    began = schedule.latest(mode, time_of(lst.settings.digest_at), clock, now)
    size = min(max(1, lst.settings.digest_size), MOST_POSTS) if mode == "digest" else MOST_POSTS + 1
    return _Calendar(began, (f"digest {lst.id} {stream}", schedule.slot(mode, clock, began)), size)


def _close(
    conn: Connection, list_id: int, stream: str, numbers: tuple[int, int], calendar: _Calendar | None, now: datetime
) -> list[Edition]:
    """The editions of a stream for posts with numbers (after, last], if it is time (without a calendar it is).

    A number behind which nobody is due anything yet is noted as well, so that it is not looked for again.
    """
    after, last = numbers
    waiting = digests.waiting(conn, list_id, after, MOST_POSTS)
    if waiting and calendar is not None and not calendar.ready(waiting):
        return []
    since = digests.since(conn, list_id, stream, after)
    start = min(last, max(after, last if since is None else since))
    waiting = digests.waiting(conn, list_id, start, MOST_POSTS)
    if not waiting:
        digests.add(conn, list_id, stream, after, last, now)
        return []
    if calendar is not None and not _begins(conn, calendar, waiting, now):
        if start > after:
            digests.add(conn, list_id, stream, after, start, now)
        return []
    made: list[Edition] = []
    while waiting:
        upto = _cut(waiting)
        edition_id = digests.add(conn, list_id, stream, start, upto, now)
        digests.plan(conn, list_id, edition_id, upto, now)
        made.append(Edition(edition_id, list_id, stream, start, upto, now))
        start = upto
        waiting = digests.waiting(conn, list_id, start, MOST_POSTS)
    return made


def _begins(conn: Connection, calendar: _Calendar, waiting: Sequence[Waiting], now: datetime) -> bool:
    """Whether an edition goes out now; a period has one, whatever the clocks do, besides those that are early."""
    if calendar.many(waiting):
        return True
    return calendar.ready(waiting) and ticks.tick(conn, *calendar.tick, now)


def _cut(waiting: Sequence[Waiting]) -> int:
    """The number of the last post that fits into an edition with the first of these."""
    octets, upto = 0, waiting[0].number
    for one in waiting:
        octets += one.size
        if octets > MOST_OCTETS:
            break
        upto = one.number
    return upto


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC where this machine does not know it any more."""
    return ZoneInfo(name) if is_zone(name) else UTC


def time_of(text: str) -> time:
    """A time of day as core.settings has it, such as 06:00."""
    return time.fromisoformat(text)


# --- compose ----------------------------------------------------------------------------------------------------------
QUIET = timedelta(hours=36)  # how long a question waits before it is shown again
FORGOTTEN = timedelta(days=14)  # and how long it is shown
REMINDERS = 5


def compose(conn: Connection, site: Site, issue: Issue) -> tuple[List, bytes | None]:
    """The mail of an issue before the list's fields are put in; None where nothing of it is left.

    A fixed number of statements.
    """
    edition = digests.find(conn, issue.edition_id)
    assert edition is not None
    lst = lists.get(conn, edition.list_id)
    mode, zone = schedule.parts(edition.stream)
    clock = zone_of(zone or lst.settings.digest_zone)
    form = "index" if mode == "index" else issue.form
    rows = [row for row in digests.items(conn, edition, raws=form in RAW) if issue.holds(row.number)]
    items = [_item(row, clock, form) for row in rows if _shown(row)]
    if not items:
        return lst, None
    groups = arrange(items)
    waiting = _unanswered(conn, lst, edition, clock)
    facts = ListFacts(lst.name, site, lst.settings)
    digest = Digest(facts, edition.id, mode, edition.made_at.astimezone(clock), groups, waiting)
    return lst, header(digest, form) + _FORMS[form](digest)


RAW = ("plain", "mime")  # forms that are made of the posts' octets
_FORMS = {"html": digest_html.html, "index": digest_html.index, "plain": digest_text.plain, "mime": digest_text.mime}


def _shown(row: Any) -> bool:
    """Whether members may see it: what its author only wants kept out of the archive, they may."""
    return row.state == "shown" or not_for_the_archive(read(unpack(row.enc, row.bytes)))


def _item(row: Any, clock: tzinfo, form: str) -> Item:
    value = unpack_json(row.content) if form == "html" else {"blocks": [], "files": []}
    return Item(
        row.number,
        row.identifier,
        row.message_id,
        row.thread_id,
        bool(row.begins),
        row.author_name,
        row.author_address,
        row.subject,
        row.sent_at.astimezone(clock),
        row.opening,
        tuple(content.blocks(value)),
        tuple(content.files(value)),
        unpack(row.enc, row.bytes) if form in RAW else b"",
    )


def _unanswered(conn: Connection, lst: List, edition: Edition, clock: tzinfo) -> tuple[Reminder, ...]:
    """Questions to which nobody has said anything; none where only moderators post."""
    if lst.settings.posting == "moderators":
        return ()
    earliest, latest = edition.made_at - FORGOTTEN, edition.made_at - QUIET
    rows = digests.unanswered(conn, edition, earliest, latest, REMINDERS)
    return tuple(
        Reminder(
            row.identifier,
            row.subject,
            called(row.author_name, row.author_address),
            row.first_at.astimezone(clock),
        )
        for row in rows
    )
