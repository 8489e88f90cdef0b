"""When digests go out: periods of days, weeks and months by a clock on somebody's wall.

A stream is what all who get the same editions share: a mode and, for members who have a time zone of their own, that
zone ("daily", "weekly Europe/Berlin"). It stands in members.receives and in editions.mode.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DIGESTS = ("digest", "daily", "weekly", "monthly", "index")


def stream(mode: str, zone: str) -> str:
    """What a member of that mode and zone receives; the zone matters only to digests."""
    return f"{mode} {zone}" if zone and mode in DIGESTS else mode


def parts(stream: str) -> tuple[str, str]:
    """(mode, zone) of a stream; zone "" = the list's."""
    mode, _, zone = stream.partition(" ")
    return mode, zone


def latest(mode: str, at: time, zone: tzinfo, now: datetime) -> datetime:
    """The last moment, up to `now`, at which a digest of that mode was to go out; UTC.

    Days begin at `at`, weeks on Monday, months on the first. A time that the clocks leave out is as much later as they
    jump; one that they show twice is its first.
    """
    today = now.astimezone(zone).date()
    this = _first(mode, today)
    moment = _moment(this, at, zone)
    return moment if moment <= now else _moment(_first(mode, this - timedelta(days=1)), at, zone)


def slot(mode: str, zone: tzinfo, moment: datetime) -> str:
    """The name of the period that begins at a moment of `latest`, for store.ticks."""
    return f"{_first(mode, moment.astimezone(zone).date()):%Y-%m-%d}"


def _first(mode: str, day: date) -> date:
    """The first day of the period that the day lies in."""
    if mode == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if mode == "monthly" else day


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
