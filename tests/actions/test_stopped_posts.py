"""Refusals at hand-over, and posts that many hosts do not want, on both engines (standards B3, B4)."""

import pytest

from listserver.actions import delivery
from listserver.actions.delivery import Moved, Refusal, Settled, Tried, Wish
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Reply
from listserver.core.fate import Fate
from listserver.store.lists import List
from tests import bouncing
from tests.actions import mails
from tests.actions.conftest import SITE, Community

BEN = "ben@example.org"
KIM = "kim@example.org"
NO = Reply(550, "5.1.1", "no such user")
SPAM = Reply(550, "5.7.1", "rejected as spam")


@pytest.fixture
def talk(community: Community) -> List:
    lst = community.create("talk", moderation="none")
    community.join(lst, KIM, role="owner")
    community.join(lst, "anna@example.org", BEN)
    return lst


def ben(community: Community) -> dict[str, object]:
    (where,) = [row for row in community.rows("addresses") if row["address"] == BEN]
    (found,) = [row for row in community.rows("members") if row["address_id"] == where["id"]]
    return found


def fan_out(community: Community, refused: dict[int, Reply], *, first: int = 1000) -> list[Settled]:
    """Hand over all that is due, one by one; member id -> refusal."""
    done = []
    while claim := community.write(lambda c: delivery.claim(c, "w", Wish(1, 0), community.now)).ranges:
        (work,) = claim
        due = (row["id"] for row in community.rows("members") if row["receives"] == "each")
        for member_id in sorted(one for one in due if work.after < one <= (work.upto or one)):
            reply = refused.get(member_id)
            refusals = [Refusal(member_id, f"m{member_id}@x.example", Fate.FAILED, reply, 0.5)] if reply else []
            answer = Moved(work, member_id, refusals)
            settled = community.write(
                lambda c, answer=answer: delivery.settle(c, SITE, "w", [answer], [], community.now)
            )
            done.append(settled)
            if work.id in settled.stopped or len(done) == first:
                community.write(lambda c, work=work: delivery.put_back(c, "w", work, community.now))
                return done
        community.write(lambda c, work=work: delivery.finish(c, "w", work, community.now))
    return done


def test_B3_refusals_at_hand_over_count_the_same(community: Community, talk: List) -> None:
    who = int(str(ben(community)["id"]))
    for _ in range(5):
        community.post()
        fan_out(community, {who: NO})
        community.later(days=1)
    assert ben(community)["state"] == "suspended"
    (row, *_) = community.rows("bounces")
    assert (row["kind"], row["source"], row["status"]) == ("dead", "smtp", "5.1.1")
    # The probe is refused at hand-over as well: it has failed, and does not stay in the queue.
    community.write(lambda c: c.exec_driver_sql("DELETE FROM stragglers WHERE member_id IS NULL"))
    (one,) = community.write(lambda c: delivery.claim(c, "w", Wish(0, 9), community.now)).stragglers
    tried = Tried(one, Refusal(one.member_id, BEN, Fate.FAILED, NO, 0.5))
    community.write(lambda c: delivery.settle(c, SITE, "w", [], [tried], community.now))
    assert community.rows("stragglers") == []
    (row,) = community.rows("suspensions")
    assert (row["failures"], row["probe_id"]) == (1, None)


def many(community: Community, talk: List, count: int) -> list[int]:
    community.join(talk, *(f"m{n}@x.example" for n in range(count)))
    return [row["id"] for row in community.rows("members")]


def test_B4_a_post_that_many_refuse_stops_and_nobody_is_charged(community: Community, talk: List) -> None:
    ids = many(community, talk, 90)
    community.post()
    done = fan_out(community, dict.fromkeys(ids[10:90:3], SPAM))
    assert 10 < len(done) < 40
    (row,) = community.rows("deliveries")
    assert (row["state"], done[-1].stopped) == ("stopped", {row["id"]})
    assert {row["state"] for row in community.rows("members")} == {"active"}
    (told,) = community.notices("post-refused-by-many")
    assert told["address"] == KIM
    assert "stopped" in mails.text(told)
    assert "spam" in mails.text(told)
    # Its owner lets it go on: it is not stopped again, and nobody gets a second copy.
    community.write(lambda c: delivery.retry(c, OPERATOR, None, community.now))
    (work,) = community.write(lambda c: delivery.claim(c, "w", Wish(4, 0), community.now)).ranges
    assert work.after == ids[len(done) - 1]
    answers = [Moved(work, i, [Refusal(i, "m@x", Fate.FAILED, SPAM, 0.5)]) for i in ids[len(done) :]]
    settled = community.write(lambda c: delivery.settle(c, SITE, "w", answers, [], community.now))
    assert settled.stopped == set()


@pytest.mark.parametrize(
    ("said", "client", "state", "subject"),
    [
        ("yes", "Gmail", "pending", "Done"),
        ("No, please", "mutt", None, "Done"),
        ("well, who knows", "phone", "stopped", "Nothing was done yet"),
    ],
)
def test_B4_an_owner_decides_by_a_reply(
    community: Community, talk: List, said: str, client: str, state: str | None, subject: str
) -> None:
    ids = many(community, talk, 60)
    community.post()
    fan_out(community, dict.fromkeys(ids, SPAM))
    (asked,) = community.notices("post-refused-by-many")
    away = mails.answer(client, said, asked, KIM, Auto_Submitted="auto-replied")
    community.arrive(away, KIM, mails.to(asked))
    community.arrive(mails.answer(client, said, asked, BEN), BEN, mails.to(asked))  # has it from somewhere
    assert [row["state"] for row in community.rows("deliveries")] == ["stopped"]
    community.arrive(mails.answer(client, said, asked, KIM), KIM, mails.to(asked))
    assert [row["state"] for row in community.rows("deliveries")] == ([state] if state else [])
    assert [row["insisted"] for row in community.rows("deliveries")] == ([state == "pending"] if state else [])
    (told,) = community.notices("stopped-post-decided")
    assert str(mails.read(told)["Subject"]).startswith(subject)
    if subject == "Done":
        community.arrive(mails.answer(client, said, asked, KIM), KIM, mails.to(asked))
        assert "already" in mails.text(community.notices("stopped-post-decided")[-1])


def test_B4_a_few_refusals_stop_nothing(community: Community, talk: List) -> None:
    ids = many(community, talk, 300)
    community.post()
    fan_out(community, dict.fromkeys(ids[5:300:30], SPAM))
    assert community.notices("post-refused-by-many") == []
    assert community.rows("deliveries") == []


def test_B4_refusals_that_come_back_later_are_told_once(community: Community, talk: List) -> None:
    ids = many(community, talk, 20)
    community.post()
    (post,) = community.rows("posts")
    fan_out(community, {})
    for member_id in ids:
        to = bouncing.address(SITE.secret, talk.id, member_id, community.now)
        community.arrive(bouncing.dsn(to, "x@x.example", "5.7.1", original=post["message_id"]), "", to)
    (told,) = community.notices("post-refused-by-many")
    assert "left already" in mails.text(told)
    assert {row["post_id"] for row in community.rows("bounces")} == {post["id"]}
    assert {row["state"] for row in community.rows("members")} == {"active"}
