"""Atom (RFC 4287) and JSON Feed 1.1 of what a page shows."""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from markupsafe import Markup

from listserver.core import content
from listserver.core.masking import author, masked
from listserver.core.packing import unpack_json
from listserver.store import fronts, reading
from listserver.store.lists import List
from listserver.store.reading import Found, Line
from listserver.store.search import Sort
from listserver.web.body import body
from listserver.web.http import Response
from listserver.web.posts import author_url, post_url
from listserver.web.render import PUBLIC, Version, fresh, render
from listserver.web.render import of_list as version_of
from listserver.web.rows import row, thread_url, title
from listserver.web.search import asked
from listserver.web.search import found as matching
from listserver.web.unanswered import open_questions
from listserver.web.visit import Visit
from listserver.web.words import reading as spoken

ENTRIES = 30
Form = Literal["atom.xml", "feed.json"]
_THREAD = re.compile(r"(/t/[a-z2-7]{10}/).*")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed. url: whole. html: what it says."""

    url: str
    title: str
    author: str
    published: datetime
    updated: datetime
    html: Markup

    @property
    def id(self) -> str:
        """Its address; that of a thread without the words of its subject, which can change (RFC 4287 §4.2.6)."""
        return _THREAD.sub(r"\1", self.url)


def of_list(visit: Visit, lst: List, form: Form) -> Response:
    """Threads by their last post."""

    def make() -> Response:
        topics = fronts.recent(visit.conn, lst.id, visit.now + timedelta(2), ENTRIES)
        return _of_topics(visit, lst, form, topics, lst.name, f"/{lst.name}/")

    return fresh(visit, version_of(lst, form, "list"), make)


def of_unanswered(visit: Visit, lst: List, form: Form) -> Response:
    """Open questions, newest first."""

    def make() -> Response:
        name = spoken(visit, lst).say("Open questions of {list}", list=lst.name)
        return _of_topics(visit, lst, form, open_questions(visit, lst, ENTRIES), name, f"/{lst.name}/unanswered/")

    return fresh(visit, version_of(lst, form, "unanswered"), make)


def of_search(visit: Visit, lst: List, form: Form) -> Response:
    """The newest posts that match."""
    ask = replace(asked(visit, [lst]), sort=Sort.NEW, page=1)
    hits = matching(visit, ask, by_thread=False).hits
    items = [
        Item(
            _whole(visit, post_url(visit, lst, hit.identifier)),
            title(visit, lst, hit.subject),
            author(hit.author_name, hit.author_address),
            hit.sent_at,
            hit.sent_at,
            Markup("<p>{}</p>").format(masked("".join(piece.text for piece in hit.extract))),
        )
        for hit in hits
    ]
    path = f"/{lst.name}/search?{urlencode({'q': ask.typed})}"
    return _feed(visit, lst, form, items, f"{masked(ask.typed) or '…'} · {lst.name}", path)


def _of_topics(visit: Visit, lst: List, form: Form, topics: list[fronts.Topic], name: str, path: str) -> Response:
    items = []
    for topic in topics:
        shown = row(visit, lst, topic)
        said = Markup("<p>{}</p>").format(shown.opening)
        items.append(Item(_whole(visit, shown.url), shown.subject, shown.asker, shown.first_at, shown.last_at, said))
    return _feed(visit, lst, form, items, name, path)


def of_thread(visit: Visit, found: Found, form: Form) -> Response:
    """The newest posts of a thread, whole."""
    about = found.thread
    return fresh(visit, Version((about.id, about.changed, form), about.last_at), lambda: _of_thread(visit, found, form))


def _of_thread(visit: Visit, found: Found, form: Form) -> Response:
    lst, about = found.list, found.thread
    lines = [line for line in reading.of_thread(visit.conn, about.id) if line.state == "shown"][-ENTRIES:][::-1]
    path = thread_url(visit, lst, about.identifier, about.subject).removeprefix(visit.root)
    items = _of_posts(visit, lst, lines)
    return _feed(visit, lst, form, items, title(visit, lst, about.subject), path)


def of_author(visit: Visit, found: Found, form: Form) -> Response | None:
    """The newest posts of whoever wrote this one, whole; None where they have no page."""
    return fresh(visit, version_of(found.list, found.post.id, form), lambda: _of_author(visit, found, form))


def _of_author(visit: Visit, found: Found, form: Form) -> Response | None:
    lst, address = found.list, found.post.author_address
    first = reading.first_of_author(visit.conn, lst.id, address) if address and found.post.state == "shown" else None
    if first is None or first[2]:
        return None
    written = reading.of_author(visit.conn, lst.id, address, ENTRIES)
    path = author_url(visit, lst, replace(found.post, identifier=first[0])).removeprefix(visit.root)
    who = author(found.post.author_name, address)
    name = spoken(visit, lst).say("{author} on {list}", author=who, list=lst.name)
    items = _of_posts(visit, lst, [one.post for one in written])
    return _feed(visit, lst, form, items, name, path)


def _of_posts(visit: Visit, lst: List, lines: list[Line]) -> list[Item]:
    """These posts, whole; one statement."""
    packed = reading.contents(visit.conn, [line.id for line in lines])
    return [
        Item(
            _whole(visit, post_url(visit, lst, line.identifier)),
            title(visit, lst, line.subject),
            author(line.author_name, line.author_address),
            line.sent_at,
            line.sent_at,
            body(content.blocks(unpack_json(packed[line.id])), words=spoken(visit, lst)),
        )
        for line in lines
        if line.id in packed
    ]


def _whole(visit: Visit, path: str) -> str:
    return visit.base.removesuffix(visit.root) + path


def _feed(visit: Visit, lst: List, form: Form, items: list[Item], name: str, path: str) -> Response:
    url = f"{visit.base}{path}"
    here = f"{visit.base}{visit.request.path.removeprefix(visit.root)}{''.join(path.partition('?')[1:])}"
    headers = {"cache-control": PUBLIC}
    if form == "feed.json":
        text = json.dumps(_json(items, name, url, here), ensure_ascii=False)
        return Response(200, text.encode("utf-8", "replace"), "application/feed+json; charset=utf-8", headers)
    updated = max((item.updated for item in items), default=lst.created_at)
    text = _NOT_XML.sub("", render(visit, "atom", lst, items=items, name=name, url=url, here=here, updated=updated))
    return Response(200, text.encode(), "application/atom+xml; charset=utf-8", headers)


def _json(items: list[Item], name: str, url: str, here: str) -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": name,
        "home_page_url": url,
        "feed_url": here,
        "items": [
            {
                "id": item.id,
                "url": item.url,
                "title": item.title,
                "content_html": str(item.html),
                "date_published": f"{item.published:%Y-%m-%dT%H:%M:%SZ}",
                "date_modified": f"{item.updated:%Y-%m-%dT%H:%M:%SZ}",
                "authors": [{"name": item.author}],
            }
            for item in items
        ],
    }
