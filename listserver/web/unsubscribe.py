"""The link in List-Unsubscribe: a page that asks, and one-click requests of mail programs (RFC 8058; standards L3).

A GET changes nothing, whoever makes it: link scanners open every link. The token in the address proves the member, so
there is no cookie and no sign-in.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from listserver.actions import asking, joining
from listserver.actions.notices import language_of
from listserver.core import tokens
from listserver.core.actor import Actor, Proof
from listserver.core.site import Site
from listserver.core.verp import read_member_token
from listserver.email_commands import undo
from listserver.errors import Refused, Unavailable
from listserver.store import lists
from listserver.store import tokens as rows
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.web.asgi import Handler
from listserver.web.http import Request, Response
from listserver.web.render import PRIVATE, environment, spoken, stylesheet
from listserver.web.words import Words, words_for

_PATH = re.compile(r"/([a-z0-9._-]{1,50})/unsubscribe/([0-9A-Za-z]{1,64})/?")
_ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # RFC 8058 §3.2: this and nothing else


def handler(store: Store, site: Site, clock: Callable[[], datetime]) -> Handler:
    """The page as a web application has it."""

    async def answer(request: Request) -> Response:
        now = clock()
        try:
            if request.method == "POST":
                return await store.write(lambda conn: respond(conn, site, request, now))
            return await store.read(lambda conn: respond(conn, site, request, now), page=True)
        except Unavailable:
            return Response(503, b"Please try again in a minute.\n", "text/plain; charset=utf-8", PRIVATE)

    return answer


def is_link(path: str) -> bool:
    """Whether a path looks like such a link."""
    return _PATH.fullmatch(path) is not None


def respond(conn: Connection, site: Site, request: Request, now: datetime) -> Response:
    """The answer to any request for such a link. Runs in a write transaction for POST; GET only reads."""
    found = _PATH.fullmatch(request.path)
    lst = lists.find(conn, found[1]) if found else None
    words = _words(conn, site, lst, found[2] if found else "", request)
    if found is None or lst is None or read_member_token(site.secret, joining.LEAVE, found[2]) is None:
        return _page("unknown", 404, site, words)
    if request.method in ("GET", "HEAD"):
        return _ask(conn, site, lst, words, found[2])
    if request.method != "POST":
        return Response(405, b"", "", {"allow": "GET, HEAD, POST"})
    if dict(request.form) == _ONE_CLICK:
        return _one_click(conn, site, lst, found[2], now)
    if request.form.get("token") == found[2] and request.form.get("do") == "leave":
        return _leave(conn, site, lst, words, found[2], now)
    if request.form.get("token") == found[2] and "undo" in request.form:
        return _undo(conn, site, lst, words, request.form["undo"], now)
    return _page("broken", 400, site, words, lst)


def _words(conn: Connection, site: Site, lst: List | None, token: str, request: Request) -> Words:
    """In the language of whoever the link was mailed to."""
    member = joining.leaver(conn, site, lst, token) if lst else None
    accepted = request.headers.get("accept-language", "")
    return words_for(member.language if member else "", accepted, language_of(site, lst))


def _ask(conn: Connection, site: Site, lst: List, words: Words, token: str) -> Response:
    member = joining.leaver(conn, site, lst, token)
    if member is None:
        return _page("left", 200, site, words, lst)
    return _page("ask", 200, site, words, lst, token=token, address=member.address)


def _one_click(conn: Connection, site: Site, lst: List, token: str, now: datetime) -> Response:
    """What a mail program's button does; it may come more than once, and nobody reads the answer."""
    try:
        joining.leave_by_token(conn, site, lst, token, now, "web")
    except Refused as refused:
        return Response(403, f"{refused.public}\n".encode(), "text/plain; charset=utf-8", PRIVATE)
    return Response(200, b"Unsubscribed.\n", "text/plain; charset=utf-8", PRIVATE)


def _leave(conn: Connection, site: Site, lst: List, words: Words, token: str, now: datetime) -> Response:
    try:
        left = joining.leave_by_token(conn, site, lst, token, now, "web")
    except Refused as refused:
        return _page("refused", 403, site, words, lst, reason=refused.public)
    if left is None:
        return _page("left", 200, site, words, lst)
    return _page("done", 200, site, words, lst, token=token, undo=left.undo, address=left.address)


def _undo(conn: Connection, site: Site, lst: List, words: Words, given: str, now: datetime) -> Response:
    token = rows.find(conn, tokens.digest(given))
    usable = token is not None and token.action == asking.UNDO and token.list_id == lst.id and token.valid(now)
    if token is None or not usable or not rows.use(conn, token, now):
        return _page("too-late", 410, site, words, lst)
    actor = Actor(Proof.TOKEN, token.address, token.person_id, "web")
    (result,) = undo.run(conn, site, actor, token.arguments["steps"], now)
    if result.what == "refused":
        return _page("refused", 403, site, words, lst, reason=result.text)
    return _page("back", 200, site, words, lst)


def _page(what: str, status: int, site: Site, words: Words, lst: List | None = None, **values: str) -> Response:
    title = (lst.settings.title or lst.name) if lst else ""
    known: dict[str, Any] = {
        "token": "",
        "address": "",
        "undo": "",
        **values,
        "reason": words.english(values.get("reason", "")),
    }
    known |= {"root": urlsplit(site.base_url).path.rstrip("/"), "css": stylesheet()[0], "site": site}
    text = environment().get_template("unsubscribe.html.j2").render(what=what, title=title, **known, **spoken(words))
    return Response(status, text.encode(), headers=PRIVATE)
