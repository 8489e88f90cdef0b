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
from listserver.web import account, api, dates, feeds, fronts, machines, months, post, sent, session, thread
from listserver.web.asgi import Handler
from listserver.web.author import author
from listserver.web.http import Request, Response, redirect
from listserver.web.message_id import by_message_id
from listserver.web.old_links import old_link
from listserver.web.render import FOREVER, kept, missing, stylesheet, tells
from listserver.web.rows import thread_url, title
from listserver.web.search import search
from listserver.web.unanswered import unanswered
from listserver.web.visit import Visit

LEVEL = 5  # of gzip
SMALL = 500  # octets that are sent as they are
_ID = re.compile(r"[a-z2-7]{10}")
_YEAR, _MONTH = re.compile(r"[12][0-9]{3}"), re.compile(r"0[1-9]|1[0-2]")
_TEXTS = ("text/", *(f"application/{kind}" for kind in ("atom", "feed", "xml", "json")))
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def handler(store: Store, site: Site, clock: Callable[[], datetime]) -> Handler:
    """The archive as a web application has it. A POST runs in one transaction that writes."""

    async def answer(request: Request) -> Response:
        now = clock()

        def whole(conn: Connection) -> Response:
            visit = Visit(conn, site, request, session.viewer(conn, site, request, now), now)
            return packed(request, respond(visit))

        try:
            if request.method == "POST":
                return await store.write(whole)
            response = await store.read(whole, page=True)
            if (more := response.more) is None:
                return response
            return replace(response, stream=lambda: store.read(more, page=True))
        except Unavailable:
            return Response(503, b"Please try again in a minute.\n", "text/plain; charset=utf-8", {"retry-after": "60"})

    return answer


def respond(visit: Visit) -> Response:
    """The page for a request; only a POST changes anything."""
    if not _is_ours(visit):
        return Response(421, b"This host is not served here.\n", "text/plain; charset=utf-8")
    path = visit.request.path.removeprefix(visit.root)
    parts = path.split("/")[1:]
    if "\0" in path:
        return missing(visit)
    if parts[:2] == ["api", "v1"]:
        return api.respond(visit, "/" + "/".join(parts[2:]))
    if found := account.respond(visit, parts):
        return found
    if visit.request.method not in ("GET", "HEAD"):
        return Response(405, b"", "", {"allow": "GET, HEAD"})
    return _of_site(visit, parts) or old_link(visit, parts) or _of_list(visit, parts)


def _of_site(visit: Visit, parts: list[str]) -> Response | None:
    name, css = stylesheet()
    match parts:
        case [""]:
            return fronts.site(visit)
        case ["search"]:
            return search(visit)
        case ["opensearch.xml"]:
            return machines.opensearch(visit)
        case ["robots.txt"]:
            return machines.robots(visit)
        case ["archive.css"]:
            return Response(200, css, "text/css; charset=utf-8", {"cache-control": "max-age=3600"})
        case [file] if file == name:
            return Response(200, css, "text/css; charset=utf-8", FOREVER)
        case ["m", *rest]:
            return by_message_id(visit, "/".join(rest)) or missing(visit)
    return None


def _of_list(visit: Visit, parts: list[str]) -> Response:
    name, rest = parts[0], parts[1:]
    match rest:
        case ["t", identifier, *more]:
            return _with_post(visit, name, identifier, lambda visit, found: _of_thread(visit, found, more))
        case ["p", identifier, *more]:
            return _with_post(visit, name, identifier, lambda visit, found: _of_post(visit, found, more))
        case ["people", person, *more] if _ID.fullmatch(person[-10:]):
            return _with_post(visit, name, person[-10:], lambda visit, found: _of_author(visit, found, person, more))
    return _with_list(visit, name, lambda visit, lst: _page_of_list(visit, lst, rest))


def _page_of_list(visit: Visit, lst: List, rest: list[str]) -> Response | None:
    match rest:
        case [""]:
            return fronts.front(visit, lst)
        case []:
            return redirect(f"{visit.root}/{lst.name}/", 301)
        case ["search"]:
            return search(visit, lst)
        case ["unanswered", ""]:
            return unanswered(visit, lst)
        case ["months", ""]:
            return months.months(visit, lst)
        case ["m", *more]:
            return by_message_id(visit, "/".join(more), lst)
        case [year, number, *more] if _YEAR.fullmatch(year) and _MONTH.fullmatch(number[:2]):
            return _of_month(visit, lst, (int(year), int(number[:2])), [number[2:], *more])
    return _for_machines(visit, lst, rest)


