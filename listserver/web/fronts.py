"""The front of the site, and that of a list."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from listserver.store import fronts, lists
from listserver.store.lists import List
from listserver.web import dates
from listserver.web.http import Response
from listserver.web.render import Version, fresh, of_list, page, tongue
from listserver.web.rows import Row, by_day, rows
from listserver.web.visit import Visit
from listserver.web.words import reading

THREADS = 20  # on a front
WAITING = 2  # open questions on it
FRESH = timedelta(days=30)  # an older question is not put on the front
PATIENCE = timedelta(hours=12)  # nor one so young
_DAY, _MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Month:
    """A month with posts."""

    url: str
    name: str
    posts: int


def site(visit: Visit) -> Response:
    """All lists that this reader may read."""
    shown = [
        lst
        for lst in lists.everything(visit.conn)
        if (visit.viewer.is_shown(lst) if visit.copy is None else lst.name in visit.copy.lists)
    ]
    last = max((lst.last_post_at for lst in shown if lst.last_post_at), default=None)
    version = Version(tuple((lst.id, lst.changed) for lst in shown), last)
    told = [(lst, tongue(visit, lst, reading(visit, None))) for lst in shown]
    return fresh(visit, version, lambda: page(visit, "site", lists=told, posts=sum(lst.posts for lst in shown)))


def front(visit: Visit, lst: List) -> Response:
    """A list: its open questions, the threads that moved last, its months, and how to take part."""
    return fresh(visit, of_list(lst), lambda: _front(visit, lst))


def _front(visit: Visit, lst: List) -> Response:
    before = _before(visit)
    found = rows(visit, lst, fronts.recent(visit.conn, lst.id, before or visit.now + timedelta(2), THREADS + 1))
    waiting = [] if before or lst.settings.posting == "moderators" else _waiting(visit, lst)
    months = [] if before else _months(visit, lst)
    shown = found[:THREADS]
    older = ""
    if len(found) > THREADS:
        # Days are shown whole where they fit: the next page begins with the day that this one did not end.
        day = shown[-1].last_at.date()
        whole = [row for row in shown if row.last_at.date() > day]
        goes_on = found[THREADS].last_at.date() == day
        if whole and goes_on:
            shown, day = whole, day + timedelta(1)
        older = _written(shown[-1].last_at if goes_on and not whole else datetime(day.year, day.month, day.day))
    values: dict[str, Any] = {
        "days": by_day(visit, lst, shown),
        "waiting": waiting,
        "months": months,
        "older": older,
        "before": before,
        "given": _written(before) if before else "",
        "address": visit.site.address,
        "weekly": _weekly(lst, months, visit.now),
    }
    return page(visit, "front", lst, **values)


def _waiting(visit: Visit, lst: List) -> list[Row]:
    start, end = visit.now - FRESH, visit.now - PATIENCE
    return rows(visit, lst, fronts.unanswered(visit.conn, lst.id, start, end, WAITING))


def _before(visit: Visit) -> datetime | None:
    """The day, or the moment within a day of many threads, before which they are shown."""
    given = visit.request.query.get("before", "")
    for form in _DAY, _MOMENT:
        try:
            return datetime.strptime(given, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _written(at: datetime) -> str:
    """The same as it stands in an address."""
    return at.strftime(_MOMENT if at.time().replace(microsecond=0) > time() else _DAY)


def _months(visit: Visit, lst: List) -> list[Month]:
    """The last six months up to that of the newest post."""
    first = dates.shift(dates.month_start(lst.last_post_at or visit.now), -5)
    edges = [dates.shift(first, step) for step in range(7)]
    counted = zip(edges, fronts.counts(visit.conn, lst.id, edges), strict=False)
    name = reading(visit, lst).dates.month
    return [Month(month_url(visit, lst, start), name(start), posts) for start, posts in counted if posts][::-1]


def month_url(visit: Visit, lst: List, at: datetime) -> str:
    """The path of a month's page."""
    return f"{visit.root}/{lst.name}/{at:%Y/%m}/"


def _weekly(lst: List, months: list[Month], now: datetime) -> int:
    """About how many posts a week it gets; 0 if it sleeps."""
    if lst.last_post_at is None or now - lst.last_post_at > timedelta(days=60):
        return 0
    return round(sum(month.posts for month in months) / 26)
