"""The API: lists, threads, posts and searches as JSON, for reading alone. ROUTES says all that there is."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from listserver.store import lists, paging, reading
from listserver.store.lists import List
from listserver.store.paging import NEWEST, OLDEST, Mark, PostRow, ThreadRow
from listserver.web import api_described, problems
from listserver.web import api_values as values
from listserver.web import search as searching
from listserver.web.http import Response
from listserver.web.render import PRIVATE, PUBLIC
from listserver.web.visit import Visit

MOST, USUAL = 100, 20  # items of one answer
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = re.compile(r"(-?[0-9]{1,17})-([0-9]{1,18})")
_NUMBER = re.compile(r"[0-9]{1,9}")
_PUBLIC = {"cache-control": PUBLIC, "access-control-allow-origin": "*"}


class Wrong(Exception):
    """A parameter that cannot be."""


@dataclass(frozen=True, slots=True)
class Page:
    """A portion of something. following: the cursor of the next portion, "" if this is the last."""

    items: Sequence[Any]
    following: str = ""
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A path of the API.

    answer: of (visit, the words of its path); None is 404. item: what it gives; many: by portions.
    parameters: of its query, beside cursor and limit: name -> what it means.
    """

    path: str
    name: str
    summary: str
    item: type
    many: bool
    answer: Callable[..., Any]
    parameters: Mapping[str, str] = field(default_factory=dict)


def respond(visit: Visit, path: str) -> Response:
    """The answer to a request of the API. path: what follows /api/v1."""
    if visit.request.method not in ("GET", "HEAD"):
        return problems.problem(405, "Only for reading", "The API answers GET and HEAD alone.", allow="GET, HEAD")
    if path == "/openapi.json":
        return _sent(visit, api_described.described(visit, ROUTES))
    for route in ROUTES:
        if words := re.fullmatch(_pattern(route.path), path):
            try:
                found = route.answer(visit, *words.groups())
            except Wrong as wrong:
                return problems.problem(400, "A parameter cannot be so", str(wrong))
            if found is not None:
                return _page(visit, path, found) if isinstance(found, Page) else _sent(visit, _plain(found))
    text = "It may never have been there, or it is not open to everybody."
    return problems.problem(404, "There is no such thing", text, **{"x-robots-tag": "noindex"})


def _pattern(path: str) -> str:
    return re.sub(r"\{\w+\}", "([^/]+)", path)


# --- what there is ----------------------------------------------------------------------------------------------------
def _lists(visit: Visit) -> Page:
    after, limit = visit.request.query.get("cursor", ""), _limit(visit)
    shown = [lst for lst in searching.everywhere(visit) if lst.name > after]
    more = shown[limit - 1].name if len(shown) > limit else ""
    return Page([values.of_list(visit, lst) for lst in shown[:limit]], more)


def _list(visit: Visit, name: str) -> values.ListValue | None:
    lst = _find(visit, name)
    return None if lst is None else values.of_list(visit, lst)


def _threads(visit: Visit, name: str) -> Page | None:
    lst = _find(visit, name)
    if lst is None:
        return None
    limit = _limit(visit)
    rows = paging.threads_of(visit.conn, lst.id, _mark(visit, NEWEST), limit + 1)
    more = _written(rows[limit - 1].last_at, rows[limit - 1].id) if len(rows) > limit else ""
    return Page([values.of_thread(visit, lst, row) for row in rows[:limit]], more)


def _thread(visit: Visit, name: str, identifier: str) -> values.ThreadValue | None:
    found = reading.at(visit.conn, name, identifier)
    if found is None or not visit.may_read(found.list) or found.post.identifier != found.thread.identifier:
        return None
    post, about = found.post, found.thread
    if post.state != "shown" and about.posts < 2:
        return None
    told = (post.opening, post.author_name, post.author_address) if post.state == "shown" else ("", "", "")
    times = about.first_at, about.last_at
    row = ThreadRow(about.id, identifier, about.subject, about.posts, *times, about.answered_id is not None, *told)
    return values.of_thread(visit, found.list, row)


def _thread_posts(visit: Visit, name: str, identifier: str) -> Page | None:
    found = reading.at(visit.conn, name, identifier)
    if found is None or not visit.may_read(found.list) or found.post.identifier != found.thread.identifier:
        return None
    limit = _limit(visit)
    rows = paging.posts_of_thread(visit.conn, found.thread.id, _mark(visit, OLDEST), limit + 1)
    more = _written(rows[limit - 1].post.sent_at, rows[limit - 1].post.id) if len(rows) > limit else ""
    return Page(_posts_of(visit, found.list, rows[:limit]), more)


def _posts(visit: Visit, name: str) -> Page | None:
    lst = _find(visit, name)
    if lst is None:
        return None
    cursor, limit = visit.request.query.get("cursor") or str(NEWEST[1])[:9], _limit(visit)
    if not _NUMBER.fullmatch(cursor):
        raise Wrong("Take as cursor what stood in an answer.")
    rows = paging.posts_of(visit.conn, lst.id, int(cursor), limit + 1)
    more = str(rows[limit - 1].post.number) if len(rows) > limit else ""
    return Page(_posts_of(visit, lst, rows[:limit]), more)


