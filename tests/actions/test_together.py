"""Mails that wait together are received together: what comes of each is what would come of it alone."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from listserver import inbound
from listserver.actions import membership
from listserver.actions.posting import Arrived, Ready
from listserver.core.envelope import Authenticity, Envelope, Reply
from listserver.core.filing import prepare
from listserver.store import tables
from listserver.store.engine import Store
from tests.actions.conftest import SITE, Community
from tests.conftest import Statements

TALK, NEWS, REQUEST = "talk@lists.example.org", "news@lists.example.org", "talk-request@lists.example.org"


class _Undo(Exception):
    def __init__(self, found: object) -> None:
        self.found = found


def _arrived(community: Community, author: str, to: str = TALK, **fields: str) -> Arrived:
    return inbound.prepare(Envelope(author, to, "smtp"), community.mail(author, to, **fields))


def _state(conn: Connection) -> dict[str, Any]:
    """All that receiving changes, without ids, tokens and the texts of notices."""
    t = tables
    parents = t.posts.alias()
    queries = {
        "posts": select(
            *(t.lists.c.name, t.posts.c.number, t.posts.c.message_id, t.posts.c.identifier, t.posts.c.distance),
            *(t.people.c.name, t.threads.c.identifier, parents.c.message_id, t.posts.c.state, t.posts.c.due),
        )
        .join(t.lists, t.lists.c.id == t.posts.c.list_id)
        .join(t.threads, t.threads.c.id == t.posts.c.thread_id)
        .outerjoin(t.people, t.people.c.id == t.posts.c.person_id)
        .outerjoin(parents, parents.c.id == t.posts.c.parent_id),
        "threads": select(t.threads.c.identifier, t.threads.c.subject, t.threads.c.posts, t.threads.c.list_id),
        "lists": select(t.lists.c.name, t.lists.c.last_number, t.lists.c.posts, t.lists.c.threads, t.lists.c.settings),
        "holds": select(t.holds.c.message_id, t.holds.c.reasons, t.holds.c.list_id),
        "members": select(t.members.c.person_id, t.members.c.list_id, t.members.c.accepted_posts),
        "deliveries": select(t.deliveries.c.list_id, t.deliveries.c.number),
        "events": select(t.events.c.name, t.events.c.list_id, t.events.c.person_id, t.events.c.door),
        "notices": select(t.notices.c.name, t.notices.c.address),
        "awaited": select(t.awaited.c.message_id, t.awaited.c.joins),
        "bodies": select(t.bodies.c.content),
        "raw": select(t.raw.c.bytes),
        "marks": select(t.thread_marks.c.member_id, t.thread_marks.c.mark),
    }
    return {name: sorted(map(repr, conn.execute(query))) for name, query in queries.items()}


def _outcome(community: Community, groups: Sequence[Sequence[Arrived]]) -> tuple[list[Reply], dict[str, Any]]:
    """What becomes of mails that come in these groups; nothing of it stays."""

    def unit(conn: Connection) -> None:
        replies = [
            reply for group in groups for reply in inbound.receive_all(conn, community.receiver, group, community.now)
        ]
        raise _Undo((replies, _state(conn)))

    with pytest.raises(_Undo) as undone:
        community.write(unit)
    return undone.value.found  # type: ignore[return-value]


@pytest.fixture
def busy(community: Community) -> Community:
    """Two lists with limits; members, new ones, one with topics, and strangers."""
    talk = community.create("talk", hourly_posts="3", daily_posts="9", moderation="first-posts", first_posts="2")
    news = community.create("news", hourly_posts="0", non_members="accept", topics="drift: drift")
    community.join(talk, "anna@example.org", "ben@example.org", "olga@example.org")
    community.join(news, "anna@example.org")
    olga = community.store.read_now(lambda c: membership.find(c, talk, "olga@example.org"))
    community.write(
        lambda c: c.execute(tables.members.update().where(tables.members.c.id == olga.id).values(known=False))
    )
    community.post("anna@example.org", Message_ID="<old@example.org>", Subject="Old")
    return community


def _mails(community: Community) -> list[Arrived]:
    """Everything that a group may hold: answers to each other, repeats, mails without an author, to nobody."""

    def mail(author: str, to: str = TALK, **fields: str) -> Arrived:
        return _arrived(community, author, to, **fields)

    first = mail("anna@example.org", Message_ID="<q@x>", Subject="Question")
    return [
        first,
        replace(first, envelope=replace(first.envelope, sender="elsewhere@example.org")),
        mail("anna@example.org", Message_ID="<q@x>", Subject="Question", body="Other words"),
        mail("ben@example.org", Message_ID="<r@x>", Subject="Re: Question", In_Reply_To="<q@x>"),
        mail("ben@example.org", Subject="Re: Old", In_Reply_To="<old@example.org>"),
        mail("ben@example.org", Subject="Re: Late", In_Reply_To="<late@x>"),
        mail("anna@example.org", Subject="Late", Message_ID="<late@x>"),
        mail("anna@example.org", NEWS, Subject="[drift] News"),
        mail("eve@example.net", NEWS, Subject="Hello"),
        mail("eve@example.net"),
        mail("eve@example.net", Message_ID="<held@x>"),
        mail("eve@example.net", Message_ID="<held@x>"),
        *(mail("olga@example.org", Subject=f"First {n}") for n in range(3)),
        *(mail("anna@example.org", Subject=f"More {n}") for n in range(3)),
        mail("ben@example.org", From="nobody"),
        mail("ben@example.org", Auto_Submitted="auto-replied"),
        mail("ben@example.org", "unheard@lists.example.org"),
        mail("ben@example.org", "talk+owner@lists.example.org"),
        mail("ben@example.org", REQUEST, Subject="help", body=""),
        mail("ben@example.org", Subject="unsubscribe", body="unsubscribe"),
        mail("anna@example.org", "talk+re.unknown@lists.example.org"),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_group_comes_to_what_its_mails_come_to_one_by_one(busy: Community, seed: int) -> None:
    chance = random.Random(seed)
    mails = chance.sample(_mails(busy), 14)
    # In a group the posts come last, and list by list: that is the order to compare with.
    order = {TALK: 1, NEWS: 2}
    mails.sort(key=lambda arrived: 0 if arrived.post.subject == "unsubscribe" else _place(arrived, order))
    alone, state = _outcome(busy, [[arrived] for arrived in mails])
    together, same = _outcome(busy, [mails])
    assert together == alone
    assert same == state


def _place(arrived: Arrived, order: dict[str, int]) -> int:
    to = arrived.envelope.recipient
    return 1 if to.startswith("talk+re.") else order.get(to, 0)


def test_posts_that_wait_together_take_the_statements_of_one(busy: Community, statements: Statements) -> None:
    first = busy.mail("anna@example.org", NEWS, Message_ID="<first@x>")
    busy.arrive(first, "anna@example.org", NEWS)
    counts = []
    for size in (1, 20):  # answers, since each thread that begins is compared with older ones
        group = [_arrived(busy, f"a{n}@example.org", NEWS, In_Reply_To="<first@x>") for n in range(size)]
        statements.clear()
        replies = busy.write(lambda c, group=group: inbound.receive_all(c, busy.receiver, group, busy.now))
        counts.append(len(statements))
        assert {reply.code for reply in replies} == {250}
    assert counts[0] == counts[1] <= 18


def test_a_command_in_the_group_counts_for_the_posts_beside_it(busy: Community) -> None:
    """What a mail to the robot changed holds for the posts, which come last."""
    proved = Authenticity("ours", proved="anna@example.org")
    leave = _arrived(busy, "anna@example.org", REQUEST, Subject="unsubscribe", body="")
    leave = replace(leave, envelope=replace(leave.envelope, authenticity=proved))
    post = _arrived(busy, "anna@example.org")
    replies = busy.write(lambda c: inbound.receive_all(c, busy.receiver, [post, leave], busy.now))
    assert "a moderator will look at it" in replies[0].text and replies[1].accepted


def test_what_was_made_ready_before_is_filed_if_the_list_is_the_same_still(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")

    def arrived(list_id: int, language: str) -> Arrived:
        made = _arrived(community, "anna@example.org")
        prepared = replace(prepare(made.post, list_id, language, community.now), opening="made before")
        return replace(made, ready=Ready(list_id, language, prepared))

    mails = [arrived(talk.id, "en"), arrived(talk.id, "de"), arrived(talk.id + 1, "en")]
    community.write(lambda c: inbound.receive_all(c, community.receiver, mails, community.now))
    openings = ["made before", "Has anybody met this?", "Has anybody met this?"]
    assert [row["opening"] for row in community.rows("posts")] == openings


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("talk@lists.example.org", True),
        ("talk+re.abc@lists.example.org", True),
        ("talk-request@lists.example.org", False),
        ("postmaster@lists.example.org", False),
    ],
)
def test_the_archive_that_an_address_means(community: Community, to: str, expected: bool) -> None:
    talk = community.create(language="de")
    found = community.store.read_now(lambda c: inbound.accept_recipient(c, community.receiver, to))
    assert found == (inbound.Shelf(talk.id, "de") if expected else None)


def test_a_mail_that_shows_a_fault_of_ours_is_alone_with_it(store: Store) -> None:
    """Through the store, as the doors do it: the neighbours are filed, and only the one is put off."""

    def broken(post: Any, facts: Any) -> None:
        if post.subject == "broken":
            raise ValueError("a fault in a check")

    community = Community(store, receiver=inbound.Receiver(SITE, (broken,)))
    community.join(community.create(hourly_posts="0"), "anna@example.org")
    groups: list[int] = []

    def receive(conn: Connection, mails: Sequence[Arrived]) -> list[Reply]:
        groups.append(len(mails))
        return inbound.receive_all(conn, community.receiver, mails, community.now)

    subjects = ["a", "broken", "b", "c"]
    mails = [_arrived(community, "anna@example.org", Subject=subject) for subject in subjects]

    async def main() -> list[Reply | BaseException]:
        return await asyncio.gather(*(store.write_together(receive, one) for one in mails), return_exceptions=True)

    # The first may be begun before the others are there.
    replies = asyncio.run(main())
    assert [isinstance(reply, Reply) for reply in replies] == [True, False, True, True]
    assert sorted(row["subject"] for row in community.rows("posts")) == ["a", "b", "c"]
    assert max(groups) >= 3 and groups[-1] == 1
