"""When bounces say that an address is dead: a score of the last days, so that no single failure decides (B3)."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from listserver.core.bounce_kind import Kind

LIMIT = 5.0  # points
DAYS = 7  # for which a bounce counts
SLOW_DAYS = 30  # looked back on for a list that posts on fewer days than can make LIMIT points in DAYS
SLOW_LIMIT = 3  # days on which such a list posted, from the first bounce on, all of which came back
OLDEST = 10  # days after which a return address is not good any more (B2): MTAs give up after five
_POINTS = {Kind.DEAD: 1.0, Kind.FULL: 0.25, Kind.TEMPORARY: 0.25, Kind.UNKNOWN: 0.25}  # others charge nobody's address


def points(kind: Kind) -> float:
    """What one bounce of that kind says against an address."""
    return _POINTS.get(kind, 0.0)


def score(bounces: Iterable[tuple[Kind, int]], today: int) -> float:
    """The points of an address, from (kind, day on which the copy was sent). Days since 1970.

    A day counts one point at most, so a return address in wrong hands, good for its one day, does no more than that.
    """
    by_day: dict[int, float] = defaultdict(float)
    for kind, day in bounces:
        if today - DAYS < day <= today:
            by_day[day] += points(kind)
    return sum(min(1.0, each) for each in by_day.values())


def dead(bounces: Collection[tuple[Kind, int]], posted: Collection[int], today: int) -> bool:
    """Whether an address has failed so often that its copies stop. posted: days of the list's posts, of SLOW_DAYS.

    A list that is read once a week would never find a dead address by points: there, every post of some must come back.
    """
    if score(bounces, today) >= LIMIT:
        return True
    if len({day for day in posted if today - DAYS < day <= today}) >= LIMIT:
        return False
    failed = {day for kind, day in bounces if points(kind) == 1.0 and today - SLOW_DAYS < day <= today}
    since = {day for day in posted if failed and min(failed) <= day <= today}
    return len(since) >= SLOW_LIMIT and len(failed) >= len(since)


def worst(bounces: Iterable[Kind]) -> Kind:
    """The kind that tells most about why an address is in doubt."""
    return max(bounces, key=points)
