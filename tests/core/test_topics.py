"""Topics: what a subject is tagged with, and whom a tagged post reaches."""

import pytest

from listserver.core import topics


@pytest.mark.parametrize(
    ("subject", "known", "found"),
    [
        ("[gis] Which map?", "", {"gis"}),
        ("Which map? #GIS #maps", "", {"gis", "maps"}),
        ("[Open  Data] and #data", "open data, statistics", {"open data"}),
        ("[other] x", "gis", set()),
        ("[#] x#y &#123; /#z", "", set()),
        ("no tag", "gis", set()),
    ],
)
def test_tags_of_a_subject(subject: str, known: str, found: set[str]) -> None:
    assert topics.tags(subject, known) == found


def test_names_of_a_setting() -> None:
    assert topics.names(" GIS, Open  data,, [maps]") == ["gis", "open data", "maps"]


@pytest.mark.parametrize(
    ("words", "stored"),
    [
        (["+gis", "-maps"], "+gis,-maps"),
        (["gis", "'Open Data'"], "+gis,+open data"),
        (["gis", "all"], ""),
        (["gis", "none"], "none"),
        (["none", "gis"], "+gis"),
        (["+"], ""),
        ([], ""),
    ],
)
def test_a_choice_as_it_is_stored(words: list[str], stored: str) -> None:
    assert topics.choice(words) == stored


@pytest.mark.parametrize(
    ("choice", "tagged", "reached"),
    [
        ("", {"gis"}, True),
        ("+gis", set(), True),
        ("+gis", {"gis"}, True),
        ("+gis", {"maps"}, False),
        ("-maps", {"maps"}, False),
        ("-maps", {"gis"}, True),
        ("+gis,-maps", {"gis", "maps"}, False),
        ("none", {"gis"}, False),
    ],
)
def test_whom_a_tagged_post_reaches(choice: str, tagged: set[str], reached: bool) -> None:
    assert topics.wants(choice, frozenset(tagged)) is reached


@pytest.mark.parametrize(("mark", "reached"), [("follow", True), ("mute", False), (None, False)])
def test_what_was_said_about_a_thread_goes_before_topics(mark: str | None, reached: bool) -> None:
    assert topics.gets("+gis", frozenset({"maps"}), mark) is reached
