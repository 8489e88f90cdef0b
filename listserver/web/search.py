"""Finding posts again, of a list or of all: the words as by mail, results by thread, the newest or the best first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from markupsafe import Markup, escape

from listserver.core.masking import author, masked, masked_name
from listserver.core.query_text import MOST_CHARACTERS, read_query
from listserver.core.words import Piece
from listserver.store import lists
from listserver.store import search as rows
from listserver.store.lists import List
from listserver.store.search import Hit, Results, Scope, Sort
from listserver.web.http import Response
from listserver.web.posts import post_url
from listserver.web.render import page, tongue
from listserver.web.rows import SOMEBODY, title
from listserver.web.visit import Visit
from listserver.web.words import Words, reading

MOST_PAGES = 50  # standards W7
YEARS = 10  # by which a search can be narrowed
LISTS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request looks for. where: the lists that it asks about, by id; only those that its reader may read."""

    typed: str
    sort: Sort
    page: int
    where: dict[int, List]


def asked(visit: Visit, where: Iterable[List], number: str | None = None) -> Asked:
    """The search that a request asks for. number: of the page, if it does not say `page`."""
    given = visit.request.query
    number = given.get("page", "1") if number is None else number
    wanted = min(int(number), MOST_PAGES) if number.isascii() and number.isdigit() and len(number) < 4 else 1
    return Asked(
        typed=given.get("q", "")[:MOST_CHARACTERS].strip(),
        sort=Sort.BEST if given.get("sort") == "best" else Sort.NEW,
        page=max(wanted, 1),
        where={lst.id: lst for lst in where},
    )


def found(visit: Visit, ask: Asked, *, by_thread: bool = True) -> Results:
    """What matches it. Nothing that is typed is an error."""
    scopes = [Scope(lst.id, lst.settings.language) for lst in ask.where.values()]
    query = read_query(ask.typed, visit.now.date())
    return rows.search(visit.conn, scopes, query, sort=ask.sort, page=ask.page, by_thread=by_thread)


def everywhere(visit: Visit) -> list[List]:
    """The lists that a search of the whole site looks into: those that the reader is shown, and may read."""
    return [lst for lst in lists.everything(visit.conn) if visit.viewer.is_shown(lst)]


def search(visit: Visit, lst: List | None = None) -> Response:
    """The page of results; an empty query shows the field and how to use it. lst: None searches all lists."""
    ask = asked(visit, [lst] if lst else everywhere(visit))
    results = found(visit, ask)

    def link(name: str = lst.name if lst else "", q: str = ask.typed, sort: str = ask.sort.value, page: int = 0) -> str:
        more = f"&page={page}" if page else ""
        return f"{visit.root}{'/' if name else ''}{name}/search?q={quote_plus(q)}&sort={sort}{more}"

    def narrowed(words: str) -> str:
        return link(q=f"{ask.typed} {words}")

    words = reading(visit, lst)
    values: dict[str, Any] = {
        "typed": ask.typed,
        "found": results,
        "shown": [_shown(visit, ask.where, hit, words) for hit in results.hits],
        "sort": ask.sort.value,
        "narrow": []
        if results.posts < 2
        else [one for one in _narrow(ask, results, words.say, link, narrowed) if len(one[1]) > 1],
        "address": visit.site.address,
    }
    return page(visit, "search", lst, **values, link=link, most=rows.MOST, noindex=True)


def _narrow(
    ask: Asked, results: Results, say: Any, link: Any, narrowed: Any
) -> Iterable[tuple[str, list[tuple[str, str, int]]]]:
    """By what the results can be narrowed: a name, and for each choice its URL, its name, and its posts."""
    if len(ask.where) > 1:
        counted = [(ask.where[list_id].name, count) for list_id, count in results.lists[:LISTS]]
        yield say("List"), [(link(name), name, count) for name, count in counted]
    years = results.years[:YEARS]
    yield say("Year"), [(narrowed(f"since:{year} until:{year}"), str(year), count) for year, count in years]
    names = [(" ".join(one.name.replace('"', " ").split()), one.posts) for one in results.people]
    # Who has no name but an address has nothing by which visitors could ask for them.
    shown = [(name, count) for name, count in names if name and masked_name(name) == name]
    yield say("By"), [(narrowed(f'from:"{name}"'), name, count) for name, count in shown]


class _Shown(NamedTuple):
    """What the page says of a hit."""

    url: str
    list: str
    subject: str
    tongue: Markup
    author: str
    sent_at: datetime
    matches: int
    answered: bool
    extract: Markup


def _shown(visit: Visit, where: dict[int, List], hit: Hit, words: Words) -> _Shown:
    """A hit as the page has it; nobody's address in it (standards W8)."""
    text = "".join([piece.text for piece in hit.extract])
    hidden = masked(text)
    lst = where[hit.list_id]
    return _Shown(
        url=post_url(visit, lst, hit.identifier),
        list=lst.name,
        subject=title(visit, lst, hit.subject),
        tongue=tongue(visit, lst, words),
        author=author(hit.author_name, hit.author_address, words.say(SOMEBODY)),
        sent_at=hit.sent_at,
        matches=hit.matches,
        answered=hit.answered,
        extract=_marked(hit.extract) if hidden == text else escape(hidden),
    )


def _marked(extract: Iterable[Piece]) -> Markup:
    """The pieces as HTML."""
    pieces = [f"<mark>{escape(text)}</mark>" if hit else escape(text) for text, hit in extract]
    return Markup("".join(pieces))  # noqa: S704 (escaped above)
