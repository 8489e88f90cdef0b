"""Verbs on answers to single items: of a digest, of the archive's pages; and on threads that somebody follows or mutes.

`LIST+re.ID@` names a post by its identifier, `LIST+re.digest.N@` a whole digest, `LIST+re.TOKEN@` our question which
item of it was meant.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row

from listserver.actions import notices
from listserver.actions import tokens as made
from listserver.actions.posting import Arrived
from listserver.core import address, content, quoted, tokens
from listserver.core.address import Verb, address_for
from listserver.core.answerable import answerable
from listserver.core.blocks import blocks_of
from listserver.core.digest import called, shown_subject
from listserver.core.envelope import from_stored
from listserver.core.marks import mark_of
from listserver.core.message import read
from listserver.core.notices import ThreadMarked, WhichItem
from listserver.core.packing import unpack, unpack_json
from listserver.core.quoted import Candidate
from listserver.core.site import Site
from listserver.store import digests, facts, marks, posts
from listserver.store import tokens as token_rows
from listserver.store.lists import List
from listserver.store.tokens import Grant, Token

CHOICES = 7  # that a question offers
QUESTION_DAYS = 14
LARGEST = 2_000_000  # octets of a mail that is kept while its author is asked
ACTION = "which-item"

_DIGEST_ID = re.compile(r"digest\.(\d{1,18})\.[0-9a-f]{12}@(.+)", re.I)
_NUMBER = re.compile(r"\D{0,3}(\d{1,2})\b")


@dataclass(frozen=True, slots=True)
class ToPost:
    """A mail to be judged as a post; its envelope names the item that it answers, or the list."""

    arrived: Arrived


@dataclass(frozen=True, slots=True)
class Done:
    """It was no post, and what it asked for is done; or its author was asked."""


def resolve(conn: Connection, site: Site, lst: List, argument: str, arrived: Arrived, now: datetime) -> ToPost | Done:
    """What a mail to `LIST+re.ARGUMENT@` is. Where nothing is known by that name it is a post like others."""
    name = argument.lower()
    if _answers_post(conn, lst, arrived):
        return marked(conn, site, lst, arrived, now) or _to_list(site, lst, arrived)
    if name.startswith("digest.") and name[7:].isdigit():
        return _answer_to_digest(conn, site, lst, int(name[7:]), arrived, now)
    row = posts.by_identifier(conn, lst.id, name)
    if row is not None:
        return _answer_to(conn, site, lst, row, arrived, now)
    token = token_rows.find(conn, tokens.digest(name))
    if token is not None and token.action == ACTION and token.list_id == lst.id:
        return _chosen(conn, site, lst, token, arrived, now)
    return _to_list(site, lst, arrived)


def _answers_post(conn: Connection, lst: List, arrived: Arrived) -> bool:
    """Whether it answers the copy of a post: who wrote that had it from a digest, and so its address stood in To."""
    return any(posts.by_message_id(conn, lst.id, name) is not None for name in arrived.post.in_reply_to[:2])


def to_list(conn: Connection, site: Site, lst: List, arrived: Arrived, now: datetime) -> ToPost | Done:
    """What a mail to the list's own address is: mostly a post, but it may answer a digest, or only mark a thread."""
    for name in arrived.post.in_reply_to:
        found = _DIGEST_ID.fullmatch(name)
        if found and found[2].casefold() == site.domain.casefold():
            return _answer_to_digest(conn, site, lst, int(found[1]), arrived, now)
    return marked(conn, site, lst, arrived, now) or ToPost(arrived)


def marked(conn: Connection, site: Site, lst: List, arrived: Arrived, now: datetime) -> Done | None:
    """Follow or mute the thread of the post that a mail answers, if that is all it says; else None."""
    if mark_of(arrived.post) is None:
        return None
    for name in reversed(arrived.post.references):
        row = posts.by_message_id(conn, lst.id, name)
        if row is not None:
            return _mark(conn, site, lst, row, arrived, now)
    return None


def _to_list(site: Site, lst: List, arrived: Arrived) -> ToPost:
    return ToPost(replace(arrived, envelope=replace(arrived.envelope, recipient=site.address(lst.name))))


def _to_item(site: Site, lst: List, identifier: str, arrived: Arrived) -> ToPost:
    recipient = address_for(lst.name, site.domain, Verb.RE, identifier)
    return ToPost(replace(arrived, envelope=replace(arrived.envelope, recipient=recipient)))


def _answer_to(
    conn: Connection, site: Site, lst: List, row: Row[tuple[object, ...]], arrived: Arrived, now: datetime
) -> ToPost | Done:
    return _mark(conn, site, lst, row, arrived, now) or _to_item(site, lst, str(row.identifier), arrived)


