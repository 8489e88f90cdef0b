"""What is on its way, rendered once for all couriers of a process."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

from listserver.core.compose import Unsendable
from listserver.core.site import Site
from listserver.delivery import copies
from listserver.delivery.copies import Mailing, Stamp
from listserver.delivery.transport import Features
from listserver.store.digests import Issue
from listserver.store.engine import Store

KEPT = 64_000_000  # octets of issues that are kept for readers to come, the last ones used
LASTS = 600.0  # seconds; then an issue is rendered anew, without the posts that were deleted meanwhile

Rendered = Mailing | Unsendable | None
_Key = tuple[int | Issue, bool, bool]


class _Kept(NamedTuple):
    task: "asyncio.Task[Rendered]"
    octets: int
    until: float


class Renderings:
    """A post lives as long as a courier has it in hand. Of a digest the readers of each form lie far apart, and each of
    them is due another one perhaps: its issues are kept while there is room.
    """

    def __init__(
        self, store: Store, site: Site, stamp: Callable[[], Stamp], monotonic: Callable[[], float], room: int = KEPT
    ) -> None:
        self._store = store
        self._site = site
        self._stamp = stamp
        self._monotonic = monotonic
        self._room = room
        self._in_hand: WeakValueDictionary[_Key, asyncio.Task[Rendered]] = WeakValueDictionary()
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()

    def get(self, what: int | Issue, features: Features) -> "asyncio.Task[Rendered]":
        """The post (its id) or issue for a relay with these features; who holds the task keeps it for the others."""
        key = (what, features.eightbit, features.utf8)
        kept = self._kept.get(key)
        if kept is not None and kept.until <= self._monotonic():
            del self._kept[key], self._in_hand[key]
        elif kept is not None:
            self._kept.move_to_end(key)
        task = self._in_hand.get(key)
        if task is None:
            unit = partial(copies.prepare, site=self._site, what=what, features=features, stamp=self._stamp())
            task = asyncio.get_running_loop().create_task(self._store.read(unit, page=True))
            self._in_hand[key] = task
            if isinstance(what, Issue):
                task.add_done_callback(partial(self._keep, key))
        return task

    def forget(self) -> None:
        """Keep nothing any more: no courier is at work."""
        self._kept.clear()

    def _keep(self, key: _Key, task: "asyncio.Task[Rendered]") -> None:
        if task.cancelled() or task.exception() is not None:
            return
        made = task.result()
        octets = len(made.body) if isinstance(made, Mailing) else 0
        self._kept[key] = _Kept(task, octets, self._monotonic() + LASTS)
        self._kept.move_to_end(key)
        while sum(one.octets for one in self._kept.values()) > self._room and len(self._kept) > 1:
            self._kept.popitem(last=False)
