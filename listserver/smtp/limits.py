"""What the door allows: sizes, counts and times, and the counters that are shared by all its connections."""

import ssl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from listserver.core.ip import LOOPBACK, Network, neighbourhood

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """One listener: where it listens, whom it trusts, and its bounds (sizes in octets, times in seconds).

    `path` (a Unix socket) takes the place of host and port. `trusted` networks are our own MTAs: exempt of every count
    of errors, commands, posts and connections, never of sizes and times; a Unix socket is always trusted.
    `proxies` must send a PROXY header, and nobody else may.
    """

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None
    lmtp: bool = False
    hostname: str = "localhost"
    tls: ssl.SSLContext | None = None
    tls_required: bool = False
    trusted: tuple[Network, ...] = LOOPBACK
    proxies: tuple[Network, ...] = ()
    # sizes
    size: int = 25 * MIB
    line: int = MIB
    command_line: int = 4096
    header: int = 256 * KIB
    fields: int = 1000
    # counts of one connection
    recipients: int = 100
    errors: int = 10
    idle_commands: int = 100
    posts: int = 100
    # connections
    connections: int = 500
    connections_per_address: int = 10
    connections_per_minute: int = 60
    # times
    silence: float = 300.0
    data_silence: float = 180.0
    transaction: float = 900.0
    grace: float = 30.0


class Budget:
    """Octets of mail that all connections together may hold in memory.

    One may be shared by several listeners. 128 MiB holds five mails of the largest default size at once.
    """

    def __init__(self, octets: int = 128 * MIB) -> None:
        self.left = octets

    def take(self, octets: int) -> bool:
        """Reserve `octets`; False and nothing reserved where so many are not left."""
        if octets > self.left:
            return False
        self.left -= octets
        return True

    def give_back(self, octets: int) -> None:
        """Release what was taken."""
        self.left += octets


class Guests:
    """Who is connected, and how often they came in the current minute, by address (IPv6: by /64)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._here: Counter[str] = Counter()
        self._total = 0
        self._minute = 0
        self._came: Counter[str] = Counter()

    def enter(self, address: str, now: float) -> bool:
        """Count a connection at monotonic time `now`; False, and not counted, where it is one too many."""
        guest, minute = neighbourhood(address), int(now // 60)
        if minute != self._minute:
            self._minute, self._came = minute, Counter()
        self._came[guest] += 1
        if (
            self._total >= self._limits.connections
            or self._here[guest] >= self._limits.connections_per_address
            or self._came[guest] > self._limits.connections_per_minute
        ):
            return False
        self._here[guest] += 1
        self._total += 1
        return True

    def leave(self, address: str) -> None:
        """Take back one `enter` that was True."""
        guest = neighbourhood(address)
        self._total -= 1
        self._here[guest] -= 1
        if not self._here[guest]:
            del self._here[guest]
