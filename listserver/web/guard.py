"""How much one client may ask: searches and mbox files in a minute, mails to others in an hour (standards W7, C5)."""

import re
from collections import Counter
from datetime import datetime

from listserver.core.ip import LOOPBACK, Network, neighbourhood, plain_ip, within
from listserver.web.http import Request

MAILS = 30  # forms of one client in an hour that make us write to an address
_COSTLY = re.compile(r"(?:/[^/]+){0,2}/search(?:/(?:atom\.xml|feed\.json))?|/.*mbox\.gz", re.DOTALL)
_MAILING = re.compile(r"/sign-in|/[^/]+/join/")


class Guard:
    """Counts what clients ask of this process (IPv6: by /64). per_minute: 0 = no limit.

    proxies: web servers of ours, whose word on the client's address counts (standards W6).
    """

    def __init__(self, per_minute: int = 0, proxies: tuple[Network, ...] = LOOPBACK) -> None:
        self._per_minute = per_minute
        self._proxies = proxies
        self._searches = _Window(60)
        self._mails = _Window(3_600)

    def client(self, request: Request) -> str:
        """The IP address of who asks: the last in X-Forwarded-For that is not a proxy's of ours."""
        address = request.client
        forwarded = request.headers.get("x-forwarded-for")
        if not forwarded:
            return address
        hops = forwarded.split(",")
        while within(address, self._proxies) and hops:
            hop = hops.pop().strip()
            if plain_ip(hop) is None:
                break
            address = hop
        return address

    def wait(self, request: Request, path: str, now: datetime) -> int:
        """After how many seconds a client may ask that again; 0: now. path: within the archive."""
        if request.method == "POST":
            return self._mails.count(request.client, MAILS, now) if _MAILING.fullmatch(path) else 0
        if self._per_minute and _COSTLY.fullmatch(path):
            return self._searches.count(request.client, self._per_minute, now)
        return 0


class _Window:
    """Counts by client, anew in each span of so many seconds."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._began = 0
        self._counts: Counter[str] = Counter()

    def count(self, client: str, most: int, now: datetime) -> int:
        """Count one request: 0, or for how many seconds they have to wait."""
        who = neighbourhood(client)
        moment = int(now.timestamp())
        if moment // self._seconds != self._began:
            self._began, self._counts = moment // self._seconds, Counter()
        self._counts[who] += 1
        return 0 if self._counts[who] <= most else self._seconds - moment % self._seconds
