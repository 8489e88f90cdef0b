"""Questions that we mail with a token: was it you who asked, do you want to join, what about all that waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from listserver.actions import access, lists, notices, tokens
from listserver.actions.access import Verb
from listserver.core import address as addresses
from listserver.core.actor import Actor
from listserver.core.notices import ConfirmCommands, Invitation, Result, WaitingPosts
from listserver.core.site import Site
from listserver.store import events, holds, people
from listserver.store import tokens as rows
from listserver.store.holds import Hold
from listserver.store.lists import List
from listserver.store.members import Member
from listserver.store.tokens import Grant

DAYS = 3  # for which a question can be answered (standards C2)
UNDO_DAYS = 7
MODERATION_DAYS = 14
QUIET = timedelta(hours=24)  # C1: one question that nobody answered is enough for so long
MOST_WAITING = 50  # held posts in one mail
COMMANDS, INVITE, UNDO, BATCH = "commands", "invite", "undo", "batch"


@dataclass(frozen=True, slots=True)
class Question:
    """Commands to be proved. lines: to run again; asked: in our own words; lists: the titles of their lists.

    sender: who asked for another address, "" if that address itself did. by: the key of who is proved already and
    wants to move to this address, "" if nobody. results: of other commands in the same mail.
    """

    lines: tuple[str, ...]
    asked: tuple[str, ...]
    lists: tuple[str, ...]
    sender: str = ""
    by: str = ""
    results: tuple[Result, ...] = ()


def ask(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    lst: List | None,
    to: str,
    question: Question,
    now: datetime,
    *,
    proved: bool = False,
    in_reply_to: str = "",
) -> bool:
    """Ask an address whether it wants these commands; False if it was asked lately and did not answer (C1).

    proved: that it was this very address that asked now, so that nobody else can flood it.
    """
    if not proved and rows.unanswered(conn, addresses.key(to), (COMMANDS, INVITE), now - QUIET):
        return False
    arguments = {
        "lines": list(question.lines),
        "asked": list(question.asked),
        "lists": list(question.lists),
        "by": question.by,
        "today": f"{now:%Y-%m-%d}",
    }
    token = keep(conn, lst, COMMANDS, to, now, arguments, days=DAYS)
    notice = ConfirmCommands(
        asked=question.asked,
        lists=question.lists,
        address=to,
        sender=question.sender,
        days=DAYS,
        page=site.page(f"confirm/{token}"),
        results=question.results,
        request=robot(site, lst),
    )
    person = people.find(conn, to)
    sent = notices.send(
        conn,
        site,
        notice,
        to,
        now,
        lst=lst,
        language=person.language if person else "",
        reply_to=reply_address(site, lst, token),
        in_reply_to=in_reply_to,
        requested=True,
    )
    return sent > 0


def invite(conn: Connection, site: Site, actor: Actor, lst: List, to: str, now: datetime) -> bool:
    """Invite somebody to a list; False if they were asked lately and did not answer. Raises Refused, UsageError."""
    access.require(conn, actor, Verb.MANAGE_MEMBERS, lst.id)
    to = addresses.valid(to)
    lists.refuse_ours(conn, site.domain, [to])
    if rows.unanswered(conn, addresses.key(to), (COMMANDS, INVITE), now - QUIET):
        return False
    token = keep(conn, lst, INVITE, to, now, {}, days=UNDO_DAYS)
    title, owner = lst.settings.title or lst.name, site.address(f"{lst.name}+owner")
    notice = Invitation(lst.name, title, lst.settings.description, to, UNDO_DAYS, site.page(f"confirm/{token}"), owner)
    events.record(conn, "member-invited", actor, now, list_id=lst.id, data={"address": to})
    return notices.send(conn, site, notice, to, now, lst=lst, reply_to=reply_address(site, lst, token)) > 0


def tell_waiting(
    conn: Connection, site: Site, lst: List, moderator: Member, now: datetime, *, reminder: bool = False
) -> None:
    """Mail a moderator all that waits, numbered, to be decided with lines like `ok 1 3-5`."""
    waiting = holds.waiting(conn, lst.id)
    shown = waiting[:MOST_WAITING]
    items = tuple((number, *waiting_row(hold)) for number, hold in enumerate(shown, start=1))
    notice = WaitingPosts(lst.name, lst.settings.title or lst.name, items, len(waiting) - len(shown), reminder)
    arguments = {"holds": [hold.id for hold in shown]}
    token = keep(conn, lst, BATCH, moderator.address, now, arguments, days=MODERATION_DAYS)
    notices.send(
        conn,
        site,
        notice,
        moderator.address,
        now,
        lst=lst,
        language=moderator.language,
        reply_to=reply_address(site, lst, token),
        requested=not reminder,
    )


def waiting_row(hold: Hold) -> tuple[str, str, str]:
    """(author, subject, since when) of what waits."""
    author = f"{hold.name} <{hold.address}>" if hold.name else hold.address
    subject = "" if hold.kind == "join" else hold.subject or "(no subject)"
    return author, subject, f"{hold.held_at:%-d %B, %H:%M}"


def keep(  # noqa: PLR0913
    conn: Connection, lst: List | None, action: str, to: str, now: datetime, arguments: dict[str, Any], *, days: int
) -> str:
    """A new token for an address; only its hash is kept."""
    token, person = tokens.fresh(), people.find(conn, to)
    whose = person.id if person else None
    grant = Grant(action, addresses.key(to), lst.id if lst else None, whose, arguments=arguments)
    tokens.keep(conn, token, grant, now, timedelta(days=days))
    return token


def reply_address(site: Site, lst: List | None, token: str) -> str:
    """Where an answer with that token goes."""
    return site.address(f"{lst.name if lst else 'lists'}+confirm.{token}")


def robot(site: Site, lst: List | None) -> str:
    """Where commands go."""
    return site.address(f"{lst.name}-request" if lst else "lists")


def titles(lists: Sequence[List]) -> tuple[str, ...]:
    """What to call lists in a mail."""
    return tuple(lst.settings.title or lst.name for lst in lists)
