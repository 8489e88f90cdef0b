"""Whether a function's cost grows with what it is given, and no faster."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def is_linear(function: Callable[[T], object], make: Callable[[int], T], size: int) -> bool:
    """Whether four times as much takes less than ten times as long: 16 would be quadratic.

    A ratio of the processor's time, the best of three each, so that a busy machine does not matter.
    """
    return _cost(function, make(4 * size)) <= 10 * _cost(function, make(size)) + 0.005


def _cost(function: Callable[[T], object], argument: T) -> float:
    costs = []
    for _ in range(3):
        began = time.process_time()
        function(argument)
        costs.append(time.process_time() - began)
    return min(costs)
