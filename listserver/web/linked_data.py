"""schema.org data of a thread, for search engines: a data block, which no browser runs."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from listserver.core.content import Content, own_words
from listserver.core.masking import author, masked
from listserver.core.outline import Entry
from listserver.store.reading import Found, Line
from listserver.web.dates import iso
from listserver.web.rows import title
from listserver.web.visit import Visit

LONGEST = 300  # characters of a text


def thread(visit: Visit, found: Found, url: str, entries: list[Entry[Line]], contents: Mapping[int, Content]) -> Markup:
    """A DiscussionForumPosting with the comments of one page."""
    shown = [entry.post for entry in entries if entry.post.id in contents and entry.post.state == "shown"]
    if not shown:
        return Markup("")
    host = visit.base.removesuffix(visit.root)
    first, *rest = shown
    data = {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        "headline": title(visit, found.list, found.thread.subject),
        "url": f"{host}{url}",
        **_posting(first, contents[first.id]),
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": "https://schema.org/CommentAction",
            "userInteractionCount": found.thread.posts - 1,
        },
        "comment": [
            {"@type": "Comment", "url": f"{host}{url}#p-{post.identifier}", **_posting(post, contents[post.id])}
            for post in rest
        ],
    }
    return safe_json(data)


def safe_json(data: Any) -> Markup:
    """JSON that can stand in a script element: nothing in it ends that."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 (see above)


def _posting(post: Line, content: Content) -> dict[str, Any]:
    text = masked(own_words(content.blocks)[: 2 * LONGEST])
    short = text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + "…"
    return {
        "datePublished": _moment(post.sent_at),
        "author": {"@type": "Person", "name": author(post.author_name, post.author_address)},
        "text": short,
    }


def _moment(at: datetime) -> str:
    return iso(at).replace("Z", ":00Z")
