"""Commands of members about themselves: subscribe, unsubscribe, set, change, which, who."""

from collections.abc import Sequence
from typing import Any, assert_never

from sqlalchemy import Connection

from listserver.actions import access, joining, membership, takeover
from listserver.actions import lists as actions
from listserver.actions.joining import Joined, MustConfirm, NotOpen, Waits
from listserver.core import address as addresses
from listserver.core.command_values import Option
from listserver.core.notices import Result
from listserver.email_commands.request import (
    Done,
    Outcome,
    Request,
    Silent,
    Unproved,
    find_list,
    own_membership,
    own_memberships,
    refused,
    said,
)
from listserver.errors import Refused, UsageError
from listserver.store import members, people
from listserver.store.lists import List
from listserver.store.members import Member

_NOT_STORED = ("ack",)  # options of other programs that we have no use for
_PERSONAL = ("zone", "language")  # settings of a person, for all of their lists


def subscribe(conn: Connection, request: Request) -> Outcome:
    """Join a list, with the sender's address or another."""
    command, actor = request.command, request.actor
    lst = find_list(conn, request)
    if lst is None:
        return said("no-list", text=command.list) if command.list else said("which-list")
    target = command.address or actor.address
    options = _texts(command.options)
    try:
        found = joining.join(conn, request.site, actor, lst, target, request.now, name=command.name, options=options)
    except UsageError as wrong:
        return Done(refused(wrong, lst))
    match found:
        case Joined(member, already):
            return said("already", lst, address=member.address, rows=_settings(member)) if already else Silent()
        case Waits():
            return said("waits", lst, address=target)
        case NotOpen(how):
            return said("not-open", lst, text=how, address=request.site.address(f"{lst.name}+owner"))
        case MustConfirm():
            return Unproved(target)
        case _:
            assert_never(found)


def unsubscribe(conn: Connection, request: Request) -> Outcome:
    """Leave a list or all of them."""
    command, actor = request.command, request.actor
    target = command.address or actor.address
    person = people.find(conn, target)
    own = addresses.key(target) == addresses.key(actor.address) or (person and person.id == actor.person_id)
    lst = None if command.list == "*" else find_list(conn, request)
    if lst is None and command.list != "*":
        return said("no-list", text=command.list) if command.list else said("which-list")
    if not actor.proved and own and lst is not None and lst.settings.leaving == "open" and person:
        member = members.find(conn, lst.id, person.id)
        return _leave(conn, request, [(lst, member)]) if member else said("not-member", lst, address=target)
    if not (actor.proved and own):
        return Unproved(target)
    return _leave(conn, request, own_memberships(conn, request))


def _leave(conn: Connection, request: Request, mine: Sequence[tuple[List, Member]]) -> Outcome:
    if not mine:
        return said("not-member", find_list(conn, request), address=request.actor.address)
    gone: list[tuple[str, ...]] = []
    undo: list[dict[str, Any]] = []
    for lst, member in mine:
        try:
            joining.leave(conn, request.actor, lst, member, request.now)
        except Refused as wrong:
            return Done(refused(wrong, lst), tuple(undo))
        takeover.tell(conn, request.site, request.actor, lst, member, request.now)
        gone.append((lst.name, _title(lst)))
        undo.append({"do": "join", "list": lst.id, "address": member.address, "options": membership.options_of(member)})
    return Done(Result("left", address=request.actor.address, rows=tuple(gone)), tuple(undo))


