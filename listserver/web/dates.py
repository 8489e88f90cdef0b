"""Dates and spans of time as pages say them: UTC, 24 hours, no year where it is clear."""

from datetime import UTC, date, datetime, timedelta


def iso(at: datetime) -> str:
    """For the datetime attribute of `<time>`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def day(at: datetime | date, *, year: bool = True) -> str:
    """3 November 2026."""
    return f"{at.day} {at:%B}{f' {at.year}' if year else ''}"


def clock(at: datetime) -> str:
    """08:12."""
    return f"{at:%H:%M}"


def full(at: datetime, *, year: bool, zone: bool = False) -> str:
    """Tue 3 November 2026, 08:12 UTC."""
    return f"{at:%a} {day(at, year=year)}, {clock(at)}{' UTC' if zone else ''}"


def short(at: datetime, *, year: bool) -> str:
    """3 Nov, or Nov 2026 where the year matters more than the day."""
    return f"{at:%b %Y}" if year else f"{at.day} {at:%b}"


def heading(at: datetime, now: datetime) -> str:
    """Today, Yesterday, Sunday 22 November."""
    if at.date() == now.date():
        return "Today"
    if at.date() == now.date() - timedelta(1):
        return "Yesterday"
    return f"{at:%A} {day(at, year=at.year != now.year)}"


def when(at: datetime, now: datetime) -> str:
    """today, yesterday, on Sunday, on 3 November."""
    days = (now.date() - at.date()).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"on {at:%A}" if days < 7 else f"on {day(at, year=at.year != now.year)}"


def age(since: datetime, now: datetime) -> str:
    """2 days: the largest unit of which there are two, or one hour at least."""
    hours = int((now - since).total_seconds() // 3600)
    for unit, length in (("year", 8766), ("month", 730), ("week", 168), ("day", 24)):
        if hours >= 2 * length:
            return f"{hours // length} {unit}s"
    if hours >= 24:
        return "a day"
    return f"{hours} hours" if hours >= 2 else "an hour"


def span(first: datetime, last: datetime) -> str:
    """3 to 6 November 2026."""
    if first.date() == last.date():
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    return f"{day(first, year=first.year != last.year)} to {day(last)}"


def month_start(at: datetime) -> datetime:
    """The first moment of its month, UTC."""
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def shift(start: datetime, months: int) -> datetime:
    """The first moment of the month so many later."""
    count = start.year * 12 + start.month - 1 + months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def month(year: int, number: int) -> datetime:
    """The first moment of that month, UTC."""
    return datetime(year, number, 1, tzinfo=UTC)
