"""core.query_text and core.dates: searches and days as people type them."""

from datetime import UTC, date, datetime

import pytest

from listserver.core.dates import read_days
from listserver.core.query import Query
from listserver.core.query_text import read_query

TODAY = date(2026, 11, 25)


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("drift model", Query(terms=("drift", "model"))),
        ('"mixed model" -word', Query(phrases=("mixed model",), excluded=("word",))),
        ('-"mixed model"', Query(excluded=("mixed model",))),
        ('"drift"', Query(terms=("drift",))),
        ('"open phrase', Query(phrases=("open phrase",))),
        ('from:anna by:"Ben Weiss" subject:drift', Query(from_=("anna", "Ben Weiss"), subject=("drift",))),
        ("since:2024 until:2025-06", Query(since=_at(2024, 1, 1), until=_at(2025, 7, 1))),
        ('since:"3 June 2024"', Query(since=_at(2024, 6, 3))),
        ("since:2y", Query(since=_at(2024, 11, 25))),
        ("since:whenever", Query(terms=("whenever",))),
        ("has:file answered:yes", Query(has_file=True, answered=True)),
        ("-has:file answered:no", Query(has_file=False, answered=False)),
        ("is:unanswered", Query(answered=False)),
        ("-is:unanswered drift is:good", Query(answered=True, terms=("drift", "good"))),
        ("-answered:yes has:teeth answered:perhaps", Query(answered=False, terms=("teeth", "perhaps"))),
        ('* - "" from: ( ^a:', Query(terms=("from", "a"))),
        ("a\x00b", Query(phrases=("a b",))),
    ],
)
def test_W7_queries(text: str, query: Query) -> None:
    assert read_query(text, TODAY) == query


def test_W7_queries_are_bounded() -> None:
    assert len(read_query("a b " * 200, TODAY).terms) == 20
    assert read_query("x" * 300, TODAY).terms == ("x" * 256,)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2024", date(2024, 1, 1), date(2025, 1, 1)),
        ("2024-06", date(2024, 6, 1), date(2024, 7, 1)),
        ("2024-12", date(2024, 12, 1), date(2025, 1, 1)),
        ("2024-06-03", date(2024, 6, 3), date(2024, 6, 4)),
        ("3.6.2024", date(2024, 6, 3), date(2024, 6, 4)),
        ("3/6/2024", date(2024, 6, 3), date(2024, 6, 4)),
        ("6/23/2024", date(2024, 6, 23), date(2024, 6, 24)),
        ("3 June 2024", date(2024, 6, 3), date(2024, 6, 4)),
        ("June 3rd, 2024", date(2024, 6, 3), date(2024, 6, 4)),
        ("3. März 2024", date(2024, 3, 3), date(2024, 3, 4)),
        ("3 de mayo 2024", date(2024, 5, 3), date(2024, 5, 4)),
        ("June 2024", date(2024, 6, 1), date(2024, 7, 1)),
        ("3 June", date(2026, 6, 3), date(2026, 6, 4)),
        ("24 Dec", date(2025, 12, 24), date(2025, 12, 25)),
        ("yesterday", date(2026, 11, 24), date(2026, 11, 25)),
        ("2 weeks ago", date(2026, 11, 11), date(2026, 11, 12)),
        ("2y", date(2024, 11, 25), date(2024, 11, 26)),
    ],
)
def test_days(text: str, first: date, after: date) -> None:
    assert read_days(text, TODAY) == (first, after)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2 weeks", date(2026, 12, 9)),
        ("24 Dec", date(2026, 12, 24)),
        ("3 June", date(2027, 6, 3)),
        ("25 Nov", date(2026, 11, 25)),
    ],
)
def test_days_ahead(text: str, first: date) -> None:
    days = read_days(text, TODAY, ahead=True)
    assert days is not None
    assert days[0] == first


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13", "2024-02-30", "31.2.2024", "0000", "9999 years", "99999", "3 Foo 2024", "9999"]
)
def test_what_is_no_day(text: str) -> None:
    assert read_days(text, TODAY) is None
