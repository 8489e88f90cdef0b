"""Decisions about held posts: one wins, the second is told who did; expiry."""

import email
import email.policy

import pytest
from sqlalchemy import Connection

from listserver.actions import archive, joining, moderation, people, posting
from listserver.actions.moderation import AlreadyDecided, Approved, Dropped, TurnedDown
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.errors import Refused
from listserver.store import lists
from tests.actions.conftest import SITE, Community


@pytest.fixture
def held(community: Community) -> Community:
    talk = community.create()
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, "anna@example.org")
    community.post("eve@example.net")
    return community


def hold_id(community: Community) -> int:
    return int(community.rows("holds")[-1]["id"])


def test_an_approved_post_is_filed_and_planned(held: Community) -> None:
    done = held.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold_id(held), held.now))
    assert isinstance(done, Approved) and done.number == 1
    [post] = held.rows("posts")
    assert post["author_address"] == "eve@example.net"
    assert len(held.rows("deliveries")) == 1
    [hold] = held.rows("holds")
    assert (hold["decision"], hold["decided_by"], hold["bytes"]) == ("approved", "operator", None)


def test_a_held_post_that_was_imported_meanwhile_is_one_post_when_it_is_approved(held: Community) -> None:
    [hold] = held.rows("holds")
    raw = unpack(hold["enc"], hold["bytes"])

    def bring_in(conn: Connection) -> None:
        talk = lists.get(conn, hold["list_id"])
        archive.file_all(conn, talk, [archive.prepare(read(raw), talk.id, "en", held.now)], due=False)

    held.write(bring_in)
    done = held.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold["id"], held.now))
    assert isinstance(done, Approved) and done.number == 1
    assert (len(held.rows("posts")), held.rows("deliveries")) == (1, [])


def test_a_rejected_posts_author_gets_the_reason(held: Community) -> None:
    done = held.write(lambda c: moderation.reject(c, SITE, OPERATOR, hold_id(held), " Wrong list. ", held.now))
    assert isinstance(done, TurnedDown)
    [notice] = held.notices("your-post-rejected")
    text = email.message_from_bytes(notice["bytes"], policy=email.policy.default).get_content()
    assert "Wrong list." in text and held.rows("posts") == []


def test_a_discarded_posts_author_hears_nothing(held: Community) -> None:
    before = len(held.notices())
    done = held.write(lambda c: moderation.discard(c, OPERATOR, hold_id(held), held.now))
    assert isinstance(done, Dropped) and len(held.notices()) == before


def test_the_second_to_decide_is_told_who_did(held: Community) -> None:
    olga = held.store.read_now(lambda c: people.actor(c, "olga@example.org", Proof.TOKEN, "mail"))
    held.write(lambda c: moderation.approve(c, SITE, olga, hold_id(held), held.now))
    held.later(minutes=1)
    for second in (
        lambda c: moderation.approve(c, SITE, OPERATOR, hold_id(held), held.now),
        lambda c: moderation.reject(c, SITE, OPERATOR, hold_id(held), "", held.now),
        lambda c: moderation.discard(c, OPERATOR, hold_id(held), held.now),
    ):
        answer = held.write(second)
        assert isinstance(answer, AlreadyDecided)
        assert (answer.hold.decision, answer.hold.decided_by) == ("approved", "Olga")
    assert len(held.rows("posts")) == 1 and held.notices("your-post-rejected") == []


def test_6_4_only_moderators_with_a_proof_decide(held: Community) -> None:
    for who, proof in (("anna@example.org", Proof.TOKEN), ("olga@example.org", Proof.NONE)):
        actor = held.store.read_now(lambda c, w=who, p=proof: people.actor(c, w, p, "mail"))
        with pytest.raises(Refused, match="may not decide"):
            held.write(lambda c, a=actor: moderation.approve(c, SITE, a, hold_id(held), held.now))
    with pytest.raises(Refused, match="may not decide"):
        held.write(lambda c: moderation.discard(c, Actor(Proof.TOKEN, "x@y.example"), hold_id(held), held.now))
    assert held.rows("holds")[0]["decision"] is None


