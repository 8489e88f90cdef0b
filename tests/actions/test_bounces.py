"""What comes back, on both engines (standards B1-B5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listserver import jobs
from listserver.actions import bounces, lists, membership
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.core.bounce_fields import Failure
from listserver.core.bounce_kind import Kind
from listserver.core.envelope import Reply
from listserver.core.verp import member_token, verp_token
from listserver.errors import Refused
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


def member(community: Community, address: str = BEN) -> dict[str, Any]:
    (where,) = [row for row in community.rows("addresses") if row["address"] == address]
    (found,) = [row for row in community.rows("members") if row["address_id"] == where["id"]]
    return found


def verp(community: Community, lst: List, address: str = BEN, days_ago: int = 0) -> str:
    sent = community.now - timedelta(days=days_ago)
    return bouncing.address(SITE.secret, lst.id, member(community, address)["id"], sent)


def bounce(community: Community, lst: List, status: str = "5.1.1", days_ago: int = 0, **more: str) -> Reply:
    to = verp(community, lst, days_ago=days_ago)
    return community.arrive(bouncing.dsn(to, BEN, status, **more), "", to)


def suspend(community: Community, lst: List) -> None:
    for _ in range(5):
        bounce(community, lst)
        community.later(days=1)


def run_probes(community: Community) -> None:
    job = jobs.find(jobs.table(SITE), "probes")
    jobs.run_now(community.store, job, community.now)


def probes(community: Community) -> list[dict[str, Any]]:
    return community.notices("mail-came-back")


def probe_fails(community: Community, status: str = "5.1.1") -> None:
    """The newest probe comes back, to the return address that the notice has."""
    number = probes(community)[-1]["id"]
    day = bounces.day_of(community.now)
    to = f"bounces+{verp_token(SITE.secret, 0, number, day)}@lists.example.org"
    community.write(lambda c: c.exec_driver_sql("DELETE FROM stragglers"))
    assert community.arrive(bouncing.dsn(to, BEN, status), "", to).code == 250


def probe_arrives(community: Community) -> None:
    community.write(lambda c: c.exec_driver_sql("DELETE FROM stragglers"))


def test_B3_five_days_of_dead_suspend_and_not_one_less(community: Community, talk: List) -> None:
    for day in range(4):
        for _ in range(3):  # several copies of one day count once
            assert bounce(community, talk).code == 250
        assert member(community)["state"] == "active", day
        community.later(days=1)
    bounce(community, talk)
    assert (member(community)["state"], member(community)["receives"]) == ("suspended", "nothing")
    assert member(community)["mode"] == "each"
    (probe,) = probes(community)
    assert probe["address"] == BEN
    assert "no such mailbox" in mails.text(probe)
    (told,) = community.notices("member-suspended")
    assert told["address"] == KIM
    assert BEN in mails.text(told)
    assert [e["name"] for e in community.rows("events")].count("member-suspended") == 1
    bounce(community, talk)  # one that was on its way
    assert len(probes(community)) == 1


def test_B3_bounces_of_more_than_a_week_do_not_add_up(community: Community, talk: List) -> None:
    for _ in range(12):
        bounce(community, talk)
        community.later(days=2)
    assert member(community)["state"] == "active"


@pytest.mark.parametrize("status", ["5.2.2", "4.4.1"])
def test_B3_full_and_temporary_count_a_quarter(community: Community, talk: List, status: str) -> None:
    for _ in range(20):
        bounce(community, talk, status)
        community.later(days=1)
    assert member(community)["state"] == "active"
    for _ in range(5):
        for _ in range(4):
            bounce(community, talk, status)
        community.later(days=1)
    assert member(community)["state"] == "suspended"


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_B1_reports_of_delay_and_success_do_not_count(community: Community, talk: List, action: str) -> None:
    for _ in range(6):
        bounce(community, talk, "4.4.1" if action == "delayed" else "2.0.0", action=action)
        community.later(days=1)
    assert community.rows("bounces") == []


def test_B2_forged_bounces_change_nothing(community: Community, talk: List) -> None:
    good = verp(community, talk)
    token = good.partition("+")[2].partition("@")[0]
    other = verp(community, talk, "anna@example.org").partition("+")[2].partition("@")[0]
    forged = [
        "talk-bounces@lists.example.org",
        "bounces@lists.example.org",
        "talk-bounces+@lists.example.org",
        "talk-bounces+ben=example.org@lists.example.org",
        f"talk-bounces+{token[:20]}{other[20:]}@lists.example.org",
        f"talk-bounces+{'0' * 20}{token[20:]}@lists.example.org",
        f"bounces+{token}@lists.example.org",
        verp(community, talk, days_ago=11),
        verp(community, talk, days_ago=60),
        verp(community, talk, days_ago=-2),
    ]
    for _ in range(6):
        for to in forged:
            raw = bouncing.dsn("x@example.net", BEN)
            assert community.arrive(raw, "", to).code == 250
        community.later(days=1)
    assert {row["state"] for row in community.rows("members")} == {"active"}
    assert probes(community) == []


def test_B2_a_stolen_return_address_is_good_for_one_point(community: Community, talk: List) -> None:
    stolen = verp(community, talk)
    for _ in range(9):
        for _ in range(3):
            community.arrive(bouncing.dsn(stolen, BEN), "", stolen)
        community.later(days=1)
    assert member(community)["state"] == "active"


def test_B3_a_probe_that_arrives_resumes(community: Community, talk: List) -> None:
    suspend(community, talk)
    probe_arrives(community)
    run_probes(community)
    assert member(community)["state"] == "suspended"  # it may still come back
    community.later(days=3)
    run_probes(community)
    assert (member(community)["state"], member(community)["receives"]) == ("active", "each")
    assert community.rows("suspensions") == community.rows("bounces") == []


def test_B3_a_probe_still_in_the_queue_says_nothing(community: Community, talk: List) -> None:
    suspend(community, talk)
    community.later(days=4)
    run_probes(community)
    assert member(community)["state"] == "suspended"


def test_B3_after_a_month_of_failing_probes_the_membership_ends(community: Community, talk: List) -> None:
    suspend(community, talk)
    left = 0
    while any(row["address"] == BEN for row in community.rows("addresses") if _is_member(community, row["id"])):
        probe_fails(community)
        community.later(days=3)
        run_probes(community)
        left += 3
        assert left < 60
    assert left == 30
    assert len(probes(community)) >= 9
    (told,) = community.notices("member-unreachable")
    assert (told["address"], BEN in mails.text(told)) == (KIM, True)
    assert [e["data"]["address"] for e in community.rows("events") if e["name"] == "member-removed"] == [BEN]


def _is_member(community: Community, address_id: int) -> bool:
    return any(row["address_id"] == address_id for row in community.rows("members"))


def test_an_owner_whom_nothing_reaches_stays(community: Community, talk: List) -> None:
    for _ in range(5):
        to = verp(community, talk, KIM)
        community.arrive(bouncing.dsn(to, KIM), "", to)
        community.later(days=1)
    assert [n["address"] for n in community.notices("member-suspended")] == [SITE.admin_email]
    for _ in range(14):
        probe_fails(community)
        community.later(days=3)
        run_probes(community)
    assert member(community, KIM)["state"] == "suspended"


def test_B3_a_reply_to_the_probe_resumes(community: Community, talk: List) -> None:
    suspend(community, talk)
    (probe,) = probes(community)
    community.arrive(mails.answer("Gmail", "Yes, I am here!", probe, BEN), BEN, mails.to(probe))
    assert member(community)["state"] == "active"
    (thanks,) = community.notices("mail-resumed")
    assert mails.read(thanks)["Auto-Submitted"] == "auto-replied"
    community.arrive(mails.answer("mutt", "And now?", probe, BEN), BEN, mails.to(probe))
    assert [n["address"] for n in community.notices("forwarded")] == [KIM]


def test_automatic_answers_to_a_probe_decide_nothing(community: Community, talk: List) -> None:
    suspend(community, talk)
    (probe,) = probes(community)
    away = mails.answer("mutt", "I am away.", probe, BEN, Auto_Submitted="auto-replied")
    community.arrive(away, BEN, mails.to(probe))
    community.arrive(mails.answer("mutt", "Hm.", probe, BEN), "", mails.to(probe))
    assert member(community)["state"] == "suspended"


def test_who_comes_back_by_themselves_is_left_alone(community: Community, talk: List) -> None:
    suspend(community, talk)
    probe_fails(community)
    ben = community.store.read_now(lambda c: membership.find(c, talk, BEN))
    community.write(lambda c: membership.change(c, OPERATOR, talk, ben, {"mode": "each"}, community.now))
    community.later(days=3)
    run_probes(community)
    assert community.rows("suspensions") == []
    assert len(probes(community)) == 1


def test_what_was_before_does_not_count_for_who_came_back(community: Community, talk: List) -> None:
    suspend(community, talk)
    ben = community.store.read_now(lambda c: membership.find(c, talk, BEN))
    community.write(lambda c: membership.change(c, OPERATOR, talk, ben, {"mode": "each"}, community.now))
    bounce(community, talk)
    assert member(community)["state"] == "active"
    for _ in range(4):
        bounce(community, talk)
        community.later(days=1)
    assert member(community)["state"] == "active"
    bounce(community, talk)
    assert member(community)["state"] == "suspended"


def test_a_probe_counts_though_it_is_forgotten_when_it_comes_back(community: Community, talk: List) -> None:
    suspend(community, talk)
    number = probes(community)[-1]["id"]
    to = f"bounces+{verp_token(SITE.secret, 0, number, bounces.day_of(community.now))}@lists.example.org"
    community.write(lambda c: c.exec_driver_sql("DELETE FROM stragglers"))
    community.write(lambda c: c.exec_driver_sql("DELETE FROM notices"))
    community.arrive(bouncing.dsn(to, BEN), "", to)
    (row,) = community.rows("suspensions")
    assert (row["failures"], row["probe_id"]) == (1, None)


def test_a_person_in_doubt_on_many_lists_gets_five_probes_an_hour(community: Community, talk: List) -> None:
    others = [community.create(f"list{n}", moderation="none") for n in range(6)]
    for lst in others:
        community.join(lst, BEN)
        ids = [row["id"] for row in community.rows("members")]
        failure = Failure(BEN, Kind.DEAD, "5.1.1", "550 5.1.1 no such user")
        days = range(bounces.day_of(community.now) - 4, bounces.day_of(community.now) + 1)
        charges = [bounces.Charge(ids[-1], lst.id, None, failure, "dsn", day) for day in days]
        community.write(lambda c, charges=charges: bounces.charge(c, SITE, charges, community.now))
    assert len(probes(community)) == 5
    assert [row["probe_id"] is None for row in community.rows("suspensions")] == [False] * 5 + [True]


def test_a_site_without_an_address_for_its_operator_tells_nobody(community: Community, talk: List) -> None:
    site = replace(SITE, admin_email="")
    lst = community.create("lonely")
    community.join(lst, BEN)
    ids = [row["id"] for row in community.rows("members")]
    failure = Failure(BEN, Kind.DEAD, "5.1.1", "no")
    today = bounces.day_of(community.now)
    charges = [bounces.Charge(ids[-1], lst.id, None, failure, "dsn", today - n) for n in range(5)]
    community.write(lambda c: bounces.charge(c, site, charges, community.now))
    assert community.notices("member-suspended") == []


def test_a_probe_that_a_filter_refuses_has_met_somebody(community: Community, talk: List) -> None:
    suspend(community, talk)
    probe_fails(community, "5.7.1")
    community.later(days=3)
    run_probes(community)
    assert member(community)["state"] == "active"


# --- complaints and notices -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("to", ["", "abuse@lists.example.org", "talk-owner@lists.example.org"])
def test_B5_a_complaint_pauses_and_a_reply_resumes(community: Community, talk: List, to: str) -> None:
    mail_from = verp(community, talk)
    for _ in range(2):
        community.arrive(bouncing.arf(mail_from, BEN), "feedback@mx.example.net", to or mail_from)
    assert member(community)["state"] == "suspended"
    (told,) = community.notices("paused-after-complaint")
    assert (told["address"], probes(community)) == (BEN, [])
    community.later(days=40)
    run_probes(community)
    assert member(community)["state"] == "suspended"
    community.later(days=-10)
    community.arrive(mails.answer("phone", "Sorry, a slip", told, BEN), BEN, mails.to(told))
    assert member(community)["state"] == "active"


def test_B5_a_complaint_is_known_by_the_link_in_the_copy(community: Community, talk: List) -> None:
    who = member(community)
    link = (
        f"List-Unsubscribe: <mailto:talk+unsubscribe.{member_token(SITE.secret, 'leave', who['id'])}@lists.example.org>"
    )
    hidden = bouncing.arf("", "").replace(b"Original-Mail-From: <>\r\n", b"").replace(b"Original-Rcpt-To: \r\n", b"")
    complaint = hidden.replace(b"Subject: Drift", link.encode() + b"\r\nSubject: Drift")
    quoted = community.mail("ben@example.org", "talk-owner@lists.example.org", body=link, Auto_Submitted="auto-replied")
    community.arrive(quoted, "", "abuse@lists.example.org")  # it holds the link and is no complaint
    assert member(community)["state"] == "active"
    community.arrive(complaint, "feedback@mx.example.net", "abuse@lists.example.org")
    assert member(community)["state"] == "suspended"
    ben = community.store.read_now(lambda c: membership.find(c, talk, BEN))
    community.write(lambda c: membership.remove(c, OPERATOR, talk, ben, community.now))
    assert community.arrive(complaint, "feedback@mx.example.net", "abuse@lists.example.org").code == 250


def test_B5_a_complaint_without_our_token_does_nothing(community: Community, talk: List) -> None:
    community.arrive(bouncing.arf("talk-bounces@lists.example.org", BEN), "f@mx.example.net", "abuse@lists.example.org")
    assert {row["state"] for row in community.rows("members")} == {"active"}


def test_B5_the_token_of_a_notice_that_came_back_dies(community: Community, talk: List) -> None:
    community.post("stranger@example.net")
    (held,) = community.notices("held-post")
    day = bounces.day_of(community.now)
    to = f"bounces+{verp_token(SITE.secret, 0, held['id'], day)}@lists.example.org"
    delayed = bouncing.dsn(to, KIM, "4.4.1", "delayed")
    community.arrive(delayed, "", to)
    assert [row["used_at"] for row in community.rows("tokens")] == [None]
    community.arrive(bouncing.dsn(to, KIM), "", to)
    assert [row["used_at"] for row in community.rows("tokens")] == [community.now]
    community.later(days=12)
    community.arrive(bouncing.dsn(to, KIM), "", to)  # old
    unknown = f"bounces+{verp_token(SITE.secret, 0, 999, day + 12)}@lists.example.org"
    community.arrive(bouncing.dsn(unknown, KIM), "", unknown)


def test_bounces_of_members_who_left_are_dropped(community: Community, talk: List) -> None:
    to = verp(community, talk)
    ben = community.store.read_now(lambda c: membership.find(c, talk, BEN))
    community.write(lambda c: membership.remove(c, OPERATOR, talk, ben, community.now))
    community.arrive(bouncing.dsn(to, BEN), "", to)
    assert community.rows("bounces") == []


# --- equal copies -----------------------------------------------------------------------------------------------------
def test_B2_reports_about_equal_copies_need_a_probe_first(community: Community, talk: List) -> None:
    def batch(given: str = "ben=example.org") -> None:
        day = bounces.day_of(community.now)
        to = f"talk-bounces+{verp_token(SITE.secret, talk.id, 0, day)}+{given}@lists.example.org"
        community.arrive(bouncing.dsn(to, BEN), "", to)

    batch("nobody=example.net")
    assert community.rows("bounces") == []
    for _ in range(5):
        batch()
        community.later(days=1)
    assert (member(community)["state"], len(probes(community))) == ("active", 1)
    batch()
    assert len(probes(community)) == 1
    probe_fails(community)
    assert (member(community)["state"], len(probes(community))) == ("suspended", 2)


def test_B2_a_forged_report_about_equal_copies_ends_with_the_probe(community: Community, talk: List) -> None:
    for _ in range(5):
        day = bounces.day_of(community.now)
        to = f"talk-bounces+{verp_token(SITE.secret, talk.id, 0, day)}+ben=example.org@lists.example.org"
        community.arrive(bouncing.dsn(to, BEN), "", to)
        community.later(days=1)
    probe_arrives(community)
    community.later(days=3)
    run_probes(community)
    assert member(community)["state"] == "active"
    assert community.rows("suspensions") == community.rows("bounces") == []


def test_B1_a_report_about_equal_copies_without_xverp_names_the_members_itself(
    community: Community, talk: List
) -> None:
    def batch(address: str, list_id: int = talk.id, days_ago: int = 0) -> None:
        day = bounces.day_of(community.now) - days_ago
        to = f"talk-bounces+{verp_token(SITE.secret, list_id, 0, day)}@lists.example.org"
        community.arrive(bouncing.dsn(to, address), "", to)

    batch("nobody@example.net")
    batch(BEN, talk.id + 1)  # a token that was not made for this list
    batch(BEN, days_ago=11)
    assert community.rows("bounces") == []
    for _ in range(5):
        batch(BEN)
        community.later(days=1)
    assert (member(community)["state"], len(probes(community))) == ("active", 1)
    probe_fails(community)
    assert member(community)["state"] == "suspended"


def test_B3_a_list_with_a_post_a_week_finds_dead_addresses(community: Community, talk: List) -> None:
    found = []
    for number in range(4):
        raw = community.mail("anna@example.org", "talk@lists.example.org", f"Issue {number}.")
        assert community.arrive(raw, "anna@example.org", "talk@lists.example.org").code == 250
        to = verp(community, talk)
        community.arrive(bouncing.dsn(to, BEN), "", to)
        found.append(member(community)["state"])
        community.later(days=7)
    assert len(community.rows("posts")) == 4
    assert found == ["active", "active", "suspended", "suspended"]


# --- the operator -----------------------------------------------------------------------------------------------------
def test_the_operator_sees_and_forgets(community: Community, talk: List) -> None:
    def shown() -> list[bounces.Line]:
        return community.store.read_now(lambda c: bounces.of_list(c, talk, community.now))

    assert shown() == []
    bounce(community, talk, "5.2.2")
    (line,) = shown()
    assert (line.address, line.kind, line.score, line.state, line.last) == (BEN, "full", 0.25, "active", community.now)
    assert "quota" in line.text
    community.later(days=1)
    suspend(community, talk)
    assert [(line.state, line.kind) for line in shown()] == [("suspended", "dead")]
    kim = community.store.read_now(lambda c: lists.find(c, "talk")) and Actor(Proof.NONE, BEN)
    with pytest.raises(Refused):
        community.write(lambda c: bounces.reset(c, kim, talk, BEN, community.now))
    for _ in range(2):
        community.write(lambda c: bounces.reset(c, OPERATOR, talk, BEN, community.now))
    assert shown() == []
    assert member(community)["state"] == "active"
