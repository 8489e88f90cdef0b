"""What becomes of a recipient that the relay did not take, and when it is tried again (standards O5)."""

from datetime import datetime, timedelta
from enum import StrEnum

from listserver.core.envelope import Reply

GIVE_UP = timedelta(days=5)  # RFC 5321 §4.5.4.1
_STEPS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60))
_JITTER = 0.1
_TOO_MANY = (452, 552)  # RFC 5321 §4.5.3.1.10; older servers say 552


class Stage(StrEnum):
    """Where in the transaction a recipient was not taken: the same code means another thing at each."""

    MAIL = "mail"  # about the sender or the relay itself: ours to mend
    RCPT = "rcpt"  # about this recipient
    DATA = "data"  # about the bytes, or about all recipients of the transaction together


class Fate(StrEnum):
    """What becomes of it."""

    OURS = "ours"  # the whole delivery waits, the operator is told
    ANEW = "anew"  # at once, in a transaction of its own
    LATER = "later"
    FAILED = "failed"


def fate(stage: Stage, reply: Reply, *, recipients: int, others_taken: bool) -> Fate:
    """The fate of a recipient. recipients: of its transaction; others_taken: the relay said yes to one of them."""
    if stage is Stage.MAIL:
        return Fate.OURS
    if stage is Stage.RCPT and reply.code in _TOO_MANY and others_taken:
        return Fate.ANEW
    if reply.temporary:
        return Fate.LATER
    if stage is Stage.DATA and recipients > 1:
        return Fate.ANEW  # one of them may be why the others were refused
    return Fate.FAILED


def next_try(attempts: int, first: datetime, now: datetime, chance: float) -> datetime | None:
    """When to try again after `attempts` tries, the first of them at `first`; None when it was long enough.

    chance: 0 to 1, spreads what failed together.
    """
    if now - first >= GIVE_UP:
        return None
    step = _STEPS[min(max(attempts, 1), len(_STEPS)) - 1]
    return now + step * (1 + _JITTER * (2 * chance - 1))