def test_nothing_under_that_number(held: Community) -> None:
    with pytest.raises(Refused, match="Nothing is held under 999"):
        held.write(lambda c: moderation.approve(c, SITE, OPERATOR, 999, held.now))


def test_what_nobody_decides_ends_as_the_list_says(held: Community) -> None:
    news = held.create("news", on_expiry="reject", hold_days="2")
    held.join(news, "olga@example.org", role="owner")
    held.post("eve@example.net", "news@lists.example.org")
    held.later(days=3)
    assert held.write(lambda c: moderation.expire(c, SITE, held.now, 9)) == 1
    assert [n["address"] for n in held.notices("your-post-rejected")] == ["eve@example.net"]
    held.later(days=12)
    assert held.write(lambda c: moderation.expire(c, SITE, held.now, 9)) == 1
    assert [h["decision"] for h in held.rows("holds")] == ["discarded", "rejected"]
    assert held.write(lambda c: moderation.expire(c, SITE, held.now, 9)) == 0


def test_the_member_whose_first_post_was_approved_is_not_held_again(community: Community) -> None:
    talk = community.create()
    community.join(talk, "nora@example.org", known=False)
    community.post("nora@example.org")
    assert community.rows("holds")[0]["reasons"] == ["first-post"]
    community.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold_id(community), community.now))
    community.post("nora@example.org")
    assert len(community.rows("posts")) == 2 and len(community.rows("holds")) == 1


def test_a_held_post_without_a_usable_author_can_be_decided(community: Community) -> None:
    community.create()
    for _ in range(2):
        raw = community.mail("nobody at all", "talk@lists.example.org")
        community.arrive(raw, "eve@example.net", "talk@lists.example.org")
    first, second = (h["id"] for h in community.rows("holds"))
    assert isinstance(
        community.write(lambda c: moderation.reject(c, SITE, OPERATOR, first, "", community.now)), TurnedDown
    )
    assert isinstance(community.write(lambda c: moderation.approve(c, SITE, OPERATOR, second, community.now)), Approved)
    assert community.notices() == [] and len(community.rows("posts")) == 1


def test_a_held_post_that_came_in_by_another_way_is_there_once(community: Community) -> None:
    talk = community.create()
    raw = community.mail("nora@example.org", "talk@lists.example.org")
    community.arrive(raw, "nora@example.org", "talk@lists.example.org")
    community.join(talk, "nora@example.org")
    assert community.arrive(raw, "nora@example.org", "talk@lists.example.org").code == 250
    done = community.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold_id(community), community.now))
    assert isinstance(done, Approved) and done.number == 1
    assert len(community.rows("posts")) == len(community.rows("deliveries")) == 1


def ask_to_join(community: Community, address: str) -> None:
    talk = community.store.read_now(lambda c: lists.find(c, "talk"))
    assert talk is not None
    actor = Actor(Proof.SENDER, address)
    community.write(lambda c: joining.join(c, SITE, actor, talk, address, community.now))


def test_who_was_let_in_meanwhile_is_not_welcomed_twice(community: Community) -> None:
    talk = community.create(joining="approve")
    ask_to_join(community, "nora@example.org")
    community.join(talk, "nora@example.org")
    before = community.rows("notices")
    done = community.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold_id(community), community.now))
    assert isinstance(done, Approved)
    assert len(community.rows("members")) == 1 and community.rows("notices") == before


def test_C7_of_a_burst_of_requests_to_join_moderators_hear_fifty_times_an_hour(community: Community) -> None:
    talk = community.create(joining="approve")
    community.join(talk, "olga@example.org", role="owner")
    for number in range(posting.NOTICES_PER_HOUR + 3):
        ask_to_join(community, f"x{number}@example.net")
    assert len(community.notices("held-join")) == len(community.rows("tokens")) == posting.NOTICES_PER_HOUR
    assert len(community.rows("holds")) == posting.NOTICES_PER_HOUR + 3