def set_options(conn: Connection, request: Request) -> Outcome:
    """Change options on a list or on all of them."""
    if not request.actor.proved:
        return Unproved(request.actor.address)
    command = request.command
    if command.list not in ("", "*") and find_list(conn, request) is None:
        return said("no-list", text=command.list)
    mine = own_memberships(conn, request)
    if not mine:
        return said(
            "not-member", find_list(conn, request) if command.list != "*" else None, address=request.actor.address
        )
    wanted = _texts(command.options)
    rows: list[tuple[str, ...]] = []
    undo: list[dict[str, Any]] = []
    for lst, member in mine:
        try:
            new = membership.change(conn, request.actor, lst, member, wanted, request.now) if wanted else member
        except Refused as wrong:
            return Done(refused(wrong, lst), tuple(undo))
        rows += [(lst.name, *row) for row in _settings(new)]
        if wanted:
            personal = {name: getattr(member, name) for name in _PERSONAL if name in wanted}
            undo.append({"do": "set", "list": lst.id, "options": {**membership.options_of(member), **personal}})
    ignored = " ".join(option.name for option in command.options if option.name in _NOT_STORED)
    return Done(
        Result("set" if wanted else "settings", address=mine[0][1].address, text=ignored, rows=tuple(rows)), tuple(undo)
    )


def change_address(conn: Connection, request: Request) -> Outcome:
    """Get one's copies at another address: the old one and the new one must both be proved."""
    actor, command = request.actor, request.command
    if not actor.proved:
        return Unproved(actor.address)
    mine = own_memberships(conn, request)
    if not mine:
        return said("not-member", find_list(conn, request) if command.list != "*" else None, address=actor.address)
    try:
        actions.refuse_ours(conn, request.site.domain, [command.address])
    except UsageError as wrong:
        return Done(refused(wrong, mine[0][0]))
    person = people.find(conn, command.address)
    if addresses.key(command.address) != request.also and (person is None or person.id != actor.person_id):
        return Unproved(command.address)
    changed = joining.change_address(conn, actor, command.address, request.now, tuple(lst.id for lst, _ in mine))
    for lst, member in mine:
        takeover.tell(conn, request.site, actor, lst, member, request.now, to=command.address)
    rows = tuple((lst.name, _title(lst)) for lst, _ in mine)
    undo = tuple({"do": "move", "list": lst.id, "address": member.address} for lst, member in mine)
    assert changed == len(mine)
    return Done(Result("moved", address=command.address, rows=rows), undo)


def which(conn: Connection, request: Request) -> Outcome:
    """What the sender is a member of, with which settings."""
    if not request.actor.proved:
        return Unproved(request.actor.address)
    name = request.command.list
    mine = own_memberships(conn, request)
    if not mine:
        return said(
            "not-member", find_list(conn, request) if name not in ("", "*") else None, address=request.actor.address
        )
    rows = tuple((lst.name, *row) for lst, member in mine for row in _settings(member))
    return said("settings", address=request.actor.address, rows=rows)


def who(conn: Connection, request: Request) -> Outcome:
    """Who the members are, for whom the list lets see it."""
    if not request.actor.proved:
        return Unproved(request.actor.address)
    lst = find_list(conn, request)
    if lst is None:
        return said("no-list", text=request.command.list) if request.command.list else said("which-list")
    owner = access.may(conn, request.actor, access.Verb.MANAGE_MEMBERS, lst.id)
    visible = lst.settings.members_visible_to
    if not owner and (visible != "members" or own_membership(conn, request, lst) is None):
        return said("not-shown", lst, text=visible)
    shown = [one for one in members.of_list(conn, lst.id) if owner or not one.concealed]
    most = 2_000
    rows = tuple((one.address, one.name, one.role) for one in shown[:most])
    return said("members", lst, rows=rows, text=str(len(shown)))


def _title(lst: List) -> str:
    return lst.settings.title or lst.name


def _texts(options: Sequence[Option]) -> dict[str, str]:
    """Options as `membership.change` takes them."""
    return {option.name: str(option.value) for option in options if option.name not in _NOT_STORED}


def _settings(member: Member) -> tuple[tuple[str, str], ...]:
    """What a member can set, by the words with which they do: `set myposts off`."""
    rows = [
        ("mode", member.mode),
        *([("pause until", member.paused_through)] if member.paused_through else []),
        ("myposts", "on" if member.own_copies else "off"),
        ("conceal", "on" if member.concealed else "off"),
        *([("topics", member.topics.replace(",", " "))] if member.topics else []),
        *((name, value) for name in _PERSONAL if (value := getattr(member, name))),
    ]
    return tuple(rows if member.role == "member" else [("role", member.role), *rows])
