"""Taking commands back: what each of them left for it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from listserver.actions import joining, lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import Actor
from listserver.core.notices import Result
from listserver.core.site import Site
from listserver.email_commands.request import refused
from listserver.errors import Refused
from listserver.store import lists as list_rows
from listserver.store.lists import List

Step = dict[str, Any]


def run(conn: Connection, site: Site, actor: Actor, steps: list[Step], now: datetime) -> tuple[Result, ...]:
    """Do the steps, the last one first; what came of each."""
    return tuple(_one(conn, site, actor, step, now) for step in reversed(steps))


def _one(conn: Connection, site: Site, actor: Actor, step: Step, now: datetime) -> Result:
    lst = list_rows.get(conn, step["list"])
    title = lst.settings.title or lst.name
    try:
        _STEPS[step["do"]](conn, site, actor, lst, step, now)
    except Refused as wrong:
        return refused(wrong, lst)
    return Result("undone", lst.name, title, text=step["do"])


def _join(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    joining.join(conn, site, actor, lst, step["address"], now, options=step["options"], invited=True, greet=False)


def _set(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    member = membership.find(conn, lst, actor.address)
    membership.change(conn, actor, lst, member, step["options"], now)


def _move(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    joining.change_address(conn, actor, step["address"], now, (lst.id,))


def _remove(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    membership.remove(conn, actor, lst, membership.find(conn, lst, step["address"]), now)


def _add(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    membership.add(conn, actor, lst, [Entry(step["address"], step["name"])], now)


def _set_list(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    if step["was_set"]:
        lists.change(conn, actor, lst, {step["name"]: str(step["before"])}, now)
    else:
        lists.reset(conn, actor, lst, [step["name"]], now)


def _role_back(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    membership.add(conn, actor, lst, [Entry(step["address"], step["name"])], now, role=step["role"])


def _move_back(conn: Connection, site: Site, actor: Actor, lst: List, step: Step, now: datetime) -> None:
    joining.give_address_back(conn, actor, lst, step["person"], step["address"], now)


_STEPS: dict[str, Callable[[Connection, Site, Actor, List, Step, datetime], None]] = {
    "join": _join,
    "set": _set,
    "move": _move,
    "remove": _remove,
    "add": _add,
    "set-list": _set_list,
    "role-back": _role_back,
    "move-back": _move_back,
}
