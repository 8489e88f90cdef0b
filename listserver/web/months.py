"""A month of a list, and the list of all its months."""

from datetime import datetime
from itertools import groupby
from typing import Any

from listserver.store import fronts
from listserver.store.lists import List
from listserver.web import dates
from listserver.web.fronts import month_url
from listserver.web.http import Response
from listserver.web.render import fresh, of_list, page
from listserver.web.rows import rows
from listserver.web.visit import Visit
from listserver.web.words import reading

MOST = 500  # threads on one page
LONGEST = 1_200  # months that are looked at: a century


def month(visit: Visit, lst: List, year: int, number: int) -> Response | None:
    """What began in a month, and what went on in it; None if it had no posts."""
    start = dates.month(year, number)
    return fresh(visit, of_list(lst), lambda: _month(visit, lst, start))


def _month(visit: Visit, lst: List, start: datetime) -> Response | None:
    end = dates.shift(start, 1)
    found = fronts.span(visit.conn, lst.id, start, end, MOST)
    if found is None:
        return None
    neighbours = [(rel, at) for rel, at in (("prev", found.before), ("next", found.after)) if at]
    words = reading(visit, lst).dates
    values: dict[str, Any] = {
        "name": words.month(start),
        "url": month_url(visit, lst, start),
        "begun": rows(visit, lst, found.begun),
        "continued": rows(visit, lst, found.continued),
        "neighbours": [(rel, month_url(visit, lst, at), words.month(at)) for rel, at in neighbours],
    }
    return page(visit, "month", lst, **values)


def months(visit: Visit, lst: List) -> Response:
    """All months that have posts, by year."""
    return fresh(visit, of_list(lst), lambda: _months(visit, lst))


def _months(visit: Visit, lst: List) -> Response:
    found = all_months(visit, lst)
    words = reading(visit, lst).dates
    years = [(year, list(some)) for year, some in groupby(reversed(found), lambda at: at.year)]
    named: list[Any] = [
        (year, [(month_url(visit, lst, at), words.months[at.month - 1], words.month(at)) for at in some])
        for year, some in years
    ]
    return page(visit, "months", lst, years=named)


def all_months(visit: Visit, lst: List) -> list[datetime]:
    """The beginnings of all months in which the list got posts, oldest first; two statements."""
    first = fronts.first_at(visit.conn, lst.id)
    if first is None:
        return []
    last = dates.month_start(lst.last_post_at or visit.now)
    edges = [dates.month_start(first)]
    while edges[-1] <= last and len(edges) < LONGEST:
        edges.append(dates.shift(edges[-1], 1))
    return fronts.months(visit.conn, lst.id, edges)
