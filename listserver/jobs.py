"""The periodic jobs, and what makes each run once per slot, however many processes there are.

A slot is a stretch of time with a name ("2026-03-01"). A job fires by writing (job, slot) in the transaction that does
its work: a second process, a restart or a clock that jumps back finds the slot taken. Only the present slot fires, so
after two days down each job runs once; what it then finds due, it does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver import log
from listserver.actions import bounces, digests, late_posts, membership, moderation
from listserver.core.site import Site
from listserver.errors import UsageError
from listserver.store import retention, ticks
from listserver.store.engine import Store

LOOK = 10.0  # seconds between looks whether a slot has begun
PATIENCE = 600.0  # longest wait in seconds before a job that failed is tried again
ROWS = 1_000  # that one transaction deletes
DECISIONS = 50  # that one transaction makes, each with a mail to render

Clock = Callable[[], datetime]
Work = Callable[[Connection, datetime], bool]


@dataclass(frozen=True, slots=True)
class Job:
    """slot: the name of the slot that a moment lies in. work: does some of what is due; whether more is left."""

    name: str
    doc: str
    slot: Callable[[datetime], str]
    work: Work


def hourly(now: datetime) -> str:
    """A slot of one hour."""
    return f"{now:%Y-%m-%dT%H}"


def daily(now: datetime) -> str:
    """A slot of one day, UTC."""
    return f"{now:%Y-%m-%d}"


def minutely(now: datetime) -> str:
    """A slot of one minute."""
    return f"{now:%Y-%m-%dT%H:%M}"


def ten_minutes(now: datetime) -> str:
    """A slot of ten minutes."""
    return f"{now:%Y-%m-%dT%H}:{now.minute // 10}0"


def _aged(delete: Callable[[Connection, datetime, int], int], age: timedelta) -> Work:
    return lambda conn, now: delete(conn, now - age, ROWS) == ROWS


def _whole(work: Callable[[Connection, datetime], int]) -> Work:
    """Work that leaves nothing for a further transaction."""

    def do(conn: Connection, now: datetime) -> bool:
        work(conn, now)
        return False

    return do


def table(site: Site) -> tuple[Job, ...]:
    """All periodic jobs."""
    return (
        Job(
            "expiry",
            "End what has waited for a moderator for too long, as each list says.",
            ten_minutes,
            lambda conn, now: moderation.expire(conn, site, now, DECISIONS) == DECISIONS,
        ),
        Job(
            "pauses",
            "Let members whose pause is over have their mail again.",
            ten_minutes,
            lambda conn, now: membership.end_pauses(conn, now, ROWS) == ROWS,
        ),
        Job("digests", "Send the digests whose time has come.", minutely, _whole(digests.send_due)),
        Job(
            "probes",
            "Look whether mail reaches suspended members again; end what was in vain for a month.",
            hourly,
            lambda conn, now: bounces.tend(conn, site, now),
        ),
        Job(
            "reminders",
            "Remind moderators of what has waited for a day.",
            daily,
            _whole(lambda conn, now: moderation.remind(conn, site, now)),
        ),
        Job(
            "late",
            "Tell owners and operator of posts that do not go out.",
            ten_minutes,
            _whole(lambda conn, now: late_posts.tell(conn, site, now)),
        ),
        *_RETENTION,
    )


_RETENTION: tuple[Job, ...] = (
    Job(
        "tokens",
        "Forget tokens a day after they expired.",
        hourly,
        _aged(retention.tokens_expired, timedelta(days=1)),
    ),
    Job(
        "sessions",
        "Forget who was signed in, when the session is over.",
        daily,
        _aged(retention.sessions_expired, timedelta(0)),
    ),
    Job(
        "decided",
        "Forget holds 30 days after they were decided.",
        daily,
        _aged(retention.holds_decided, timedelta(days=30)),
    ),
    Job("bounces", "Forget bounces after 30 days.", daily, _aged(retention.bounces_old, timedelta(days=30))),
    Job("events", "Forget audit rows after a year.", daily, _aged(retention.events_old, timedelta(days=365))),
    Job(
        "failures",
        "Forget recipients that were given up after 30 days.",
        daily,
        _aged(retention.failures_old, timedelta(days=30)),
    ),
    Job(
        "notices",
        "Forget mails that we wrote two days after they left.",
        hourly,
        _aged(retention.notices_sent, timedelta(days=2)),
    ),
    Job(
        "editions",
        "Forget which posts a digest held after 90 days; an answer to it is then a post like others.",
        daily,
        _aged(retention.editions_old, timedelta(days=90)),
    ),
    Job(
        "choices",
        "Forget earlier choices of members that nothing on its way goes by any more.",
        ten_minutes,
        lambda conn, now: retention.past_receives_settled(conn, ROWS) == ROWS,
    ),
    Job(
        "ticks",
        "Forget which slots have fired after 60 days.",
        daily,
        _whole(lambda conn, now: ticks.forget(conn, now - timedelta(days=60))),
    ),
)


def find(jobs: tuple[Job, ...], name: str) -> Job:
    """The job of that name. Raises UsageError with the names there are."""
    for job in jobs:
        if job.name == name:
            return job
    raise UsageError(f"There is no job {name!r}. The jobs are {', '.join(job.name for job in jobs)}.")


def fire(conn: Connection, job: Job, now: datetime) -> bool | None:
    """Do the work of the slot that `now` lies in: whether more is left, None if the slot was taken."""
    if not ticks.tick(conn, job.name, job.slot(now), now):
        return None
    return job.work(conn, now)


def run_now(store: Store, job: Job, now: datetime) -> int:
    """Do all the work of a job as if it were `now`, taken or not, and take the slot; the number of transactions."""

    def first(conn: Connection) -> bool:
        ticks.tick(conn, job.name, job.slot(now), now)
        return job.work(conn, now)

    more, steps = store.write_now(first), 1
    while more:
        more, steps = store.write_now(lambda conn: job.work(conn, now)), steps + 1
    return steps


class Runner:
    """Fires the jobs of one process."""

    def __init__(self, store: Store, jobs: tuple[Job, ...], clock: Clock) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._seen: dict[str, str] = {}  # job -> slot known to be taken
        self._failures: dict[str, tuple[int, float]] = {}  # job -> how often in a row, when to try again (loop time)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look for new slots until `stopping`; what is under way is finished."""
        while not stopping.is_set():
            await self.look()
            await _wait(stopping.wait(), LOOK)

    async def look(self) -> None:
        """Fire each job whose slot has begun."""
        for job in self._jobs:
            now, loop_now = self._clock(), asyncio.get_running_loop().time()
            count, again = self._failures.get(job.name, (0, 0.0))
            if self._seen.get(job.name) == job.slot(now) or loop_now < again:
                continue
            try:
                await self._fire(job, now)
            except Exception as failure:
                self._failures[job.name] = (count + 1, loop_now + min(PATIENCE, LOOK * 2**count))
                log.error(log.Event.JOB_FAILED, failure, job=job.name)
            else:
                self._failures.pop(job.name, None)
                self._seen[job.name] = job.slot(now)

    async def _fire(self, job: Job, now: datetime) -> None:
        more = await self._store.write(lambda conn: fire(conn, job, now))
        if more is None:
            return
        while more:
            more = await self._store.write(lambda conn: job.work(conn, now))
        log.debug(log.Event.JOB_RAN, job=job.name, slot=job.slot(now))


async def _wait(event: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(event, seconds)
    except TimeoutError:
        return