def _post(visit: Visit, name: str, identifier: str) -> values.PostValue | None:
    found = reading.at(visit.conn, name, identifier)
    if found is None or not visit.may_read(found.list):
        return None
    row = paging.post(visit.conn, found.post.id)
    return next(iter(_posts_of(visit, found.list, [row])), None) if row else None


def _search(visit: Visit) -> Page | None:
    query = visit.request.query
    wanted = _find(visit, query["list"]) if query.get("list") else None
    if query.get("list") and wanted is None:
        return None
    where = [wanted] if wanted else searching.everywhere(visit)
    cursor = query.get("cursor") or "1"
    if not _NUMBER.fullmatch(cursor):
        raise Wrong("Take as cursor what stood in an answer.")
    if query.get("sort", "new") not in ("new", "best"):
        raise Wrong("sort is new or best.")
    ask = searching.asked(visit, where, number=cursor)
    found = searching.found(visit, ask)
    more = str(found.page + 1) if found.page < min(found.pages, searching.MOST_PAGES) else ""
    about = {"posts": found.posts, "threads": found.groups, "more": found.more, "relaxed": found.relaxed}
    return Page([values.of_hit(visit, ask.where[hit.list_id], hit) for hit in found.hits], more, about)


_Q = 'Words to look for, as in the search field: drift "phase drift" -radio from:anna since:2024 has:file answered:no'
_SEARCH = {"q": _Q, "list": "The name of a list; without it all are searched.", "sort": "new (newest first) or best."}
_ONE, _THREAD = "/lists/{list}", "/lists/{list}/threads/{thread}"
ROUTES = (
    Route("/lists", "lists", "The lists, by name", values.ListValue, True, _lists),
    Route(_ONE, "list", "One list", values.ListValue, False, _list),
    Route(f"{_ONE}/threads", "threads", "Threads, the last written to first", values.ThreadValue, True, _threads),
    Route(_THREAD, "thread", "One thread", values.ThreadValue, False, _thread),
    Route(f"{_THREAD}/posts", "thread_posts", "Its posts, oldest first", values.PostValue, True, _thread_posts),
    Route(f"{_ONE}/posts", "posts", "Posts of a list, newest first", values.PostValue, True, _posts),
    Route(f"{_ONE}/posts/{{post}}", "post", "One post", values.PostValue, False, _post),
    Route("/search", "search", "Posts with these words, one of each thread", values.HitValue, True, _search, _SEARCH),
)


# --- the ways of asking and answering ---------------------------------------------------------------------------------
def _find(visit: Visit, name: str) -> List | None:
    lst = lists.find(visit.conn, name)
    return lst if lst is not None and visit.may_read(lst) else None


def _posts_of(visit: Visit, lst: List, rows: list[PostRow]) -> list[values.PostValue]:
    packed = reading.contents(visit.conn, [row.post.id for row in rows])
    return [values.of_post(visit, lst, row, packed[row.post.id]) for row in rows if row.post.id in packed]


def _limit(visit: Visit) -> int:
    given = visit.request.query.get("limit") or str(USUAL)
    if not _NUMBER.fullmatch(given) or not 1 <= int(given) <= MOST:
        raise Wrong(f"limit is a number from 1 to {MOST}.")
    return int(given)


def _mark(visit: Visit, first: Mark) -> Mark:
    given = visit.request.query.get("cursor", "")
    found = _MARK.fullmatch(given)
    if not given:
        return first
    if found is None:
        raise Wrong("Take as cursor what stood in an answer.")
    return _EPOCH + timedelta(microseconds=int(found[1])), int(found[2])


def _written(at: datetime, row_id: int) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}-{row_id}"


def _page(visit: Visit, path: str, found: Page) -> Response:
    kept = {**visit.request.query, "cursor": found.following}
    url = f"{visit.base}/api/v1{path}?{urlencode(kept)}" if found.following else None
    value = {"items": [_plain(item) for item in found.items], "next": url, **(found.more or {})}
    return _sent(visit, value, {"link": f'<{url}>; rel="next"'} if url else {})


def _plain(value: Any) -> dict[str, Any]:
    return asdict(value)


def _sent(visit: Visit, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(value, ensure_ascii=False, default=_moment)
    octets = text.encode("utf-8", "replace")
    if visit.viewer.person_id is not None:  # a visitor sees public lists alone
        return Response(200, octets, "application/json", {**PRIVATE, **(headers or {})})
    tag = f'W/"{hashlib.sha256(octets).hexdigest()[:20]}"'
    known = {**_PUBLIC, "etag": tag, "vary": "cookie", **(headers or {})}
    if visit.request.has(tag):
        return Response(304, b"", "", known)
    return Response(200, octets, "application/json", known)


def _moment(value: Any) -> str:
    assert isinstance(value, datetime)
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
