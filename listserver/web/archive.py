"""The archive: which page answers which path (archive/README.md lists them)."""

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection

from listserver.core.site import Site
from listserver.errors import Unavailable
from listserver.store import lists, reading
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.reading import Found
from listserver.web import fronts, post, thread
from listserver.web.asgi import Handler
from listserver.web.http import Request, Response, redirect
from listserver.web.render import FOREVER, page, stylesheet
from listserver.web.visit import VISITOR, Viewer, Visit

LEVEL = 5  # of gzip
SMALL = 500  # octets that are sent as they are
_ID = re.compile(r"[a-z2-7]{10}")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Who = Callable[[Connection, Request], Viewer]


def visitor(conn: Connection, request: Request) -> Viewer:
    """Everybody is a visitor."""
    return VISITOR


def handler(store: Store, site: Site, clock: Callable[[], datetime], who: Who = visitor) -> Handler:
    """The archive as a web application has it. who: says who reads."""

    async def answer(request: Request) -> Response:
        now = clock()

        def whole(conn: Connection) -> Response:
            return packed(request, respond(Visit(conn, site, request, who(conn, request), now)))

        try:
            return await store.read(whole, page=True)
        except Unavailable:
            return Response(503, b"Please try again in a minute.\n", "text/plain; charset=utf-8", {"retry-after": "60"})

    return answer


def respond(visit: Visit) -> Response:
    """The page for a request; only reads."""
    if not _is_ours(visit):
        return Response(421, b"This host is not served here.\n", "text/plain; charset=utf-8")
    if visit.request.method not in ("GET", "HEAD"):
        return Response(405, b"", "", {"allow": "GET, HEAD"})
    path = visit.request.path.removeprefix(visit.root)
    parts = path.split("/")[1:]
    if "\0" in path:
        return missing(visit)
    return (_of_site(visit, parts) if len(parts) == 1 or not parts[0] else None) or _of_list(visit, parts)


def _of_site(visit: Visit, parts: list[str]) -> Response | None:
    name, css = stylesheet()
    match parts:
        case [""]:
            return fronts.site(visit)
        case ["archive.css"]:
            return Response(200, css, "text/css; charset=utf-8", {"cache-control": "max-age=3600"})
        case [file] if file == name:
            return Response(200, css, "text/css; charset=utf-8", FOREVER)
    return None


def _of_list(visit: Visit, parts: list[str]) -> Response:
    match parts:
        case [name, ""]:
            return _with_list(visit, name, fronts.front)
        case [name]:
            return _with_list(visit, name, lambda visit, lst: redirect(f"{visit.root}/{lst.name}/", 301))
        case [name, "t", identifier]:
            return _with_post(visit, name, identifier, lambda visit, found: thread.thread(visit, found, ""))
        case [name, "t", identifier, slug]:
            return _with_post(visit, name, identifier, lambda visit, found: thread.thread(visit, found, slug))
        case [name, "p", identifier, *rest]:
            return _with_post(visit, name, identifier, lambda visit, found: _of_post(visit, found, rest))
    return missing(visit)


def _of_post(visit: Visit, found: Found, rest: list[str]) -> Response:
    if found.post.state == "deleted":
        said = "It was taken out of the archive. Its place in the thread is kept, so that what answers it can be read."
        return page(visit, "said", found.list, 410, title="This post was removed", said=said, links=[])
    if found.post.state != "shown":
        return missing(visit, found.list)
    match rest:
        case []:
            return redirect(f"{visit.root}/{found.list.name}/p/{found.post.identifier}/", 301)
        case [""]:
            return post.post(visit, found)
    return missing(visit, found.list)


def _with_list(visit: Visit, name: str, show: Callable[[Visit, List], Response]) -> Response:
    lst = lists.find(visit.conn, name)
    if lst is None or not visit.may_read(lst):
        return missing(visit)
    return show(visit, lst)


def _with_post(visit: Visit, name: str, identifier: str, show: Callable[[Visit, Found], Response]) -> Response:
    found = reading.at(visit.conn, name, identifier) if _ID.fullmatch(identifier) else None
    if found is None or not visit.may_read(found.list):
        return missing(visit)
    return show(visit, found)


def missing(visit: Visit, lst: List | None = None) -> Response:
    """404, the same for what is not there and for what one may not read (standards W9)."""
    words = " ".join(re.findall(r"[^\W\d_]{3,30}", visit.request.path)[-8:])
    return page(
        visit,
        "said",
        lst,
        404,
        title="There is no such page",
        said="It may never have been there, or it is not open to everybody.",
        links=[],
        words=words,
    )


def _is_ours(visit: Visit) -> bool:
    """Whether the Host is the archive's, or this machine's own (standards W6)."""
    host = visit.request.host
    ours = (urlsplit(visit.site.base_url).hostname or "").lower()
    return not ours or not host or host.strip("[]") == ours or host in _LOOPBACK


def packed(request: Request, response: Response) -> Response:
    """The response, compressed where the reader takes that and it is worth it."""
    if not response.content_type.startswith(("text/", "application/atom", "application/feed", "application/xml")):
        return response
    headers = {**response.headers, "vary": "accept-encoding"}
    if len(response.body) < SMALL or "gzip" not in request.headers.get("accept-encoding", ""):
        return replace(response, headers=headers)
    body = gzip.compress(response.body, LEVEL, mtime=0)
    return replace(response, body=body, headers={**headers, "content-encoding": "gzip"})
