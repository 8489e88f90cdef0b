"""When bounces say that an address is dead (standards B3)."""

import pytest

from listserver.core.bounce_kind import Kind
from listserver.core.bounce_score import LIMIT, dead, points, score, worst


@pytest.mark.parametrize(
    ("bounces", "expected"),
    [
        ([], 0),
        ([(Kind.DEAD, 100)], 1),
        ([(Kind.DEAD, 100)] * 9, 1),  # one a day
        ([(Kind.DEAD, day) for day in range(96, 101)], LIMIT),
        ([(Kind.DEAD, 93), (Kind.DEAD, 94)], 1),  # seven days: 94 to 100
        ([(Kind.DEAD, 101)], 0),  # a day that has not come
        ([(Kind.FULL, 100), (Kind.TEMPORARY, 100), (Kind.UNKNOWN, 99)], 0.75),
        ([(Kind.FULL, 100)] * 9, 1),
        ([(Kind.POLICY, 100), (Kind.COMPLAINT, 100)], 0),
    ],
)
def test_B3_points_of_seven_days_one_a_day(bounces: list[tuple[Kind, int]], expected: float) -> None:
    assert score(bounces, 100) == expected


WEEKLY = [65, 72, 79, 86, 93, 100]


@pytest.mark.parametrize(
    ("bounces", "posted", "expected"),
    [
        ([(Kind.DEAD, day) for day in (86, 93, 100)], WEEKLY, True),  # each since the first came back
        ([(Kind.DEAD, day) for day in (93, 100)], WEEKLY, False),  # too few to tell
        ([(Kind.DEAD, day) for day in (79, 86, 100)], WEEKLY, False),  # one was taken
        ([(Kind.DEAD, day) for day in (69, 70, 100)], WEEKLY, False),  # longer ago than 30 days
        ([(Kind.FULL, day) for day in (86, 93, 100)], WEEKLY, False),
        ([(Kind.DEAD, day) for day in (98, 99, 100)], range(80, 101), False),  # a daily list takes five
        ([(Kind.DEAD, day) for day in range(96, 101)], range(80, 101), True),
        ([(Kind.DEAD, day) for day in (98, 99, 100)], [], False),
        ([], WEEKLY, False),
    ],
)
def test_B3_a_slow_list_counts_its_posts(bounces: list[tuple[Kind, int]], posted: list[int], expected: bool) -> None:
    assert dead(bounces, posted, 100) is expected


def test_the_kind_that_tells_most() -> None:
    assert worst([Kind.FULL, Kind.DEAD, Kind.POLICY]) is Kind.DEAD
    assert [points(kind) for kind in Kind] == [1.0, 0.25, 0.25, 0.0, 0.0, 0.25]