def _for_machines(visit: Visit, lst: List, rest: list[str]) -> Response | None:
    match rest:
        case [("atom.xml" | "feed.json") as form]:
            return feeds.of_list(visit, lst, form)
        case ["search", ("atom.xml" | "feed.json") as form]:
            return feeds.of_search(visit, lst, form)
        case ["unanswered", ("atom.xml" | "feed.json") as form]:
            return feeds.of_unanswered(visit, lst, form)
        case ["archive.mbox.gz"]:
            return sent.archive(lst)
        case ["sitemap.xml"]:
            return machines.sitemap(visit, lst)
        case ["opensearch.xml"]:
            return machines.opensearch(visit, lst)
    return None


def _of_month(visit: Visit, lst: List, when: tuple[int, int], rest: list[str]) -> Response | None:
    match rest:
        case ["", ""]:
            return months.month(visit, lst, *when)
        case ["", "sitemap.xml"]:
            return machines.month_sitemap(visit, lst, *when)
        case [".mbox.gz"]:
            start = dates.month(*when)
            rows = reading.raw_of_month(visit.conn, lst.id, start, dates.shift(start, 1), sent.MOST_POSTS)
            return sent.mailbox(rows, f"{lst.name}-{start:%Y-%m}")
    return None


def _of_thread(visit: Visit, found: Found, rest: list[str]) -> Response | None:
    match rest:
        case [("atom.xml" | "feed.json") as form]:
            return feeds.of_thread(visit, found, form)
        case ["mbox.gz"]:
            rows = reading.raw_of_thread(visit.conn, found.thread.id, sent.MOST_POSTS)
            return sent.mailbox(rows, f"{found.list.name}-{found.thread.identifier}")
        case [] | [_]:
            return thread.thread(visit, found, rest[0] if rest else "")
    return None


def _of_author(visit: Visit, found: Found, person: str, rest: list[str]) -> Response | None:
    match rest:
        case [""]:
            return author(visit, found, person)
        case [("atom.xml" | "feed.json") as form]:
            return feeds.of_author(visit, found, form)
    return None


def _of_post(visit: Visit, found: Found, rest: list[str]) -> Response | None:
    if found.post.state == "deleted":
        text = "It was taken out of the archive. Its place in the thread is kept, so that what answers it can be read."
        about = found.thread
        to_thread = thread_url(visit, found.list, about.identifier, about.subject)
        # A thread whose posts are all gone has lost its subject with them.
        links = [(to_thread, title(visit, found.list, about.subject))] if about.subject else []
        return tells(visit, "This post was removed", text, found.list, 410, links=links)
    if found.post.state != "shown":
        return None
    match rest:
        case []:
            return redirect(f"{visit.root}/{found.list.name}/p/{found.post.identifier}/", 301)
        case [""]:
            return post.post(visit, found)
        case ["raw"]:
            return sent.raw(visit, found)
        case ["html"]:
            return sent.html(visit, found)
        case ["files", place, _]:
            return sent.file(visit, found, place)
    return None


def _with_list(visit: Visit, name: str, show: Callable[[Visit, List], Response | None]) -> Response:
    lst = lists.find(visit.conn, name)
    if lst is None or not visit.may_read(lst):
        return missing(visit)
    return kept(visit, lst, show(visit, lst) or missing(visit, lst))


def _with_post(visit: Visit, name: str, identifier: str, show: Callable[[Visit, Found], Response | None]) -> Response:
    found = reading.at(visit.conn, name, identifier) if _ID.fullmatch(identifier) else None
    if found is None or not visit.may_read(found.list):
        return missing(visit)
    return kept(visit, found.list, show(visit, found) or missing(visit, found.list))


def _is_ours(visit: Visit) -> bool:
    """Whether the Host is the archive's, or this machine's own (standards W6)."""
    host = visit.request.host
    ours = (urlsplit(visit.site.base_url).hostname or "").lower()
    return not ours or not host or host.strip("[]") == ours or host in _LOOPBACK


def packed(request: Request, response: Response) -> Response:
    """The response, compressed where the reader takes that and it is worth it."""
    if not response.content_type.startswith(_TEXTS):
        return response
    vary = ", ".join(filter(None, (response.headers.get("vary"), "accept-encoding")))
    headers = {**response.headers, "vary": vary}
    if len(response.body) < SMALL or "gzip" not in request.headers.get("accept-encoding", ""):
        return replace(response, headers=headers)
    body = gzip.compress(response.body, LEVEL, mtime=0)
    return replace(response, body=body, headers={**headers, "content-encoding": "gzip"})
