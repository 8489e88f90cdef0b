"""What running a command needs, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from listserver.core.actor import Actor
from listserver.core.command_values import Command
from listserver.core.notices import Result
from listserver.core.site import Site
from listserver.errors import Refused
from listserver.store import lists, members
from listserver.store.lists import List
from listserver.store.members import Member


@dataclass(frozen=True, slots=True)
class Request:
    """One command of somebody. at: the list whose address it came to, None for the site's robot.

    also: the key of a second address that was proved for this command (the new one of a change), "" if none.
    """

    site: Site
    actor: Actor
    at: List | None
    command: Command
    now: datetime
    also: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done, or cannot be done: what to say. undo: what takes it back, () if nothing does."""

    result: Result
    undo: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Unproved:
    """The address must be proved first: the sender's own, or another one that the command is about."""

    address: str


@dataclass(frozen=True, slots=True)
class Silent:
    """It was done, and its own mail says so."""


Outcome = Done | Unproved | Silent
Handler = Callable[[Connection, Request], Outcome]


def said(what: str, lst: List | None = None, **values: Any) -> Done:
    """Nothing to undo: only something to say."""
    name, title = (lst.name, lst.settings.title or lst.name) if lst else ("", "")
    return Done(Result(what, name, title, **values))


def refused(wrong: Refused, lst: List) -> Result:
    """Why something cannot be: the templates have words for each reason, and the sentence for what has none."""
    return Result(
        "refused", lst.name, lst.settings.title or lst.name, text=str(wrong), rows=((wrong.why, *wrong.given),)
    )


def find_list(conn: Connection, request: Request, name: str = "") -> List | None:
    """The list that a command names. A hidden one is not there for who is no member of it (C6).

    Whoever writes to an address of the list knows that it exists.
    """
    wanted = name or request.command.list
    lst = lists.find(conn, wanted) if wanted else request.at
    if lst is None or (request.at is not None and request.at.id == lst.id) or lst.settings.advertised:
        return lst
    return lst if own_membership(conn, request, lst) is not None else None


def own_membership(conn: Connection, request: Request, lst: List) -> Member | None:
    """The actor's place on the list, if they are proved."""
    actor = request.actor
    return members.find(conn, lst.id, actor.person_id) if actor.proved and actor.person_id is not None else None


def own_memberships(conn: Connection, request: Request) -> list[tuple[List, Member]]:
    """The memberships of a proved actor that a command is about: of the list that it names, or of all."""
    assert request.actor.proved
    if request.actor.person_id is None:
        return []
    mine = members.of_person(conn, request.actor.person_id)
    pairs = [(lists.get(conn, member.list_id), member) for member in mine]
    name = request.command.list or ("*" if request.at is None else request.at.name)
    return [(lst, member) for lst, member in pairs if name in ("*", lst.name)]
