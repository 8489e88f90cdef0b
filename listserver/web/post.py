"""One post by itself: the page that its permanent link opens."""

from itertools import pairwise
from typing import Any

from listserver.core import content
from listserver.core.masking import author, masked
from listserver.core.outline import Entry, outline
from listserver.store import reading
from listserver.store.reading import Found, Line
from listserver.web.http import Response
from listserver.web.posts import post_url, views
from listserver.web.render import Version, fresh, page
from listserver.web.rows import SOMEBODY, thread_url, title
from listserver.web.visit import Visit
from listserver.web.words import reading as spoken

OPENING = 280  # characters of the post that it answers


def post(visit: Visit, found: Found) -> Response:
    """The post, what it answers, what answers it, and its neighbours."""
    lst, about = found.list, found.thread
    seen = (found.post.id, found.post.state, about.id, about.changed, about.posts, spoken(visit, lst).language)
    return fresh(visit, Version((*seen, lst.settings), about.last_at), lambda: _post(visit, found))


def _post(visit: Visit, found: Found) -> Response:
    lst, about = found.list, found.thread
    entries = [e for e in outline(reading.of_thread(visit.conn, about.id)) if e.post.state == "shown" or not e.leaf]
    entry = next(each for each in entries if each.post.id == found.post.id)
    parent = entry.parent if entry.parent is not None and entry.parent.state == "shown" else None
    wanted = [entry.post.id] + ([parent.id] if parent else [])
    packed = reading.contents(visit.conn, wanted)
    contents = {post_id: content.opened(octets) for post_id, octets in packed.items()}
    (shown,) = views(visit, found, [entry], contents, whole=True)
    answers = [e for e in entries if e.parent is not None and e.parent.id == entry.post.id and e.post.state == "shown"]
    words = spoken(visit, lst)
    values: dict[str, Any] = {
        "post": shown,
        "opening": masked(entry.post.opening),
        "title": title(visit, lst, found.post.subject or about.subject),
        "thread_title": title(visit, lst, about.subject),
        "thread_url": thread_url(visit, lst, about.identifier, about.subject),
        "parent": _opening(visit, found, parent, contents),
        "answers": [
            {
                "author": author(e.post.author_name, e.post.author_address, words.say(SOMEBODY)),
                "url": post_url(visit, lst, e.post.identifier),
                "date": words.dates.full(e.post.sent_at, year=True),
                "text": masked(e.post.opening),
            }
            for e in answers
        ],
        "neighbours": _neighbours(visit, found, entries),
        "number": found.post.number,
        "message_id": masked(found.post.message_id),
        "fellows": about.posts,
        "address": visit.site.address,
    }
    return page(visit, "post", lst, **values)


def _opening(
    visit: Visit, found: Found, parent: Line | None, contents: dict[int, content.Content]
) -> dict[str, str] | None:
    if parent is None or parent.id not in contents:
        return None
    words = " ".join(masked(content.own_words(contents[parent.id].blocks)[: 4 * OPENING]).split())
    short = words if len(words) <= OPENING else words[:OPENING].rpartition(" ")[0] + "…"
    name = author(parent.author_name, parent.author_address, spoken(visit, found.list).say(SOMEBODY))
    return {"author": name, "url": post_url(visit, found.list, parent.identifier), "text": short}


def _neighbours(visit: Visit, found: Found, entries: list[Entry[Line]]) -> list[tuple[str, str, str]]:
    """(rel, URL, words) of the previous and the next post in the order of reading."""
    say = spoken(visit, found.list).say
    places: list[tuple[str, str, str]] = []
    for one, other in pairwise([e for e in entries if e.post.state == "shown"]):
        if other.post.id == found.post.id:
            places.append(("prev", post_url(visit, found.list, one.post.identifier), say("Previous post")))
        if one.post.id == found.post.id:
            places.append(("next", post_url(visit, found.list, other.post.identifier), say("Next post")))
    return places
