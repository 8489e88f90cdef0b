"""When bounces say that an address is dead: a score of the last days, so that no single failure decides (B3)."""

from collections import defaultdict
from collections.abc import Iterable

from listserver.core.bounce_kind import Kind

LIMIT = 5.0  # points
DAYS = 7  # for which a bounce counts
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


def worst(bounces: Iterable[Kind]) -> Kind:
    """The kind that tells most about why an address is in doubt."""
    return max(bounces, key=points)
