"""Commands of owners and moderators: add, delete, invite, remind, stats, set-list, modindex. Only with a proof."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from listserver.actions import access, asking, joining, lists, membership, notices, takeover
from listserver.actions.access import Verb
from listserver.actions.membership import Entry
from listserver.core.command_words import Do
from listserver.core.notices import MembershipReminder, Result
from listserver.core.settings import doc
from listserver.email_commands.request import Done, Outcome, Request, Silent, Unproved, find_list, refused, said
from listserver.errors import Refused
from listserver.store import holds, members, posts
from listserver.store.lists import List

_NEEDS = {Do.SET_LIST: Verb.CONFIGURE, Do.WAITING: Verb.MODERATE, Do.STATS: Verb.MODERATE}
MOST_REMINDED = 5_000  # members that one mail can have reminded


def run(conn: Connection, request: Request) -> Outcome:
    """Do it, if the sender is proved and may."""
    if not request.actor.proved:
        return Unproved(request.actor.address)
    lst = find_list(conn, request)
    if lst is None:
        return said("no-list", text=request.command.list) if request.command.list else said("which-list")
    needed = _NEEDS.get(request.command.do, Verb.MANAGE_MEMBERS)
    if not access.may(conn, request.actor, needed, lst.id):
        return said("not-owner", lst)
    try:
        return _DO[request.command.do](conn, request, lst)
    except Refused as wrong:
        return Done(refused(wrong, lst))


def _add(conn: Connection, request: Request, lst: List) -> Outcome:
    command = request.command
    lists.refuse_ours(conn, request.site.domain, [command.address])
    done = membership.add(conn, request.actor, lst, [Entry(command.address, command.name)], request.now)
    if done.already:
        return said("was-member", lst, address=command.address)
    joining.welcome(conn, request.site, lst, command.address, request.now)
    return Done(_result("added", lst, command.address), ({"do": "remove", "list": lst.id, "address": command.address},))


def _delete(conn: Connection, request: Request, lst: List) -> Outcome:
    member = membership.find(conn, lst, request.command.address)
    membership.remove(conn, request.actor, lst, member, request.now)
    takeover.tell(conn, request.site, request.actor, lst, member, request.now)
    back = {"do": "add", "list": lst.id, "address": member.address, "name": member.name}
    return Done(_result("removed", lst, member.address), (back,))


def _invite(conn: Connection, request: Request, lst: List) -> Outcome:
    sent = asking.invite(conn, request.site, request.actor, lst, request.command.address, request.now)
    return said("invited" if sent else "asked-already", lst, address=request.command.address)


def _remind(conn: Connection, request: Request, lst: List) -> Outcome:
    everybody = [one for one in members.of_list(conn, lst.id) if one.state == "active"][:MOST_REMINDED]
    title, site = lst.settings.title or lst.name, request.site
    request_address, leave = site.address(f"{lst.name}-request"), site.address(f"{lst.name}+unsubscribe")
    for one in everybody:
        settings = (("mode", one.mode), ("myposts", "on" if one.own_copies else "off"))
        notice = MembershipReminder(lst.name, title, one.address, settings, request_address, leave)
        notices.send(conn, site, notice, one.address, request.now, lst=lst, language=one.language, limit=1)
    return said("reminded", lst, text=str(len(everybody)))


def _stats(conn: Connection, request: Request, lst: List) -> Outcome:
    month = posts.count_since(conn, lst.id, request.now - timedelta(days=30))
    rows = (
        ("members", str(lst.members)),
        ("posts", str(lst.posts)),
        ("threads", str(lst.threads)),
        ("posts-30-days", str(month)),
        ("waiting", str(holds.count_waiting(conn, lst.id))),
    )
    return said("stats", lst, rows=rows)


def _set_list(conn: Connection, request: Request, lst: List) -> Outcome:
    name, _, value = (part.strip() for part in request.command.text.partition("="))
    doc(name)  # raises where there is no such setting
    before = lst.stored.get(name)
    lists.change(conn, request.actor, lst, {name: value}, request.now)
    back = {"do": "set-list", "list": lst.id, "name": name, "before": before, "was_set": name in lst.stored}
    return Done(_result("list-set", lst, "", text=f"{name} = {value}"), (back,))


def _waiting(conn: Connection, request: Request, lst: List) -> Outcome:
    if not holds.count_waiting(conn, lst.id):
        return said("nothing-waits", lst)
    moderator = membership.find(conn, lst, request.actor.address)
    asking.tell_waiting(conn, request.site, lst, moderator, request.now)
    return Silent()


def _result(what: str, lst: List, address: str, text: str = "") -> Result:
    return Result(what, lst.name, lst.settings.title or lst.name, address, text)


_DO: dict[Do, Callable[[Connection, Request, List], Outcome]] = {
    Do.ADD: _add,
    Do.DELETE: _delete,
    Do.INVITE: _invite,
    Do.REMIND: _remind,
    Do.STATS: _stats,
    Do.SET_LIST: _set_list,
    Do.WAITING: _waiting,
}
