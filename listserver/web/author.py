"""What one person wrote on a list. Any post of theirs names them; the page's own address has the first."""

from dataclasses import replace
from itertools import groupby
from typing import Any

from listserver.core.masking import author as called
from listserver.core.masking import masked
from listserver.store import reading
from listserver.store.reading import Found, Written
from listserver.web.http import Response, redirect
from listserver.web.posts import author_url, post_url
from listserver.web.render import fresh, of_list, page
from listserver.web.rows import SOMEBODY, thread_url, title
from listserver.web.visit import Visit
from listserver.web.words import reading as spoken

MOST = 200  # of their newest posts


def author(visit: Visit, found: Found, given: str) -> Response | None:
    """The threads in which its author wrote; None where they are not named to others."""
    return fresh(visit, of_list(found.list, found.post.id), lambda: _author(visit, found, given))


def _author(visit: Visit, found: Found, given: str) -> Response | None:
    lst, address = found.list, found.post.author_address
    first = reading.first_of_author(visit.conn, lst.id, address) if address and found.post.state == "shown" else None
    if first is None or first[2]:
        return None
    url = author_url(visit, lst, replace(found.post, identifier=first[0]))
    if url != f"{visit.root}/{lst.name}/people/{given}/":
        return redirect(url, 301)
    written = reading.of_author(visit.conn, lst.id, address, MOST)
    words = spoken(visit, lst)
    threads: dict[str, list[Written]] = {}
    for one in written:
        threads.setdefault(one.thread, []).append(one)
    name = called(found.post.author_name, address, words.say(SOMEBODY))
    rows = [
        {
            "url": thread_url(visit, lst, identifier, some[0].topic)
            if len(some) > 1
            else post_url(visit, lst, some[0].post.identifier),
            "subject": title(visit, lst, some[0].topic),
            "opening": masked(some[0].post.opening),
            "posts": len(some),
            "date": words.dates.day(some[0].post.sent_at),
        }
        for identifier, some in threads.items()
    ]
    years = [
        (year, [row for _, row in some])
        for year, some in groupby(
            zip([some[0].post.sent_at.year for some in threads.values()], rows, strict=True), lambda pair: pair[0]
        )
    ]
    values: dict[str, Any] = {
        "name": name,
        "url": url,
        "years": years,
        "span": words.say(
            "{first} to {last}", first=words.dates.month(first[1]), last=words.dates.month(written[0].post.sent_at)
        ),
        "posts": len(written),
        "all": len(written) < MOST,
    }
    return page(visit, "author", lst, **values)
