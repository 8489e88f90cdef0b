"""Days as people type them: 2024, 2024-06, 3.6.2024, 3 June 2024, June 3, yesterday, 2 weeks."""

import re
from datetime import date, timedelta

from listserver.core.digest_words import words_of

_MONTHS = """
jan januar january janvier enero gennaio januari janeiro ene
feb februar february février febrero febbraio februari fevereiro fév
mar märz march mars marzo maart março mär mrt
apr april avril abril aprile avr abr
may mai mayo maggio mei maio mag
jun juni june juin junio giugno junho giu
jul juli july juillet julio luglio julho lug
aug august août agosto augustus ago aoû
sep sept september septembre septiembre settembre setembro set
oct oktober october octobre octubre ottobre outubro okt ott out
nov november novembre noviembre novembro
dec dezember december décembre diciembre dicembre dezembro dez dic
"""
_MONTH_OF = {name: number for number, line in enumerate(_MONTHS.strip().split("\n"), 1) for name in line.split()}
_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|\.)? (?:de |of )?)?([^\W\d]+)\.?,?(?: (\d{1,2})(?:st|nd|rd|th)?,?)?(?: (\d{4}))?"
)
_SPAN = re.compile(r"(\d{1,4}) ?(d|w|m|y|days?|weeks?|months?|years?|tage?n?|wochen?|monate?n?|jahre?n?)(?: ago)?")
_DAYS = {"d": 1, "t": 1, "w": 7, "m": 30, "y": 365, "j": 365}


def read_days(text: str, today: date, ahead: bool = False) -> tuple[date, date] | None:
    """(first day, day after the last) of what the text names, None if it names none.

    `2 weeks` is that long ago, or from now if `ahead`; a day without a year is the last one, or the next if `ahead`.
    Day before month, unless that makes no date.
    """
    text = " ".join(text.casefold().replace(",", " ").split())
    try:
        return _relative(text, today, ahead) or _absolute(text, today, ahead)
    except (ValueError, OverflowError):
        return None


def _relative(text: str, today: date, ahead: bool) -> tuple[date, date] | None:
    if text in ("today", "yesterday", "tomorrow"):
        day = today + timedelta({"yesterday": -1, "today": 0, "tomorrow": 1}[text])
        return day, day + timedelta(1)
    if span := _SPAN.fullmatch(text):
        length = timedelta(int(span[1]) * _DAYS[span[2][0]])
        day = today + length if ahead else today - length
        return day, day + timedelta(1)
    return None


def _absolute(text: str, today: date, ahead: bool) -> tuple[date, date] | None:
    if iso := _ISO.fullmatch(text):
        return _span(int(iso[1]), int(iso[2] or 0), int(iso[3] or 0))
    if numbers := _DAY_FIRST.fullmatch(text):
        day, month = int(numbers[1]), int(numbers[2])
        return _span(int(numbers[3]), day, month) if month > 12 else _span(int(numbers[3]), month, day)
    named = _NAMED.fullmatch(text)
    month = _MONTH_OF.get(named[2], 0) if named else 0
    if not named or not month:
        return None
    day = int(named[1] or named[3] or 0)
    if named[4]:
        return _span(int(named[4]), month, day)
    found = _span(today.year, month, day)
    if ahead and found[1] <= today:
        found = _span(today.year + 1, month, day)
    if not ahead and found[0] > today:
        found = _span(today.year - 1, month, day)
    return found


def _span(year: int, month: int, day: int) -> tuple[date, date]:
    """A year, a month of it (day 0), or a day."""
    if not month:
        return date(year, 1, 1), date(year + 1, 1, 1)
    if not day:
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    first = date(year, month, day)
    return first, first + timedelta(1)


_DAY_AND_MONTH = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(words_of('en').months)})\b")


def dated(text: str, language: str) -> str:
    """A date as we write it, `9 December 2026, 12:25 UTC`, as one writes it in another language of our mails."""
    ours, theirs = words_of("en").months, words_of(language).months
    dot = "." if language == "de" else ""
    return _DAY_AND_MONTH.sub(lambda found: f"{found[1]}{dot} {theirs[ours.index(found[2])]}", text)
