"""Dates and spans of time as pages say them, in each of their languages: UTC, 24 hours, no year where it is clear."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup, escape

from listserver.core.digest_words import words_of


def moment(at: datetime, text: str) -> Markup:
    """A text that names a moment, as HTML that says which."""
    return Markup(f'<time datetime="{iso(at)}">{escape(text)}</time>')  # noqa: S704 (escaped)


def iso(at: datetime) -> str:
    """For the datetime attribute of `<time>`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def clock(at: datetime) -> str:
    """08:12."""
    return f"{at:%H:%M}"


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


@dataclass(frozen=True, slots=True)
class Dates:
    """How one language says dates. weekdays: Monday first, whole and short. short_months: January first.

    dated: a day without its year. day_named: with the day of the week. on: "on 3 November"; on_weekday: "on Sunday".
    ages: of hour to year, one and several, as they stand behind "waiting for".
    """

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    dated: str
    short: str
    day_named: str
    heading: str
    today: tuple[str, str]
    yesterday: tuple[str, str]
    on: str
    on_weekday: str
    span: str
    span_of_one_month: str
    ages: Mapping[str, tuple[str, str]]

    def day(self, at: datetime | date, *, year: bool = True) -> str:
        """3 November 2026."""
        said = self.dated.format(day=at.day, month=self.months[at.month - 1])
        return f"{said} {at.year}" if year else said

    def month(self, at: datetime) -> str:
        """November 2026."""
        return f"{self.months[at.month - 1]} {at.year}"

    def full(self, at: datetime, *, year: bool, zone: bool = False) -> str:
        """Tue 3 November 2026, 08:12 UTC."""
        said = self.day_named.format(weekday=self.short_weekdays[at.weekday()], day=self.day(at, year=year))
        return f"{said}, {clock(at)}{' UTC' if zone else ''}"

    def brief(self, at: datetime, *, year: bool) -> str:
        """3 Nov, or Nov 2026 where the year matters more than the day."""
        name = self.short_months[at.month - 1]
        return f"{name} {at.year}" if year else self.short.format(day=at.day, month=name)

    def title(self, at: datetime, now: datetime) -> str:
        """Today, Yesterday, Sunday 22 November."""
        if at.date() == now.date():
            return self.today[0]
        if at.date() == now.date() - timedelta(1):
            return self.yesterday[0]
        return self.heading.format(weekday=self.weekdays[at.weekday()], day=self.day(at, year=at.year != now.year))

    def when(self, at: datetime, now: datetime) -> str:
        """today, yesterday, on Sunday, on 3 November."""
        days = (now.date() - at.date()).days
        if days <= 0:
            return self.today[1]
        if days == 1:
            return self.yesterday[1]
        if days < 7:
            return self.on_weekday.format(weekday=self.weekdays[at.weekday()])
        return self.on.format(day=self.day(at, year=at.year != now.year))

    def age(self, since: datetime, now: datetime) -> str:
        """2 days: the largest unit of which there are two, or one hour at least."""
        hours = int((now - since).total_seconds() // 3600)
        for unit, length in (("year", 8766), ("month", 730), ("week", 168), ("day", 24)):
            if hours >= 2 * length:
                return f"{hours // length} {self.ages[unit][1]}"
        if hours >= 24:
            return self.ages["day"][0]
        return f"{hours} {self.ages['hour'][1]}" if hours >= 2 else self.ages["hour"][0]

    def between(self, first: datetime, last: datetime) -> str:
        """3 to 6 November 2026."""
        if first.date() == last.date():
            return self.day(first)
        if (first.year, first.month) == (last.year, last.month):
            return self.span_of_one_month.format(first=first.day, last=self.day(last))
        return self.span.format(first=self.day(first, year=first.year != last.year), last=self.day(last))


DATES = {
    "en": Dates(
        months=words_of("en").months,
        short_months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        short_weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        dated="{day} {month}",
        short="{day} {month}",
        day_named="{weekday} {day}",
        heading="{weekday} {day}",
        today=("Today", "today"),
        yesterday=("Yesterday", "yesterday"),
        on="on {day}",
        on_weekday="on {weekday}",
        span="{first} to {last}",
        span_of_one_month="{first} to {last}",
        ages={
            "hour": ("an hour", "hours"), "day": ("a day", "days"), "week": ("a week", "weeks"),
            "month": ("a month", "months"), "year": ("a year", "years"),
        },
    ),
    "de": Dates(
        months=words_of("de").months,
        short_months=("Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sep", "Okt", "Nov", "Dez"),
        weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        short_weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        dated="{day}. {month}",
        short="{day}. {month}",
        day_named="{weekday} {day}",
        heading="{weekday}, {day}",
        today=("Heute", "heute"),
        yesterday=("Gestern", "gestern"),
        on="am {day}",
        on_weekday="am {weekday}",
        span="{first} bis {last}",
        span_of_one_month="{first}. bis {last}",
        ages={
            "hour": ("einer Stunde", "Stunden"), "day": ("einem Tag", "Tagen"), "week": ("einer Woche", "Wochen"),
            "month": ("einem Monat", "Monaten"), "year": ("einem Jahr", "Jahren"),
        },
    ),
    "fr": Dates(
        months=words_of("fr").months,
        short_months=(
            "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
        ),
        weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        short_weekdays=("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
        dated="{day} {month}",
        short="{day} {month}",
        day_named="{weekday} {day}",
        heading="{weekday} {day}",
        today=("Aujourd’hui", "aujourd’hui"),
        yesterday=("Hier", "hier"),
        on="le {day}",
        on_weekday="{weekday}",
        span="du {first} au {last}",
        span_of_one_month="du {first} au {last}",
        ages={
            "hour": ("une heure", "heures"), "day": ("un jour", "jours"), "week": ("une semaine", "semaines"),
            "month": ("un mois", "mois"), "year": ("un an", "ans"),
        },
    ),
}  # fmt: skip
