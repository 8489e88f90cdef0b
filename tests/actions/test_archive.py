"""Filing: posts come into the archive once, in their threads, and can be found, hidden and deleted."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from listserver.actions import archive
from listserver.actions.archive import Duplicate, Filed
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.errors import Refused
from listserver.store import lists, people, posts, similar
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.tables import awaited, bodies, threads
from listserver.store.tables import posts as posts_table
from tests.actions.filing import LATER, NOW, file, mail, new_list
from tests.conftest import Statements


@pytest.fixture
def talk(store: Store) -> List:
    return new_list(store, "talk")


def tree(store: Store, lst: List) -> dict[str, tuple[str | None, str]]:
    """Message-ID -> (that of its parent, the identifier of its thread)."""

    def rows(conn: Connection) -> dict[str, tuple[str | None, str]]:
        found = conn.execute(
            select(posts_table, threads.c.identifier.label("thread"))
            .join(threads, threads.c.id == posts_table.c.thread_id)
            .where(posts_table.c.list_id == lst.id)
        ).all()
        by_id = {row.id: row.message_id for row in found}
        return {row.message_id: (by_id.get(row.parent_id), row.thread) for row in found}

    return store.read_now(rows)


def counted(store: Store, lst: List) -> List:
    return store.read_now(lambda conn: lists.get(conn, lst.id))


def test_a_post_is_filed_with_number_thread_and_bytes(store: Store, talk: List) -> None:
    raw = mail("a", "Re: [talk] Gänge", body="Hello there, this is a sentence. And more.\n> quoted")
    (filed,) = file(store, talk, raw)
    assert isinstance(filed, Filed)
    assert filed.number == 1
    assert len(filed.identifier) == 10
    row = store.read_now(lambda conn: archive.find(conn, talk, 1))
    assert (row.author_name, row.author_address, row.subject_key) == ("Anna Berg", "anna@example.org", "gänge")
    assert row.sent_at == NOW
    assert row.size == len(raw)
    assert row.opening == "this is a sentence."  # a greeting is passed over
    assert store.read_now(lambda conn: archive.raw(conn, filed.post_id)) == raw
    after = counted(store, talk)
    assert (after.last_number, after.posts, after.threads, after.last_post_at, after.changed) == (1, 1, 1, LATER, 1)


def test_the_same_post_twice_is_one_and_the_same_id_with_other_content_is_another(store: Store, talk: List) -> None:
    one, again, other, other_again = file(
        store, talk, mail("a"), b"Received: by us\n" + mail("a"), mail("a", body="Other"), mail("a", body="Other")
    )
    assert isinstance(one, Filed)
    assert again == Duplicate(one.post_id, 1, one.identifier)
    assert isinstance(other, Filed)
    assert other.identifier != one.identifier
    assert other_again == Duplicate(other.post_id, 2, other.identifier)
    _, new, repeated = file(store, talk, mail("a"), mail("b"), mail("b"), batch=3)
    assert isinstance(new, Filed)
    assert repeated == Duplicate(new.post_id, 3, new.identifier)
    assert counted(store, talk).posts == 3


def test_a_cross_post_is_a_post_in_each_list(store: Store, talk: List) -> None:
    news = new_list(store, "news")
    (one,), (two,) = file(store, talk, mail("a")), file(store, news, mail("a"))
    assert isinstance(one, Filed)
    assert isinstance(two, Filed)
    assert one.identifier != two.identifier


def test_answers_go_to_the_first_of_two_posts_with_one_id(store: Store, talk: List) -> None:
    one, _, answer = file(store, talk, mail("a"), mail("a", body="Other"), mail("b", names="a"))
    row = store.read_now(lambda conn: archive.find(conn, talk, answer.number))
    assert row.parent_id == one.post_id


MAILS = [
    mail("a", "old", names="0"),
    mail("b", "Re: old", day=1, names="0 a"),
    mail("n", "new (was: old)", day=2, names="0 a b"),
    mail("o", "Re: new (was: old)", day=3, names="0 a b n"),
    mail("c", "Re: old", day=4, names="0 a b"),
    mail("d", "Re: old", day=5),
    mail("t", "1/2", day=6, names="tracker"),
    mail("u", "2/2", day=7, names="tracker"),
    mail("v", "Re: 2/2", day=8, names="gone u"),
    mail("w", "Re: circle", day=9, names="z"),
    mail("z", "Re: circle", day=9, names="w"),
]


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_threads_come_out_the_same_however_posts_are_grouped_and_ordered(store: Store, talk: List, batch: int) -> None:
    file(store, talk, *MAILS)
    wanted = tree(store, talk)
    assert wanted["d@x"] == (None, wanted["a@x"][1])
    assert wanted["n@x"][0] == "b@x"
    assert wanted["o@x"] == ("n@x", wanted["n@x"][1])
    assert wanted["t@x"][1] == wanted["u@x"][1]
    for seed in range(3):
        lst = new_list(store, f"talk{seed}")
        order = [raw for raw in MAILS if b"<d@x>" not in raw]
        random.Random(seed).shuffle(order)
        file(store, lst, *order, mail("d", "Re: old", day=5), batch=batch)
        found = tree(store, lst)
        for name, (above, _) in found.items():
            if name not in ("w@x", "z@x"):  # of a circle the first that comes is the parent
                assert above == wanted[name][0], (seed, name)
        groups = [
            frozenset(n for n, (_, t) in trees.items() if t == thread)
            for trees in (found, wanted)
            for _, thread in trees.values()
        ]
        assert len(set(groups)) == len({thread for _, thread in wanted.values()})
        assert counted(store, lst).threads == len({thread for _, thread in found.values()})


def test_thread_rows_are_kept_up_to_date_by_merges(store: Store, talk: List) -> None:
    file(
        store, talk, mail("b", "Re: x", day=1, names="a"), mail("c", "Re: x", day=2, names="0 a2"), mail("a2", day=0.5)
    )
    file(store, talk, mail("a", "x", names="0"))
    (row,) = store.read_now(lambda conn: list(conn.execute(select(threads))))
    a, c = (store.read_now(lambda conn, n=n: archive.find(conn, talk, n)) for n in (4, 2))
    assert (row.posts, row.first_at, row.last_at, row.last_id) == (4, NOW, NOW + timedelta(days=2), c.id)
    assert counted(store, talk).threads == 1
    assert store.read_now(lambda conn: {r.message_id for r in conn.execute(select(awaited))}) == {"0@x"}
    assert a.thread_id == row.id


def test_who_is_known_by_the_address_is_the_author(store: Store, talk: List) -> None:
    person = store.write_now(lambda conn: people.find_or_add(conn, "Anna@Example.ORG", "Anna", NOW)).id
    file(store, talk, mail("a"))
    assert store.read_now(lambda conn: archive.find(conn, talk, 1)).person_id == person


def test_filing_takes_a_fixed_number_of_statements(store: Store, talk: List, statements: Statements) -> None:
    file(store, talk, mail("a"), mail("b", "Re: x", names="a"))
    counts = {}
    for title, raw in {
        "a thread of its own": mail("c", "yonder"),
        "an answer": mail("d", "Re: x", names="a b"),
        "an answer by subject": mail("e", "Re: yonder"),
        "an answer to what is not here": mail("f", "Re: zebra", names="0 1 2 3"),
        "a late parent": mail("3", "zebra"),
    }.items():
        statements.clear()
        file(store, talk, raw)
        counts[title] = len(statements)
    full_text = 1 if store.dialect == "sqlite" else 0
    assert counts == {
        "a thread of its own": 12 + full_text,
        "an answer": 10 + full_text,
        "an answer by subject": 11 + full_text,
        "an answer to what is not here": 14 + full_text,
        "a late parent": 12 + full_text,
    }
    statements.clear()
    file(store, talk, *[mail(f"m{i}", "Re: x", names="a b") for i in range(200)], batch=200)
    assert len(statements) == 10 + full_text


def test_hide_show_and_delete(store: Store, talk: List) -> None:
    filed, _ = file(store, talk, mail("a", "secret"), mail("b", "Re: secret", day=1, names="a"))
    do = store.write_now
    assert do(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW))
    assert not do(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW))
    assert do(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW, hidden=False))
    do(lambda conn: archive.delete(conn, OPERATOR, talk, 1, NOW))
    row = store.read_now(lambda conn: posts.by_number(conn, talk.id, 1))
    assert row is not None
    assert (row.state, row.author_name, row.author_address, row.subject, row.opening) == ("deleted", "", "", "", "")
    assert store.read_now(lambda conn: conn.execute(select(bodies.c.post_id)).scalars().all()) == [filed.post_id + 1]
    assert store.read_now(lambda conn: conn.execute(select(threads.c.subject)).scalar_one()) == "Re: secret"
    assert tree(store, talk)["b@x"][0] == "a@x"
    with pytest.raises(Refused, match="was deleted"):
        store.read_now(lambda conn: archive.raw(conn, filed.post_id))
    with pytest.raises(Refused, match="Post 1 of talk was deleted"):
        do(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW))
    with pytest.raises(Refused, match=r"no post 9 in talk\. Its posts are numbered from 1 to 2"):
        do(lambda conn: archive.delete(conn, OPERATOR, talk, 9, NOW))
    stranger = Actor(Proof.NONE, "eve@example.net")
    with pytest.raises(Refused, match="may not"):
        do(lambda conn: archive.delete(conn, stranger, talk, 2, NOW))


def test_an_empty_list_has_no_posts(store: Store, talk: List) -> None:
    with pytest.raises(Refused, match="It has no posts yet"):
        store.read_now(lambda conn: archive.find(conn, talk, 1))


def test_thousands_that_wait_for_one_are_adopted_at_once(store: Store, talk: List) -> None:
    file(store, talk, *[mail(f"m{i}", "Re: x", names="root") for i in range(1_000)], batch=250)
    file(store, talk, mail("root", "x"))
    assert {above for name, (above, _) in tree(store, talk).items() if name != "root@x"} == {"root@x"}
    assert counted(store, talk).threads == 1


# --- answered, and alike ----------------------------------------------------------------------------------------------
BEN, KIM = "Ben <ben@example.org>", "Kim <kim@example.org>"
THANKS = "Thanks, that worked."


def answered(store: Store) -> list[str | None]:
    """Of each thread the Message-ID of what solved it."""
    found = select(posts_table.c.message_id).select_from(threads).order_by(threads.c.id)
    found = found.outerjoin(posts_table, posts_table.c.id == threads.c.answered_id)
    return store.read_now(lambda conn: list(conn.execute(found).scalars()))


@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize(
    ("thanks", "solved"),
    [
        (mail("c", "Re: x", names="a b", body=THANKS), "b@x"),
        (mail("c", "Re: x", names="a b", body=THANKS, author=KIM), None),  # somebody else's thanks
        (mail("c", "Re: x", names="a", body=THANKS), None),  # for their own post
        (mail("c", "Re: x", names="a b", body="Thanks, I will try."), None),
        (mail("c", "Re: x", names="a b", body=THANKS, more="X-No-Archive: yes"), None),
        (mail("c", "y (was: x)", names="a b", body=THANKS), None),  # of another thread
    ],
)
def test_an_asker_says_what_solved_it(store: Store, talk: List, thanks: bytes, solved: str | None, batch: int) -> None:
    file(store, talk, mail("a", "x"), mail("b", "Re: x", names="a", author=BEN), thanks, batch=batch)
    assert answered(store)[0] == solved


def test_the_first_thanks_counts_and_a_deleted_answer_is_none(store: Store, talk: List) -> None:
    file(
        store,
        talk,
        mail("a", "x"),
        mail("b", "Re: x", names="a", author=BEN),
        mail("c", "Re: x", names="a", author=KIM),
    )
    file(store, talk, mail("d", "Re: x", names="a b", body=THANKS), mail("e", "Re: x", names="a c", body=THANKS))
    assert answered(store) == ["b@x"]
    store.write_now(lambda conn: archive.delete(conn, OPERATOR, talk, 3, NOW))
    assert answered(store) == ["b@x"]
    store.write_now(lambda conn: archive.delete(conn, OPERATOR, talk, 2, NOW))
    assert answered(store) == [None]


def test_a_hidden_answer_is_none(store: Store, talk: List) -> None:
    file(store, talk, mail("a", "x"), mail("b", "Re: x", names="a", author=BEN), mail("c", names="a b", body=THANKS))
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 3, NOW))
    assert answered(store) == ["b@x"]
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 2, NOW))
    assert answered(store) == [None]


def test_threads_that_become_one_keep_the_answer(store: Store, talk: List) -> None:
    file(store, talk, mail("a", "x", names="0"), mail("b", "Re: x", names="0 a", author=BEN))
    file(store, talk, mail("c", "Re: x", names="0 a b", body=THANKS))
    file(store, talk, *[mail(f"k{i}", "other", names="1", author=KIM) for i in range(5)])
    assert answered(store) == ["b@x", None]
    file(store, talk, mail("1", "x", names="0", author=KIM))
    assert answered(store) == ["b@x"]


def alike(store: Store, lst: List) -> dict[str, str]:
    """Subject of each thread -> those that are like it."""

    def rows(conn: Connection) -> dict[str, str]:
        found = conn.execute(select(threads).where(threads.c.list_id == lst.id)).all()
        return {row.subject: ", ".join(one.subject for one in similar.titles(conn, row.alike)) for row in found}

    return store.read_now(rows)


SUBJECTS = ["Humidity sensors drift", "Antenna cable", "Drifting humidity sensor in winter", "[talk] Which antenna?"]


@pytest.mark.parametrize("batch", [1, 10])
def test_a_new_thread_knows_older_ones_like_it(store: Store, talk: List, batch: int) -> None:
    other = new_list(store, "other")
    file(store, other, mail("o", SUBJECTS[0]))
    file(store, talk, *[mail(f"m{i}", subject, day=i) for i, subject in enumerate(SUBJECTS)], batch=batch)
    assert {subject: like for subject, like in alike(store, talk).items() if like} == {SUBJECTS[2]: SUBJECTS[0]}


def test_what_is_not_shown_is_like_nothing(store: Store, talk: List) -> None:
    file(store, talk, mail("a", SUBJECTS[0]), mail("b", SUBJECTS[0] + "!"))
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW))
    assert set(alike(store, talk).values()) == {""}
    store.write_now(lambda conn: archive.hide(conn, OPERATOR, talk, 1, NOW, hidden=False))
    assert alike(store, talk)[SUBJECTS[0] + "!"] == SUBJECTS[0]
    store.write_now(lambda conn: archive.delete(conn, OPERATOR, talk, 1, NOW))
    assert set(alike(store, talk).values()) == {""}
    file(store, talk, mail("c", SUBJECTS[0] + "?"))
    assert alike(store, talk)[SUBJECTS[0] + "?"] == SUBJECTS[0] + "!"
