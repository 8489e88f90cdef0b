"""A thread: its posts in the order in which they are read, with an outline of who answered whom."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from listserver.core.content import opened
from listserver.core.masking import author, masked
from listserver.core.outline import Entry, outline, pages
from listserver.store import reading, similar
from listserver.store.reading import Found, Line
from listserver.web import dates, linked_data
from listserver.web.body import CUT
from listserver.web.fronts import month_url
from listserver.web.http import Response, redirect
from listserver.web.posts import DEPTH, anchor, reply_url, views
from listserver.web.render import Version, fresh, page, tells
from listserver.web.rows import SOMEBODY, thread_url, title
from listserver.web.visit import Visit
from listserver.web.words import reading as spoken

MOST = 50  # posts on one page
ROOM = 300_000  # octets of text on one page
PACKED = 3  # about how many times shorter a stored text is


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the outline: a post of this page, or another page."""

    url: str
    name: str
    date: str
    iso: str
    depth: int
    best: bool = False


def thread(visit: Visit, found: Found, slug: str) -> Response:
    """The thread that a post is in, where its first post names it; else the way there."""
    lst, about = found.list, found.thread
    url = thread_url(visit, lst, about.identifier, about.subject)
    if found.post.identifier != about.identifier:
        return redirect(_place(visit, found, url), 302)
    if url != f"{visit.root}/{lst.name}/t/{about.identifier}/{slug}":
        return redirect(url + _query(visit), 301)
    seen = (about.id, about.changed, about.posts, spoken(visit, lst).language, lst.settings)
    return fresh(visit, Version(seen, about.last_at), lambda: _thread(visit, found, url))


def _thread(visit: Visit, found: Found, url: str) -> Response:
    lst, about = found.list, found.thread
    entries = _entries(visit, about.id)
    if not entries:
        return tells(visit, "This thread was removed", "All its posts are gone.", lst, 410)
    starts = page_starts(entries)
    number = min(max(_number(visit), 1), len(starts))
    here = entries[starts[number - 1] : [*starts[1:], len(entries)][number - 1]]
    packed = reading.contents(visit.conn, [e.post.id for e in here if e.post.state == "shown"])
    contents = {post_id: opened(octets) for post_id, octets in packed.items()}
    shown = views(visit, found, here, contents)
    values: dict[str, Any] = {
        "thread": about,
        "title": title(visit, lst, about.subject),
        "url": url,
        "opening": masked(next((each.post.opening for each in here if each.post.state == "shown"), "")),
        "posts": shown,
        "steps": _steps(visit, found, url, entries, (starts, number)),
        "facts": _facts(visit, found, entries, here),
        "month": (month_url(visit, lst, about.first_at), spoken(visit, lst).dates.month(about.first_at)),
        "page_url": lambda at: _page_url(visit, url, at),
        "page": number,
        "pages": len(starts),
        "flat": visit.request.query.get("order") == "date",
        "reply": reply_url(visit, lst, about.identifier, about.subject),
        "address": visit.site.address,
        "alike": [
            {
                "url": thread_url(visit, lst, one.identifier, one.subject),
                "title": title(visit, lst, one.subject),
                "posts": one.posts,
                "year": one.first_at.year,
            }
            for one in similar.titles(visit.conn, about.alike)
        ],
        "data": linked_data.thread(visit, found, url, here, contents) if number == 1 else Markup(""),
    }
    return page(visit, "thread", lst, **values)


def _entries(visit: Visit, thread_id: int) -> list[Entry[Line]]:
    lines = reading.of_thread(visit.conn, thread_id)
    if visit.request.query.get("order") == "date":
        by_id = {line.id: line for line in lines}
        entries = [Entry(line, 0, by_id.get(line.parent_id or 0), True) for line in lines]
    else:
        entries = outline(lines)
    # Who is out of sight and has no answers leaves no place behind.
    return [entry for entry in entries if entry.post.state == "shown" or not entry.leaf]


def page_starts(entries: list[Entry[Line]]) -> list[int]:
    """The places at which the pages of a thread begin."""
    return pages([min(entry.post.weight * PACKED, CUT) for entry in entries], MOST, ROOM)


def _number(visit: Visit) -> int:
    given = visit.request.query.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def _query(visit: Visit) -> str:
    kept = {name: value for name, value in visit.request.query.items() if name in ("page", "order")}
    return f"?{urlencode(kept)}" if kept else ""


def _place(visit: Visit, found: Found, url: str) -> str:
    """The address of a post within its thread, on the page it stands on."""
    entries = outline(reading.of_thread(visit.conn, found.thread.id))
    entries = [entry for entry in entries if entry.post.state == "shown" or not entry.leaf]
    at = next((at for at, entry in enumerate(entries) if entry.post.id == found.post.id), 0)
    number = sum(start <= at for start in page_starts(entries))
    return f"{url}{f'?page={number}' if number > 1 else ''}#p-{found.post.identifier}"


def _page_url(visit: Visit, url: str, number: int) -> str:
    """The address of a page of the thread at `url`."""
    if visit.copy is not None:
        return f"{url}/page-{number}/" if number > 1 else url
    kept = [f"page={number}"] if number > 1 else []
    kept += ["order=date"] if visit.request.query.get("order") == "date" else []
    return f"{url}?{'&'.join(kept)}" if kept else url


def _steps(
    visit: Visit, found: Found, url: str, entries: list[Entry[Line]], where: tuple[list[int], int]
) -> list[Step]:
    """where: the beginnings of the pages, and which of them is shown."""
    steps: list[Step] = []
    starts, number = where
    words, best = spoken(visit, found.list), found.thread.answered_id
    first = entries[0].post.sent_at
    long = any(entry.post.sent_at.year != first.year for entry in entries)
    for at, start in enumerate(starts, 1):
        end = starts[at] if at < len(starts) else len(entries)
        if at != number:
            steps.append(
                Step(
                    _page_url(visit, url, at),
                    words.say("Posts {first} to {last}", first=start + 1, last=end),
                    "",
                    "",
                    0,
                )
            )
            continue
        for entry in entries[start:end]:
            post = entry.post
            name = author(post.author_name, post.author_address, words.say(SOMEBODY))
            name = name if post.state == "shown" else words.say("(removed)")
            date = words.dates.brief(post.sent_at, year=long)
            depth = min(entry.depth, DEPTH)
            steps.append(
                Step(f"#p-{post.identifier}", name, date, dates.iso(post.sent_at), depth, best=post.id == best)
            )
    return steps


@dataclass(frozen=True, slots=True)
class Facts:
    """The line under the title. answered: who solved it, and the place of that; waiting: since when, or ""."""

    posts: int
    people: int
    span: str
    answered: str
    answer: str
    waiting: str


def _facts(visit: Visit, found: Found, entries: list[Entry[Line]], here: list[Entry[Line]]) -> Facts:
    shown = [entry.post for entry in entries if entry.post.state == "shown"]
    people = {post.author_address or post.author_name for post in shown}
    best = next((post for post in shown if post.id == found.thread.answered_id), None)
    asks = len(people) == 1 and best is None and found.list.settings.posting != "moderators"
    first = min((post.sent_at for post in shown), default=found.thread.first_at)
    last = max((post.sent_at for post in shown), default=found.thread.last_at)
    words = spoken(visit, found.list)
    return Facts(
        posts=len(shown),
        people=len(people),
        span=words.dates.between(first, last),
        answered=author(best.author_name, best.author_address, words.say(SOMEBODY)) if best else "",
        answer=anchor(visit, found.list, best, here) if best else "",
        waiting=words.dates.age(found.thread.first_at, visit.now) if asks else "",
    )
