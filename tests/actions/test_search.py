"""Search: the same posts on both engines, bounded, harmless."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from listserver.actions import archive
from listserver.core.actor import OPERATOR
from listserver.core.query import Query
from listserver.store import search
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.search import NOTHING, Results, Scope, Sort
from listserver.store.tables import threads
from tests.actions.filing import NOW, file, mail, new_list
from tests.conftest import Statements

FILE = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b"
WITH_FILE = "--b\n\nLook at this log.\n--b\nContent-Type: text/csv; name=plots.csv\n\n1,2\n--b--"
QUOTING = "> oscillator quoted\nDisciplined clocks help."
POSTS = [
    mail("a", "Clock drift", body="The oscillator runs away after an hour.", author="Anna Berg <anna@x.example>"),
    mail(
        "b",
        "Re: Clock drift",
        day=1,
        names="a",
        body="> oscillator quoted\nDisciplined clocks help.",
        author="Ben <b@x.example>",
    ),
    mail("c", "Crème brûlée", day=2, body="Off topic: running in München. The clock.", author="Cleo <c@x.example>"),
    mail("d", "Files", day=3, body=WITH_FILE, more=FILE, author="Anna Berg <anna@x.example>"),
    mail("e", "Hidden", day=4, body="oscillator", more="X-No-Archive: yes"),
    mail("f", "long ago", day=-300, body="The year of the clock", author="dora@x.example"),
]


@pytest.fixture
def talk(store: Store) -> List:
    lst = new_list(store, "talk")
    file(store, lst, *POSTS)
    return lst


def look(store: Store, lst: List, query: Query, **how: object) -> Results:
    return store.read_now(lambda conn: search.search(conn, [Scope(lst.id, "en")], query, **how))  # type: ignore[arg-type]


def ids(results: Results) -> str:
    return " ".join(hit.message_id.removesuffix("@x") for hit in results.hits)


FOUND = [
    (Query(terms=("clock",)), "c b a f"),
    (Query(terms=("CLOCKS", "drifting")), "b a"),
    (Query(terms=("oscillator",)), "a"),  # quotes are not indexed, and e is not shown
    (Query(terms=("creme",)), "c"),
    (Query(terms=("run", "munchen")), "c"),
    (Query(terms=("plots",)), "d"),
    (Query(terms=("anna",)), "d a"),
    (Query(terms=("dora",)), "f"),
    (Query(phrases=("clock drift",)), "b a"),
    (Query(phrases=("drift clock",)), ""),
    (Query(phrases=("drift anna",)), ""),  # a phrase does not reach from one field into the next
    (Query(terms=("off-topic",)), "c"),
    (Query(terms=("topic-off",)), ""),
    (Query(terms=("clock",), excluded=("drift",)), "c f"),
    (Query(terms=("clock",), excluded=("disciplined clocks", "year")), "c a"),
    (Query(excluded=("clock",)), "d"),
    (Query(from_=("anna",)), "d a"),
    (Query(from_=("anna berg",), terms=("clock",)), "a"),
    (Query(subject=("clock",)), "b a"),
    (Query(subject=("clocks",), from_=("ben",)), "b"),
    (Query(terms=("clock",), since=NOW), "c b a"),
    (Query(terms=("clock",), until=NOW), "f"),
    (Query(since=NOW + timedelta(days=2)), "d c"),
    (Query(since=NOW + timedelta(days=1), until=NOW + timedelta(days=2)), "b"),
    (Query(since=NOW + timedelta(days=2), until=NOW), ""),
    (Query(since=datetime(1900, 1, 1, tzinfo=UTC), terms=("year",)), "f"),
    (Query(has_file=True), "d"),
    (Query(has_file=False, terms=("clock",), since=NOW), "c b a"),
    (Query(answered=True), "b a"),
    (Query(answered=False, terms=("clock",)), "c f"),
    (Query(terms=("clock", "zebra")), "c b a f"),  # nothing has both, so any of them
    (Query(terms=("zebra",)), ""),
    (Query(terms=("!!!",), phrases=('"',)), "d c b a f"),  # no word in it narrows nothing
    (Query(terms=("l1", "y2026")), ""),  # nobody can type a mark
    (Query(terms=("#clock", "@anna", "=hour")), "a"),
    (Query(), ""),
]


def test_what_is_found(store: Store, talk: List) -> None:
    answered = update(threads).where(threads.c.subject == "Clock drift").values(answered_id=2)
    store.write_now(lambda conn: conn.execute(answered))
    for query, found in FOUND:
        results = look(store, talk, query, by_thread=False)
        assert (query, ids(results)) == (query, found)
        assert results.posts == len(found.split())


def test_a_thread_is_open_until_somebody_else_writes_and_answered_when_its_asker_says_so(
    store: Store, talk: List
) -> None:
    clock = Query(terms=("clock",), answered=False)
    assert ids(look(store, talk, clock, by_thread=False)) == "c f"  # b answers a
    assert ids(look(store, talk, Query(answered=True))) == ""
    thanks = mail(
        "t", "Re: Clock drift", names="a b", day=2, body="Thanks, that solved it.", author="Anna <anna@x.example>"
    )
    file(store, talk, thanks)
    assert ids(look(store, talk, Query(answered=True), by_thread=False)) == "t b a"
    assert ids(look(store, talk, clock, by_thread=False)) == "c f"


def test_hits_are_grouped_by_thread_with_facets(store: Store, talk: List) -> None:
    results = look(store, talk, Query(terms=("clock",)))
    assert ids(results) == "c b f"
    assert [(hit.thread_subject, hit.matches, hit.thread_posts) for hit in results.hits] == [
        ("Crème brûlée", 1, 1),
        ("Clock drift", 2, 2),
        ("long ago", 1, 1),
    ]
    assert (results.posts, results.groups, results.pages, results.more, results.relaxed) == (4, 3, 1, False, False)
    assert results.years == ((2026, 3), (2025, 1))
    assert {(p.name, p.posts) for p in results.people} == {("Anna Berg", 1), ("Ben", 1), ("Cleo", 1)}
    hit = results.hits[1]
    assert (hit.list_name, hit.number, hit.author_name, hit.subject) == ("talk", 2, "Ben", "Re: Clock drift")
    assert [(piece.text, piece.hit) for piece in hit.extract] == [
        ("Disciplined ", False),
        ("clocks", True),
        (" help.", False),
    ]


def test_best_prefers_the_subject_and_answers_that_say_more(store: Store, talk: List) -> None:
    assert ids(look(store, talk, Query(terms=("clock",)), sort=Sort.BEST)) == "a c f"


def test_lists_that_were_not_asked_for_are_not_found(store: Store, talk: List) -> None:
    other = new_list(store, "other", language="de")
    file(store, other, mail("z", "Uhren", body="Die clocks laufen."))
    assert ids(look(store, talk, Query(terms=("clocks",)))) == "c b f"
    both = [Scope(talk.id, "en"), Scope(other.id, "de")]
    results = store.read_now(lambda conn: search.search(conn, both, Query(terms=("clocks",)), by_thread=False))
    assert ids(results) == "c b z a f"
    assert store.read_now(lambda conn: search.search(conn, [], Query(terms=("clocks",)))) == NOTHING


def test_what_is_hidden_or_deleted_is_not_found(store: Store, talk: List) -> None:
    store.write_now(lambda conn: archive.delete(conn, OPERATOR, talk, 1, NOW))
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 2, NOW))
    assert ids(look(store, talk, Query(terms=("clock",)))) == "c f"
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 2, NOW, hidden=False))
    assert ids(look(store, talk, Query(terms=("clock",)))) == "c b f"


def test_counts_stop_at_a_thousand_and_pages_at_the_last(store: Store, statements: Statements) -> None:
    lst = new_list(store, "many")
    file(store, lst, *[mail(f"m{i}", f"topic {i}", day=i / 100, body="common") for i in range(1_005)], batch=500)
    statements.clear()
    results = look(store, lst, Query(terms=("common",)), page=99)
    assert (results.posts, results.groups, results.more, results.pages, results.page) == (1_000, 1_000, True, 50, 50)
    assert results.hits[-1].message_id == "m5@x"  # the oldest five are beyond
    assert len(statements) == 2
    statements.clear()
    assert look(store, lst, Query(terms=("common", "zebra")), sort=Sort.BEST).relaxed
    assert len(statements) == 3


anything = st.text(max_size=30) | st.sampled_from(
    ['"', "'", "NEAR(", "a AND", "-", "*", "\\", "{x} :", "!", "<->", "\x00"]
)
queries = st.builds(
    Query,
    *[st.tuples(anything) | st.just(())] * 5,
    since=st.none() | st.datetimes(timezones=st.just(UTC)),
    until=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(queries)
def test_W7_no_query_is_an_error(store: Store, talk: List, query: Query) -> None:
    look(store, talk, query)


def test_W7_a_query_of_thousands_of_words_is_cut(store: Store, talk: List) -> None:
    assert look(store, talk, Query(terms=("clock",) * 5_000)).posts == 4
    assert look(store, talk, Query(phrases=("clock " * 5_000,))) == NOTHING
