"""Pages on which somebody acts: which one answers which path. Each takes GET, which shows, and POST, which acts."""

from collections.abc import Callable

from listserver.store import lists
from listserver.store.lists import List
from listserver.web import forms, joining, moderating, options, owning, signing
from listserver.web.http import Response, redirect
from listserver.web.render import missing, said
from listserver.web.visit import Visit

Page = Callable[[Visit], Response]


def respond(visit: Visit, parts: list[str]) -> Response | None:
    """The answer of such a page; None for a path of another kind. A form that is not of ours does nothing (W1)."""
    page = _of_site(parts) or _of_list(parts)
    if page is None or visit.request.method not in ("GET", "HEAD", "POST"):
        return None
    if visit.posted and not forms.is_ours(visit.request, visit.form):
        text = (
            "This form was not sent from a page of ours, or the page was too old. Open it again, and press the button."
        )
        return said(visit, "Nothing was done", text, status=403)
    return page(visit)


def _of_site(parts: list[str]) -> Page | None:
    match parts:
        case ["sign-in"]:
            return signing.sign_in
        case ["sign-in", token]:
            return lambda visit: signing.link(visit, token)
        case ["sign-out"]:
            return signing.sign_out
        case ["me", ""]:
            return options.mine
        case ["confirm", token]:
            return lambda visit: joining.confirm(visit, token)
    return None


def _of_list(parts: list[str]) -> Page | None:
    match parts:
        case [name, "join", ""]:
            return lambda visit: _open(visit, name, joining.join)
        case [name, "options", ""]:
            return lambda visit: _signed_in(visit, name, ("member", "moderator", "owner"), options.options)
        case [name, "held", ""]:
            return lambda visit: _signed_in(visit, name, ("moderator", "owner"), moderating.held)
        case [name, "held", number] if number.isascii() and number.isdigit() and len(number) < 12:
            one = _one(int(number))
            return lambda visit: _signed_in(visit, name, ("moderator", "owner"), one)
        case [name, "held", token]:
            return lambda visit: _open(visit, name, lambda visit, lst: moderating.by_token(visit, lst, token), True)
        case [name, "settings", ""]:
            return lambda visit: _signed_in(visit, name, ("owner",), owning.settings)
        case [name, "members", ""]:
            return lambda visit: _signed_in(visit, name, ("owner",), owning.members)
    return None


def _one(hold_id: int) -> Callable[[Visit, List], Response]:
    return lambda visit, lst: moderating.hold(visit, lst, hold_id)


def _open(visit: Visit, name: str, show: Callable[[Visit, List], Response], proved: bool = False) -> Response:
    """A page for who may know of the list. proved: the page itself asks for a proof."""
    lst = lists.find(visit.conn, name)
    return missing(visit) if lst is None or not (proved or visit.viewer.knows(lst)) else show(visit, lst)


def _signed_in(visit: Visit, name: str, roles: tuple[str, ...], show: Callable[[Visit, List], Response]) -> Response:
    """A page for who has one of these roles. Who has not signed in is asked to, whether the list is there or not."""
    if visit.viewer.person_id is None:
        return redirect(f"{visit.root}/sign-in")
    lst = lists.find(visit.conn, name)
    return missing(visit) if lst is None or visit.viewer.role(lst) not in roles else show(visit, lst)
