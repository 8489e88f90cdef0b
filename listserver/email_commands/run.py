"""Commands -> actions -> results."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from listserver.actions.asking import Question
from listserver.core import address as addresses
from listserver.core.actor import Actor
from listserver.core.asked import plain, written
from listserver.core.command_values import Command, Fault, Setting, Wrong
from listserver.core.command_words import Do
from listserver.core.notices import Result
from listserver.core.site import Site
from listserver.email_commands import archive, members, owners
from listserver.email_commands.request import Done, Handler, Outcome, Request, Unproved, find_list, said
from listserver.store import lists
from listserver.store.lists import List


def _unknown_here(conn: Connection, request: Request) -> Outcome:
    return said("no-token", request.at)


_HANDLERS: dict[Do, Handler] = {
    Do.SUBSCRIBE: members.subscribe,
    Do.UNSUBSCRIBE: members.unsubscribe,
    Do.SET: members.set_options,
    Do.CHANGE: members.change_address,
    Do.WHICH: members.which,
    Do.WHO: members.who,
    Do.LISTS: archive.list_lists,
    Do.INFO: archive.info,
    Do.HELP: archive.help_,
    Do.INDEX: archive.index,
    Do.LAST: archive.get,
    Do.GET: archive.get,
    Do.THREAD: archive.thread,
    Do.SEARCH: archive.find,
    **dict.fromkeys((Do.ADD, Do.DELETE, Do.INVITE, Do.REMIND, Do.STATS, Do.SET_LIST, Do.WAITING), owners.run),
    # With a token they never come here.
    **dict.fromkeys((Do.CONFIRM, Do.APPROVE, Do.REJECT, Do.DISCARD, Do.UNDO, Do.FOLLOW, Do.MUTE), _unknown_here),
}


@dataclass(slots=True)
class Ran:
    """What came of the commands of one mail. questions: address -> what it has to be asked."""

    results: list[Result] = field(default_factory=list)
    undo: list[dict[str, Any]] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)


def setting(conn: Connection, site: Site, at: List | None, today: date) -> Setting:
    """How to read commands that came to an address of that list, or to the robot."""
    return Setting(at.name if at else "", site.domain, lambda name: lists.exists(conn, name), today)


def run(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    actor: Actor,
    at: List | None,
    commands: Sequence[Command | Wrong],
    now: datetime,
    *,
    also: str = "",
) -> Ran:
    """Do all commands of one mail that may be done now; what must be proved first becomes questions."""
    ran = Ran()
    for command in commands:
        if isinstance(command, Wrong):
            ran.results.append(_wrong(conn, site, actor, at, command, now))
            continue
        request = Request(site, actor, at, command, now, also)
        match _HANDLERS[command.do](conn, request):
            case Done(result, undo):
                _add(ran, result)
                ran.undo.extend(undo)
            case Unproved(address):
                _must_ask(conn, ran, request, address)
            case _:  # its own mail says so
                pass
    return ran


def _add(ran: Ran, result: Result) -> None:
    """Note a result. Of several settings of the same lists in a row, only how they are in the end is said."""
    last = ran.results[-1] if ran.results else result
    if result.what == last.what == "set" and {row[0] for row in result.rows} == {row[0] for row in last.rows}:
        ran.results = [*ran.results[:-1], replace(result, text=f"{last.text} {result.text}".strip())]
        return
    ran.results.append(result)


def _must_ask(conn: Connection, ran: Ran, request: Request, address: str) -> None:
    actor, command = request.actor, request.command
    key = addresses.key(address)
    old = ran.questions.get(key, Question((), (), ()))
    lst = None if command.list == "*" else find_list(conn, request)
    title = ((lst.settings.title or lst.name),) if lst else ()
    other = key != addresses.key(actor.address)
    ran.questions[key] = Question(
        (*old.lines, command.line),
        (*old.asked, written(command)),
        tuple(dict.fromkeys((*old.lists, *title))),
        sender=actor.address if other else "",
        by=actor.address if actor.proved and command.do is Do.CHANGE else "",
    )


def _wrong(conn: Connection, site: Site, actor: Actor, at: List | None, wrong: Wrong, now: datetime) -> Result:
    """What is wrong with a line, the words that come close, and the settings as they are (to who may see them)."""
    result = Result(
        f"wrong-{wrong.fault}", text=plain(wrong.given or wrong.line), rows=tuple((w,) for w in wrong.closest)
    )
    if wrong.fault is not Fault.OPTION or not actor.proved:
        return result
    request = Request(site, actor, at, Command(Do.WHICH, wrong.list), now)
    shown = members.which(conn, request)
    settings = shown.result.rows if isinstance(shown, Done) else ()
    return Result(result.what, wrong.list, text=result.text, rows=(*result.rows, *settings))
