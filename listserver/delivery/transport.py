"""Where copies go: the contract of a transport, which smtp.py and folder.py keep (tests/doors/test_transports.py).

A `parcel` is what one SMTP transaction carries: equal bytes for one or more recipients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from listserver.core.envelope import Reply
from listserver.core.fate import Stage


class Parcel(NamedTuple):
    """Equal bytes for one or more recipients.

    sender: envelope sender without <>, "" = null. recipients: addr-specs, at least one. head + body: the mail as it
    goes over the wire, that is with CRLF line ends, dots stuffed (RFC 5321 §4.5.2), ending in CRLF; `body` is the same
    object for all copies of a post, so that a large one lies in memory once. eightbit, utf8: it has octets over 127 in
    the body, in the header. verp: the relay works each recipient's address into the sender (XVERP), if it offers that.
    """

    sender: str
    recipients: tuple[str, ...]
    head: bytes
    body: bytes = b""
    eightbit: bool = False
    utf8: bool = False
    verp: bool = False


@dataclass(frozen=True, slots=True)
class Features:
    """What the other side of a connection offers. size: most octets of a mail, 0 = not said."""

    pipelining: bool = False
    eightbit: bool = False
    utf8: bool = False
    xverp: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class Untaken:
    """A recipient, by its place in the parcel, that the relay did not take, and what it said."""

    place: int
    stage: Stage
    reply: Reply


class Lost(Exception):
    """The connection is of no use any more; the parcel under way has no answer and must go again on another one.

    after_dot: all its bytes were sent, so the relay may have taken it (RFC 1047; standards O7).
    """

    def __init__(self, reason: str, *, after_dot: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_dot = after_dot


class Connection(Protocol):
    """One conversation with a relay."""

    @property
    def features(self) -> Features:
        """What it offers."""
        ...

    async def send(self, parcel: Parcel, then: Parcel | None = None) -> Sequence[Untaken]:
        """Hand over one parcel; what was not taken comes back, so () means that all recipients were taken.

        then: the parcel that the next call will send; its envelope goes out together with the bytes of this one.
        Its bytes never leave before that call. Raises Lost.
        """
        ...

    async def close(self) -> None:
        """End the conversation; never raises, takes two seconds at most."""
        ...


class Transport(Protocol):
    """A way out."""

    async def connect(self) -> Connection:
        """A new conversation. Raises Lost when there is none to be had now."""
        ...
