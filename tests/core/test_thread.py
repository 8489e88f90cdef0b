"""Threads: the trees come out right, whatever the order of arrival and whatever is forged."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core.thread import Line, Newcomer, Shelf, Standing, identifier, lineage, outline

START = datetime(2026, 3, 1, tzinfo=UTC)
Mail = tuple[str, str, datetime, tuple[str, ...]]  # Message-ID, subject, date, ancestors nearest first


def mail(name: str, subject: str = "x", day: float = 0, *, names: str = "") -> Mail:
    """names: ancestors, oldest first, as in References."""
    return name, subject, START + timedelta(days=day), lineage(name, (), names.split())


def shelve(mails: Iterable[Mail]) -> Shelf:
    shelf = Shelf()
    for number, (name, subject, at, ancestors) in enumerate(mails, 1):
        shelf.place(Newcomer(number, identifier("talk", name), name, subject, at, ancestors))
        check(shelf)
    return shelf


def check(shelf: Shelf) -> None:
    """What must hold after every post: a forest, and thread rows that tell the truth."""
    members: dict[int, list[Standing]] = {}
    for post in shelf.posts.values():
        members.setdefault(shelf.thread_of(post).id, []).append(post)
        seen = {post.id}
        above = post.parent_id
        while above is not None:
            assert above not in seen, "a circle"
            seen.add(above)
            above = shelf.posts[above].parent_id
    assert members.keys() == shelf.threads.keys()
    for key, posts in members.items():
        thread = shelf.threads[key]
        assert thread.posts == len(posts)
        assert thread.first_at == min(p.sent_at for p in posts)
        assert thread.last_at == max(p.sent_at for p in posts) == shelf.posts[thread.last_id].sent_at
        root = shelf.posts[thread.root_id]
        assert root in posts
        assert root.parent_id is None or shelf.posts[root.parent_id] not in posts
        assert (thread.identifier, thread.subject) == (root.identifier, root.subject)
        lines = outline((p.id, p.parent_id, p.sent_at) for p in posts)
        assert sorted(line.id for line in lines) == sorted(p.id for p in posts)


def parents(shelf: Shelf) -> dict[str, str | None]:
    """Message-ID -> that of its parent, where it is in the same thread."""
    found: dict[str, str | None] = {}
    for post in shelf.posts.values():
        above = shelf.posts[post.parent_id] if post.parent_id else None
        together = above is not None and shelf.thread_of(above) is shelf.thread_of(post)
        found[post.message_id] = above.message_id if above is not None and together else None
    return found


def groups(shelf: Shelf) -> set[frozenset[str]]:
    found: dict[int, set[str]] = {}
    for post in shelf.posts.values():
        found.setdefault(shelf.thread_of(post).id, set()).add(post.message_id)
    return {frozenset(ids) for ids in found.values()}


def orders(mails: Sequence[Mail], many: int = 8) -> Iterable[list[Mail]]:
    yield list(mails)
    yield list(reversed(mails))
    for seed in range(many):
        shuffled = list(mails)
        random.Random(seed).shuffle(shuffled)
        yield shuffled


# --- the trees of notmuch ---------------------------------------------------------------------------------------------


# --- one rule each ----------------------------------------------------------------------------------------------------


def test_in_reply_to_goes_before_references() -> None:
    assert lineage("d", ["b"], ["b", "a"]) == ("b", "a")
    assert lineage("d", ["c", "b"], ["a", "b"]) == ("b", "c", "a")
    assert lineage("d", [], ["a", "b", "d"]) == ("b", "a")


def test_R7_ten_thousand_references_are_cut_to_the_nearest() -> None:
    assert lineage("x", [], [f"{i}" for i in range(10_000)]) == tuple(f"{i}" for i in range(9_999, 9_949, -1))


def test_an_identifier_is_ten_characters_that_never_change() -> None:
    assert identifier("talk", "a@example.org") == "kk6oy6hgyj"
    assert identifier("talk", "a@example.org", b"other content") != identifier("talk", "a@example.org")
    assert identifier("news", "a@example.org") != identifier("talk", "a@example.org")


def test_a_late_parent_adopts_its_children_and_heads_the_thread() -> None:
    for order in orders([mail("a", "x"), mail("b", "Re: x", 1, names="a"), mail("c", "Re: x", 2, names="a b")]):
        shelf = shelve(order)
        assert parents(shelf) == {"a": None, "b": "a", "c": "b"}
        (thread,) = shelf.threads.values()
        assert thread.subject == "x"
        assert all(post.distance == 0 for post in shelf.posts.values())


def test_a_grandparent_stands_in_until_the_parent_comes() -> None:
    a, b, c = mail("a"), mail("b", names="a"), mail("c", names="a b")
    shelf = shelve([a, c])
    assert parents(shelf)["c"] == "a"
    assert shelf.posts[2].distance == 1
    shelf = shelve([a, c, b])
    assert parents(shelf) == {"a": None, "b": "a", "c": "b"}
    assert shelf.reparented == {2}


def test_answers_to_a_post_that_never_comes_are_one_thread() -> None:
    for order in orders([mail("a", "1/3", names="0"), mail("b", "2/3", names="0"), mail("c", "y", names="1 b")]):
        shelf = shelve(order)
        assert groups(shelf) == {frozenset("abc")}
        assert parents(shelf) == {"a": None, "b": None, "c": "b"}


@pytest.mark.parametrize(
    ("subject", "day", "joined"),
    [
        ("Re: [talk] x", 30, True),
        ("AW: x", -0.5, True),
        ("Re: x", 31, False),
        ("Re: x", -2, False),
        ("x", 1, False),
        ("Fwd: x", 1, False),
        ("Re: y", 1, False),
    ],
)
def test_without_references_a_reply_joins_by_subject_within_a_month(subject: str, day: float, joined: bool) -> None:
    shelf = shelve([mail("a", "x"), mail("b", subject, day)])
    assert len(shelf.threads) == (1 if joined else 2)
    assert parents(shelf)["b"] is None  # which post it answers nobody knows


def test_an_empty_subject_joins_nothing() -> None:
    assert len(shelve([mail("a", ""), mail("b", "Re:", 1), mail("c", "Re: ", 1)]).threads) == 3


def test_the_newest_thread_of_a_subject_is_joined() -> None:
    shelf = shelve([mail("new", "x", 20), mail("old", "x", 0), mail("r", "Re: x", 21)])
    assert groups(shelf) == {frozenset({"old"}), frozenset({"new", "r"})}


def test_a_reference_goes_before_the_subject() -> None:
    shelf = shelve([mail("a", "x"), mail("b", "y"), mail("c", "Re: y", 1, names="a")])
    assert groups(shelf) == {frozenset("ac"), frozenset("b")}


def test_a_new_topic_has_a_thread_of_its_own_and_keeps_its_link() -> None:
    mails = [
        mail("a", "old", names="0"),
        mail("b", "Re: old", 1, names="0 a"),
        mail("n", "new (was: old)", 2, names="0 a b"),
        mail("o", "Re: new (was: old)", 3, names="0 a b n"),
        mail("p", "Re: new (was: old)", 4, names="0 a b n o"),
        mail("c", "Re: old", 5, names="0 a b"),
    ]
    for order in orders(mails, 30):
        shelf = shelve(order)
        assert groups(shelf) == {frozenset("abc"), frozenset("nop")}
        link = {t.subject: t.parent_id for t in shelf.threads.values()}
        assert link == {"old": None, "new (was: old)": shelf.thread_of(shelf.named["a"]).id}
        assert shelf.posts[shelf.named["n"].parent_id or 0].message_id == "b"


def test_a_reply_that_drops_the_old_name_stays_in_the_new_topic() -> None:
    shelf = shelve([mail("a", "old"), mail("n", "new (was: old)", 1, names="a"), mail("o", "Re: new", 2, names="a n")])
    assert groups(shelf) == {frozenset("a"), frozenset("no")}


def test_R7_circles_are_harmless() -> None:
    mails = [mail("a", names="c"), mail("b", names="a"), mail("c", names="b"), mail("d", names="d a b c")]
    for order in orders(mails):
        assert groups(shelve(order)) == {frozenset("abcd")}


def test_two_new_topics_that_name_each_other_are_no_circle() -> None:
    for order in orders([mail("a", "1 (was: 2)", names="b"), mail("b", "2 (was: 1)", names="a")]):
        shelf = shelve(order)
        assert len(shelf.threads) == 2


def test_the_same_message_id_twice_answers_go_to_the_first() -> None:
    shelf = shelve([mail("a", "x"), mail("a", "y", 1), mail("b", "Re: x", 2, names="a")])
    assert shelf.posts[3].parent_id == 1


def test_where_not_all_ancestors_are_on_the_shelf_nobody_is_adopted() -> None:
    shelf = shelve([mail("p", names="far"), mail("c", names="m")])
    shelf.posts[1].parent_id = 99  # an ancestor that was not loaded, as it is very far up
    shelf.place(Newcomer(3, "m", "m", "x", START, ("p",)))
    assert shelf.posts[2].parent_id is None
    assert shelf.arrived == {"m"}


names = st.integers(0, 7).map("abcdefgh".__getitem__)
subjects = st.sampled_from(["x", "Re: x", "y", "Re: y", "y (was: x)", "Re: y (was: x)", "x (was: y)", ""])


@given(st.lists(st.tuples(names, subjects, st.integers(0, 40), st.lists(names, max_size=5)), max_size=20))
def test_R7_whatever_is_forged_a_thread_is_a_tree(posts: list[tuple[str, str, int, list[str]]]) -> None:
    shelve((name, subject, START + timedelta(days=day), lineage(name, (), refs)) for name, subject, day, refs in posts)


# --- the order of reading ---------------------------------------------------------------------------------------------


def test_the_outline_is_depth_first_and_answers_stand_by_date() -> None:
    rows = [(1, None, 0), (2, 1, 3), (3, 1, 1), (4, 3, 5), (5, 99, 2), (6, 4, 9)]
    lines = outline((key, above, START + timedelta(days=day)) for key, above, day in rows)
    assert lines == [Line(1, 0), Line(3, 1), Line(4, 2), Line(6, 3), Line(2, 1), Line(5, 0)]


def test_a_very_deep_thread_is_outlined_without_recursion() -> None:
    lines = outline((i, i - 1, START) for i in range(1, 100_001))
    assert lines[-1] == Line(100_000, 99_999)
