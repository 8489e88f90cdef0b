"""The questions of a list that nobody has answered yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from listserver.store import fronts
from listserver.store.fronts import Topic
from listserver.store.lists import List
from listserver.web.http import Response
from listserver.web.posts import reply_url
from listserver.web.render import fresh, of_list, page
from listserver.web.rows import row
from listserver.web.visit import Visit

MOST = 50  # on one page
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def unanswered(visit: Visit, lst: List) -> Response:
    """Open questions, newest or oldest first, each with its age and a link to reply."""
    return fresh(visit, of_list(lst), lambda: _unanswered(visit, lst))


def _unanswered(visit: Visit, lst: List) -> Response:
    oldest = visit.request.query.get("order") == "oldest"
    found = open_questions(visit, lst, MOST + 1, oldest=oldest)
    shown = found[:MOST]
    more = f"{shown[-1].first_at:%Y-%m-%dT%H:%M:%S.%f}" if len(found) > MOST else ""
    values: dict[str, Any] = {
        "rows": [(row(visit, lst, topic), reply_url(visit, lst, topic.first, topic.subject)) for topic in shown],
        "oldest": oldest,
        "more": more,
    }
    return page(visit, "unanswered", lst, **values)


def open_questions(visit: Visit, lst: List, most: int, *, oldest: bool = False) -> list[Topic]:
    """Those of the page that the request asks for."""
    try:
        mark = datetime.fromisoformat(visit.request.query.get("from", "")).replace(tzinfo=UTC)
    except ValueError:
        mark = _BEGINNING if oldest else visit.now + timedelta(2)
    start, end = (mark, visit.now) if oldest else (_BEGINNING, mark)
    step = timedelta(microseconds=1) if oldest and mark > _BEGINNING else timedelta(0)
    return fronts.unanswered(visit.conn, lst.id, start + step, end, most, oldest=oldest)
