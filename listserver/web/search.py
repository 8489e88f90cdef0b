"""Finding posts of a list again: the words as by mail, results by thread, the newest or the best first."""

from typing import Any
from urllib.parse import urlencode

from listserver.core.masking import author, masked
from listserver.core.query_text import MOST_CHARACTERS, read_query
from listserver.core.words import Piece
from listserver.store import search as rows
from listserver.store.lists import List
from listserver.store.search import Hit, Scope, Sort
from listserver.web.http import Response
from listserver.web.render import page
from listserver.web.visit import Visit

MOST_PAGES = 50  # standards W7


def search(visit: Visit, lst: List) -> Response:
    """The page of results; an empty query shows the field and how to use it. Nothing that is typed is an error."""
    typed = visit.request.query.get("q", "")[:MOST_CHARACTERS].strip()
    sort = Sort.BEST if visit.request.query.get("sort") == "best" else Sort.NEW
    number = visit.request.query.get("page", "1")
    wanted = min(int(number), MOST_PAGES) if number.isascii() and number.isdigit() and len(number) < 4 else 1
    scope = Scope(lst.id, lst.settings.language)
    query = read_query(typed, visit.now.date())
    found = rows.search(visit.conn, [scope], query, sort=sort, page=max(wanted, 1))

    def link(**change: Any) -> str:
        given = {"q": typed, "sort": sort.value, **change}
        return f"{visit.root}/{lst.name}/search?{urlencode(given)}"

    values: dict[str, Any] = {
        "typed": typed,
        "found": found,
        "shown": [_shown(hit) for hit in found.hits],
        "sort": sort.value,
    }
    return page(visit, "search", lst, **values, link=link, most=rows.MOST, noindex=True)


def _shown(hit: Hit) -> dict[str, Any]:
    """What the page says of a hit; nobody's address among it (standards W8)."""
    text = "".join(piece.text for piece in hit.extract)
    hidden = masked(text)
    return {
        "identifier": hit.identifier,
        "subject": masked(hit.subject),
        "author": author(hit.author_name, hit.author_address),
        "sent_at": hit.sent_at,
        "matches": hit.matches,
        "answered": hit.answered,
        "extract": hit.extract if hidden == text else (Piece(hidden, False),),
    }