def _mark(
    conn: Connection, site: Site, lst: List, row: Row[tuple[object, ...]], arrived: Arrived, now: datetime
) -> Done | None:
    """Set a mark, and say so. None where the mail is none, or not from a member."""
    mark = mark_of(arrived.post)
    if mark is None or not answerable(arrived.post, arrived.envelope, site.domain):
        return None
    author = facts.author(conn, lst, arrived.post.authors[0].address)
    if author.member_id is None:
        return None
    marks.set_mark(conn, author.member_id, row.thread_id, mark)
    notice = ThreadMarked(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        subject=shown_subject(row.subject),
        mark=mark,
        address=address_for(lst.name, site.domain, Verb.RE, row.identifier),
    )
    to = arrived.post.authors[0].address
    notices.send(
        conn,
        site,
        notice,
        to,
        now,
        lst=lst,
        reply_to=notice.address,
        in_reply_to=arrived.post.message_id,
        requested=True,
    )
    return Done()


# --- answers to a whole digest ----------------------------------------------------------------------------------------
def _answer_to_digest(
    conn: Connection, site: Site, lst: List, edition_id: int, arrived: Arrived, now: datetime
) -> ToPost | Done:
    edition = digests.find(conn, edition_id)
    if edition is None or edition.list_id != lst.id:
        return _to_list(site, lst, arrived)
    rows = {row.identifier: row for row in digests.items(conn, edition, raws=False) if row.state == "shown"}
    items = [
        Candidate(row.identifier, row.thread_id, row.subject, content.own(unpack_json(row.content)))
        for row in rows.values()
    ]
    found = quoted.find(blocks_of(arrived.post.lines), arrived.post.subject, items)
    if found.identifier:
        return _to_item(site, lst, found.identifier, arrived)
    if not rows or not _may_ask(conn, site, lst, arrived):
        return _to_list(site, lst, arrived)
    likely = found.ranked[:CHOICES]
    _ask(conn, site, lst, arrived, [row for name, row in rows.items() if name in likely], now)  # in the digest's order
    return Done()


def _may_ask(conn: Connection, site: Site, lst: List, arrived: Arrived) -> bool:
    """Only members are asked, who have a digest to answer; else anybody could have us write to anybody."""
    if len(arrived.post.raw) > LARGEST or not answerable(arrived.post, arrived.envelope, site.domain):
        return False
    return facts.author(conn, lst, arrived.post.authors[0].address).member_id is not None


def _ask(
    conn: Connection,
    site: Site,
    lst: List,
    arrived: Arrived,
    choices: Sequence[Row[tuple[object, ...]]],
    now: datetime,
) -> None:
    """Keep the mail, and ask its author which of these it answers."""
    to, token = arrived.post.authors[0].address, made.fresh()
    enc, octets = arrived.packed
    mail = {
        "items": [row.identifier for row in choices],
        "envelope": asdict(arrived.envelope),
        "enc": enc,
        "octets": base64.b64encode(octets).decode("ascii"),
    }
    grant = Grant(ACTION, address.key(to), lst.id, arguments=mail)
    made.keep(conn, token, grant, now, timedelta(days=QUESTION_DAYS))
    notice = WhichItem(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        subject=shown_subject(arrived.post.subject),
        items=tuple(
            (number, called(row.author_name, row.author_address), shown_subject(row.subject))
            for number, row in enumerate(choices, start=1)
        ),
        days=QUESTION_DAYS,
        list_address=site.address(lst.name),
    )
    reply_to = address_for(lst.name, site.domain, Verb.RE, token)
    notices.send(
        conn, site, notice, to, now, lst=lst, reply_to=reply_to, in_reply_to=arrived.post.message_id, requested=True
    )


def _chosen(conn: Connection, site: Site, lst: List, token: Token, arrived: Arrived, now: datetime) -> ToPost | Done:
    """The mail that was kept, sent to the item that its author names; 0 = to none, so it begins a thread.

    What is no number from that author, or comes too late, changes nothing.
    """
    items = token.arguments["items"]
    number = _NUMBER.match(arrived.post.own)
    theirs = len(arrived.post.authors) == 1 and address.key(arrived.post.authors[0].address) == token.address
    if not theirs or arrived.post.automatic or number is None or int(number[1]) > len(items) or not token.valid(now):
        return Done()
    token_rows.use(conn, token, now)
    kept = token.arguments
    packed = kept["enc"], base64.b64decode(kept["octets"])
    mail = Arrived(from_stored(kept["envelope"]), read(unpack(*packed)), packed)
    return _to_item(site, lst, items[int(number[1]) - 1], mail) if int(number[1]) else _to_list(site, lst, mail)
