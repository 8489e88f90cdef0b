"""Commands that read: index, last, get, thread, search, info, help, lists."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from listserver.core.command_words import Do
from listserver.core.message import read
from listserver.email_commands.request import Outcome, Request, Unproved, find_list, own_membership, said
from listserver.store import lists, posts, search
from listserver.store.lists import List
from listserver.store.search import Scope

MOST_POSTS = 20  # in one answer of get and thread
MOST_LINES = 100  # in one answer of index and search
MOST_TEXT = 30_000  # characters of each post
_RANGE = re.compile(r"(\d{1,9})(?:[-_](\d{1,9}))?")
TOPICS = ("subscribe", "unsubscribe", "set", "archive", "moderators", "owners")


def index(conn: Connection, request: Request) -> Outcome:
    """The newest posts of a list, or those with some numbers, a line each."""
    lst = _readable(conn, request)
    if not isinstance(lst, List):
        return lst
    numbers = _numbers(request.command.text, MOST_LINES)
    found = posts.shown(conn, lst.id, numbers) if numbers else posts.newest(conn, lst.id, MOST_LINES)
    return said("posts", lst, rows=tuple(_line(request, lst, row) for row in found))


def get(conn: Connection, request: Request) -> Outcome:
    """Posts as texts, by their numbers; `last` gives the newest one."""
    lst = _readable(conn, request)
    if not isinstance(lst, List):
        return lst
    numbers = _numbers(request.command.text, MOST_POSTS)
    if request.command.do is Do.LAST:
        found = posts.newest(conn, lst.id, 1)
    elif numbers:
        found = posts.shown(conn, lst.id, numbers)
    else:
        return said("no-file", lst, text=request.command.text[:60])
    return _texts(conn, request, lst, found)


def thread(conn: Connection, request: Request) -> Outcome:
    """All posts of the thread that a post belongs to."""
    lst = _readable(conn, request)
    if not isinstance(lst, List):
        return lst
    found = posts.shown(conn, lst.id, _numbers(request.command.text, 1))
    return _texts(conn, request, lst, posts.of_thread(conn, found[0].thread_id, MOST_POSTS) if found else [])


def find(conn: Connection, request: Request) -> Outcome:
    """Posts with some words: of one list, or of all that the sender may read."""
    command = request.command
    assert command.query is not None
    if command.list or request.at is not None:
        lst = _readable(conn, request)
        if not isinstance(lst, List):
            return lst
        where = [lst]
    else:
        where = [one for one in lists.everything(conn) if _may_read(conn, request, one)]
    scopes = [Scope(one.id, one.settings.language) for one in where]
    found = search.search(conn, scopes, command.query, by_thread=False)
    rows = tuple(
        (
            str(hit.number),
            f"{hit.sent_at:%Y-%m-%d}",
            hit.author_name or hit.author_address,
            hit.subject,
            _link(request, hit.list_name, hit.identifier),
        )
        for hit in found.hits
    )
    return said("found", where[0] if len(where) == 1 else None, rows=rows, text=str(found.posts))


def info(conn: Connection, request: Request) -> Outcome:
    """What a list is for, and how it works."""
    lst = find_list(conn, request)
    if lst is None:
        return said("no-list", text=request.command.list) if request.command.list else help_(conn, request)
    s = lst.settings
    rows = (
        ("address", request.site.address(lst.name)),
        ("joining", s.joining),
        ("posting", s.posting),
        ("archive", f"{request.site.base_url}/{lst.name}/" if s.archive == "public" and request.site.base_url else ""),
        ("owner", request.site.address(f"{lst.name}+owner")),
    )
    return said("info", lst, text=s.description, rows=tuple(row for row in rows if row[1]))


def help_(conn: Connection, request: Request) -> Outcome:
    """How to do things by mail."""
    topic = request.command.text.lower().strip()
    close = next((one for one in TOPICS if topic and one.startswith(topic[:4])), "")
    return said("help", request.at, text=close, address=_robot(request))


def list_lists(conn: Connection, request: Request) -> Outcome:
    """The lists that anybody may know of."""
    shown = [lst for lst in lists.everything(conn) if lst.settings.advertised]
    rows = tuple((lst.name, lst.settings.title, request.site.address(lst.name)) for lst in shown)
    return said("lists", rows=rows)


def _robot(request: Request) -> str:
    return request.site.address(f"{request.at.name}-request" if request.at else "lists")


def _readable(conn: Connection, request: Request) -> List | Outcome:
    """The list whose archive the sender may read, or what to say."""
    name = request.command.list
    lst = find_list(conn, request)
    if lst is None:
        return said("no-list", text=name) if name else said("which-list")
    if lst.settings.archive == "none":
        return said("no-archive", lst)
    if _may_read(conn, request, lst):
        return lst
    return said("members-only", lst) if request.actor.proved else Unproved(request.actor.address)


def _may_read(conn: Connection, request: Request, lst: List) -> bool:
    if lst.settings.archive == "public":
        return True
    member = own_membership(conn, request, lst)
    return lst.settings.archive == "members" and member is not None and member.state != "unconfirmed"


def _numbers(text: str, most: int) -> list[int]:
    """The post numbers in `12`, `1-9`, `1_9 12`; at most so many."""
    found: list[int] = []
    for one in filter(None, map(_RANGE.fullmatch, text.split())):
        first = int(one[1])
        last = int(one[2] or first)
        found += range(first, min(last, first + most - len(found) - 1) + 1)
        if len(found) >= most:
            break
    return found


def _line(request: Request, lst: List, row: Row[Any]) -> tuple[str, ...]:
    return (
        str(row.number),
        f"{row.sent_at:%Y-%m-%d}",
        row.author_name or row.author_address,
        row.subject,
        _link(request, lst.name, row.identifier),
    )


def _texts(conn: Connection, request: Request, lst: List, found: Iterable[Row[Any]]) -> Outcome:
    rows = []
    for row in found:
        raw = posts.raw_of(conn, row.id)
        text = read(raw).text[:MOST_TEXT] if raw is not None else ""
        rows.append((*_line(request, lst, row), text))
    return said("texts", lst, rows=tuple(rows))


def _link(request: Request, list_name: str, identifier: str) -> str:
    return f"{request.site.base_url}/{list_name}/p/{identifier}/" if request.site.base_url else ""
