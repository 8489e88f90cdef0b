"""Posts that do not go out: owners and operator hear of it once."""

from datetime import timedelta

import pytest

from listserver.actions import delivery, late_posts
from listserver.actions.delivery import Wish
from listserver.core.actor import OPERATOR
from listserver.core.fate import GIVE_UP
from listserver.store.lists import List
from tests.actions import mails
from tests.actions.conftest import SITE, Community

OLGA, ADMIN = "olga@example.org", "admin@example.org"
REFUSED = "554 5.7.1 <talk-bounces@lists.example.org>: Sender address rejected"


@pytest.fixture
def talk(community: Community) -> List:
    talk = community.create("talk", title="Talk", moderation="none", hourly_posts="0")
    community.join(talk, OLGA, role="owner")
    community.join(talk, "anna@example.org", *(f"m{n}@x.example" for n in range(3)))
    return talk


def tell(community: Community) -> int:
    return community.write(lambda c: late_posts.tell(c, SITE, community.now))


def put_off(community: Community) -> None:
    for work in community.write(lambda c: delivery.claim(c, "w", Wish(4, 0), community.now)).ranges:
        community.write(lambda c, work=work: delivery.put_off(c, "w", work, REFUSED, 0.5, community.now))


def told(community: Community) -> list[str]:
    return [row["address"] for row in community.notices("posts-not-sent")]


def test_O5_a_relay_that_refuses_is_told_once_with_what_it_said(community: Community, talk: List) -> None:
    community.post()
    put_off(community)
    community.later(hours=3)
    assert tell(community) == 0
    community.later(hours=2)
    community.post(Subject="Wind")  # is not late yet
    assert (tell(community), tell(community)) == (1, 0)
    assert told(community) == [OLGA, ADMIN]
    row = community.notices("posts-not-sent")[0]
    text = mails.text(row)
    assert mails.read(row)["Subject"] == "talk: posts wait to be sent"
    for part in (
        REFUSED,
        "anna@example.org: Drift",
        "5 copies wait",
        "25 November 2026, 12:00 UTC",
        "30 November",
        ADMIN,
    ):
        assert part in text, part
    assert "Wind" not in text
    community.later(hours=5)  # more is late by now, for the same reason
    assert tell(community) == 0


def test_what_waits_without_an_answer_is_told_as_well(community: Community, talk: List) -> None:
    community.post()
    community.later(hours=5)
    assert tell(community) == 1
    assert "does not answer" in mails.text(community.notices("posts-not-sent")[0])


def test_what_is_given_up_is_told_and_the_next_trouble_too(community: Community, talk: List) -> None:
    community.post()
    put_off(community)
    community.later(seconds=GIVE_UP.total_seconds())
    put_off(community)
    assert tell(community) == 1
    row = community.notices("posts-not-sent")[0]
    assert mails.read(row)["Subject"] == "talk: a post is not sent"
    assert REFUSED in mails.text(row)
    (entry,) = (e for e in community.store.read_now(lambda c: delivery.entries(c, OPERATOR, 9)) if e.id[0] == "d")
    assert (entry.state, entry.reply) == ("stopped", REFUSED)
    community.write(lambda c: delivery.cancel(c, OPERATOR, entry.id, community.now))
    community.later(hours=1)
    assert tell(community) == 0
    for number in range(7):
        community.post(Subject=f"Number {number}")
    community.now += timedelta(hours=5)
    assert tell(community) == 1
    assert "and 2 more" in mails.text(community.notices("posts-not-sent")[-1])


def test_what_many_refused_is_the_owners_decision_already(community: Community, talk: List) -> None:
    community.post()
    community.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'stopped'"))
    community.later(hours=5)
    assert tell(community) == 0


def test_where_nobody_owns_a_list_the_operator_hears_of_it(community: Community) -> None:
    lst = community.create("news", moderation="none")
    community.join(lst, "anna@example.org")
    community.post(to="news@lists.example.org")
    community.later(hours=5)
    assert (tell(community), told(community)) == (1, [ADMIN])
