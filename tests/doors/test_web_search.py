"""Searching one list and all lists: what is found, what narrows it, what it costs, and what strangers do not find."""

import json
import re
from datetime import timedelta
from urllib.parse import unquote_plus
from xml.etree import ElementTree

import pytest

from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.core.thread import identifier
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.actions.filing import file, mail, new_list, prepared, unit
from tests.conftest import Statements
from tests.doors.browser import NOW, Browser, member_browser


@pytest.fixture
def two(store: Store) -> tuple[List, List]:
    """Two public lists, and one for members that Ben is on."""
    talk, radio = (new_list(store, name, archive="public") for name in ("talk", "radio"))
    club = new_list(store, "club", archive="members")
    store.write_now(lambda conn: membership.add(conn, OPERATOR, club, [Entry("ben@example.org", "Ben")], NOW))
    file(store, talk, mail("a", "Clock drift", body="The clock drifts by a second."))
    file(store, talk, mail("b", "Re: Clock drift", names="a", day=1, author="Kim Ott <kim@example.org>", body="A lot?"))
    file(store, radio, mail("c", "Drift of radios", day=2, author="Max Rau <max@example.org>", body="Radios drift."))
    file(store, club, mail("d", "Drift secret", day=3, body="Nobody else knows of the drift in the cellar."))
    return talk, radio


def links(page: str) -> dict[str, str]:
    """Name -> URL of the links by which results can be narrowed."""
    inner = page.split('<dl class="join narrow">')[1].split("</dl>")[0]
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', inner)
    return {name: url.replace("&amp;", "&").replace("&#34;", '"') for url, name in found}


def subjects(page: str) -> list[str]:
    return re.findall(r"<h3[^>]*><a[^>]*>([^<]*)</a></h3>", page)


def test_all_lists_are_searched_at_once_and_narrowed_by_links(store: Store, two: tuple[List, List]) -> None:
    made = Browser(store)
    made.get("/search?q=drift")
    assert subjects(made.text) == ["Drift of radios", "Re: Clock drift"]
    assert "3 posts in 2 threads" in made.text
    narrow = links(made.text)
    assert set(narrow) == {"talk", "radio", "Anna Berg", "Kim Ott", "Max Rau"}
    made.get(narrow["radio"])
    assert made.path == "/radio/search"
    assert subjects(made.text) == ["Drift of radios"]
    assert unquote_plus(narrow["Kim Ott"]).split("?q=")[1].startswith('drift from:"Kim Ott"')
    made.get(narrow["Kim Ott"])
    assert subjects(made.text) == ["Re: Clock drift"]


def test_a_year_is_a_link_that_counts_its_posts(store: Store, two: tuple[List, List]) -> None:
    for name, year, days in (("e", 2019, 2_500), ("f", 2020, 2_000)):
        ready = prepared(two[0], mail(name, f"Drift in {year}", day=-days), NOW - timedelta(days))
        store.write_now(unit(two[0], [ready]))
    made = Browser(store)
    made.get("/talk/search?q=drift")
    url = links(made.text)["2019"]
    assert ">2019</a> <span>1<" in made.text
    made.get(url)
    assert subjects(made.text) == ["Drift in 2019"]


def test_where_no_post_has_all_the_words_those_with_some_are_shown(store: Store, two: tuple[List, List]) -> None:
    made = Browser(store)
    made.get("/search?q=drift+unheardof")
    assert "No post has all the words" in made.text
    assert len(subjects(made.text)) == 2
    made.get("/talk/search?q=unheardof")
    assert "Nothing found" in made.text
    assert 'href="mailto:talk@lists.example.org"' in made.text


def test_W9_a_search_finds_in_lists_for_members_for_members_alone(store: Store, two: tuple[List, List]) -> None:
    stranger, ben = Browser(store), member_browser(store, "ben@example.org")
    for query in ("secret", "cellar", "drift", "secret+unheardof", "from:anna+since:2026", "since:2020"):
        page = stranger.get(f"/search?q={query}").body.decode()
        assert "Drift secret" not in page
        assert "club" not in page
    stranger.get("/search?q=cellar")
    assert "Nothing found" in stranger.text  # not even a count
    ben.get("/search?q=cellar")
    assert subjects(ben.text) == ["Drift secret"]
    assert ben.page.headers["cache-control"] == "private, no-store"


def test_W9_a_public_list_that_is_not_advertised_is_searched_by_its_name_alone(
    store: Store, two: tuple[List, List]
) -> None:
    store.write_now(lambda conn: lists.change(conn, OPERATOR, two[1], {"advertised": "false"}, NOW))
    made = Browser(store)
    made.get("/search?q=radios")
    assert "radio/" not in made.text
    made.get("/radio/search?q=radios")
    assert subjects(made.text) == ["Drift of radios"]


@pytest.mark.parametrize("url", ["/search?q=drift", "/talk/search?q=drift", "/search?q=drift+unheardof", "/search"])
def test_W7_a_search_costs_four_statements_at_most(
    store: Store, two: tuple[List, List], statements: Statements, url: str
) -> None:
    Browser(store).get(url)
    assert len(statements) <= 4
    ben = member_browser(store, "ben@example.org")
    statements.clear()
    ben.get(url)
    assert len(statements) <= 5  # who has signed in adds one


@pytest.mark.parametrize("form", ["atom.xml", "feed.json"])
def test_a_search_is_followed_by_its_feed(store: Store, two: tuple[List, List], form: str) -> None:
    made = Browser(store)
    made.get("/talk/search?q=drift+clock")
    assert '/talk/search/atom.xml?q=drift+clock"' in made.text
    made.get(f"/talk/search/{form}?q=drift+kim")
    assert f"/talk/p/{identifier('talk', 'b@x')}/" in made.text
    assert f"search/{form}?q=drift+kim" in made.text
    assert "@example" not in made.text
    assert made.get(f"/club/search/{form}?q=drift").status == 404
    for typed in ("", "%22", "%00%0c", "a%3C%26%22"):
        made.get(f"/talk/search/{form}?q={typed}")
        assert ElementTree.fromstring(made.text) if form == "atom.xml" else json.loads(made.text)


def test_W7_nothing_typed_is_an_error(store: Store, two: tuple[List, List]) -> None:
    made = Browser(store)
    for typed in ("%22", "((", "*", "%00", "a" * 5000, "-x", "from:", "since:9999", "NEAR(a+b)", "list:club", "%F0%9F"):
        assert made.get(f"/search?q={typed}&page=77&sort=up").status == 200
