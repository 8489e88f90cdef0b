"""A post through the front door, on both databases: judged, filed and planned, held, refused or dropped."""

import email
import email.policy

import pytest

from listserver import inbound
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope, Reply
from listserver.core.packing import unpack
from tests.actions import mails
from tests.actions.conftest import Community
from tests.conftest import Statements


def test_a_members_post_is_filed_and_its_delivery_planned_in_one_row(community: Community) -> None:
    talk = community.create()
    community.join(talk, *(f"m{i}@example.org" for i in range(20)), "anna@example.org")
    reply = community.post()
    assert (reply.code, reply.text) == (250, "Thank you: post 1 of talk is on its way.")
    [post] = community.rows("posts")
    assert (post["number"], post["subject"], post["author_address"]) == (1, "Drift", "anna@example.org")
    [delivery] = community.rows("deliveries")
    assert (delivery["post_id"], delivery["number"], delivery["after"], delivery["upto"]) == (post["id"], 1, 0, None)
    event = community.rows("events")[-1]
    assert (event["name"], event["door"]) == ("post-filed", "smtp")
    anna = next(m for m in community.rows("members") if m["accepted_posts"])
    assert anna["accepted_posts"] == 1


def test_S25_the_bytes_are_kept_as_they_came(community: Community) -> None:
    community.join(community.create(), "anna@example.org")
    raw = community.mail("anna@example.org", "talk@lists.example.org", body="caf\u00e9 \t \r\n\r\n..\r\nend")
    community.arrive(raw, "anna@example.org", "talk@lists.example.org")
    [row] = community.rows("raw")
    assert unpack(row["enc"], row["bytes"]) == raw


def test_6_2_the_same_post_twice_is_one_post(community: Community) -> None:
    community.join(community.create(), "anna@example.org")
    raw = community.mail("anna@example.org", "talk@lists.example.org")
    for _ in range(2):
        assert community.arrive(raw, "anna@example.org", "talk@lists.example.org").code == 250
    assert len(community.rows("posts")) == len(community.rows("deliveries")) == 1
    other = raw.replace(b"anybody", b"somebody")
    community.arrive(other, "anna@example.org", "talk@lists.example.org")
    assert len(community.rows("posts")) == 2


def test_a_cross_post_is_a_post_in_each_list(community: Community) -> None:
    for name in ("talk", "news"):
        community.join(community.create(name), "anna@example.org")
    both = "talk@lists.example.org, news@lists.example.org"
    raw = community.mail("anna@example.org", both)
    for name in ("talk", "news"):
        community.arrive(raw, "anna@example.org", f"{name}@lists.example.org", recipients=2)
    assert len(community.rows("posts")) == 2


def test_A4_while_no_name_server_answers_posts_wait_at_their_sender(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org", role="owner")
    unasked = Authenticity(dmarc=AuthResult.TEMPERROR)
    raw = community.mail("anna@example.org", "talk@lists.example.org")
    reply = community.arrive(raw, "anna@example.org", "talk@lists.example.org", authenticity=unasked)
    assert (reply.code, reply.status) == (451, "4.4.3")
    assert (community.rows("posts"), community.rows("holds"), community.notices()) == ([], [], [])
    # Commands are taken: they prove nobody, so the address is asked. So are bounces and all for people.
    command = community.mail("anna@example.org", "talk-request@lists.example.org", body="set nomail")
    assert community.arrive(
        command, "anna@example.org", "talk-request@lists.example.org", authenticity=unasked
    ).accepted
    assert [notice["name"] for notice in community.notices()] == ["confirm-commands"]
    one = Authenticity(source="ours", dmarc=AuthResult.TEMPERROR)  # it is the author's domain alone that is silent
    assert community.arrive(raw, "anna@example.org", "talk@lists.example.org", authenticity=one).code == 250
    assert [hold["reasons"] for hold in community.rows("holds")] == [["forged"]]


def test_a_strangers_post_waits_and_moderators_and_author_hear_of_it(community: Community) -> None:
    talk = community.create()
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, "max@example.org", "mia@example.org", role="moderator")
    reply = community.post("eve@example.net")
    assert reply.code == 250 and "moderator" in reply.text
    [hold] = community.rows("holds")
    assert (hold["address"], hold["reasons"], hold["decision"]) == ("eve@example.net", ["not-a-member"], None)
    assert community.rows("posts") == community.rows("deliveries") == []
    assert {n["address"] for n in community.notices("held-post")} == {"max@example.org", "mia@example.org"}
    [told] = community.notices("your-post-waits")
    mail = email.message_from_bytes(told["bytes"], policy=email.policy.default)
    assert told["sender"] == "" and told["address"] == "eve@example.net"
    assert mail["Auto-Submitted"] == "auto-replied" and mail["In-Reply-To"] == "<1@example.org>"
    assert "not a member" in mail.get_content() or "is not one" in mail.get_content()
    assert "Has anybody met this?" not in mail.get_content()  # L8: never body of an unproved sender's mail
    assert len(community.rows("stragglers")) == 3


def test_owners_are_told_where_a_list_has_no_moderator(community: Community) -> None:
    community.join(community.create(), "olga@example.org", role="owner")
    community.post("eve@example.net")
    [notice] = community.notices("held-post")
    assert notice["address"] == "olga@example.org"
    mail = email.message_from_bytes(notice["bytes"], policy=email.policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"].startswith("talk+confirm.")
    assert mail["Reply-To"].split(".")[1].split("@")[0] not in str(community.rows("tokens"))  # C2: stored hashed
    assert "Has anybody met this?" in mail.get_content()


def test_C7_a_burst_of_held_posts_makes_one_notice_for_the_batch(community: Community) -> None:
    community.join(community.create(), "olga@example.org", role="owner")
    for i in range(55):
        community.post(f"eve{i}@example.net")
    assert len(community.notices("held-post")) == 50
    assert len(community.notices("held-batch")) == 1
    assert len(community.rows("holds")) == 55


def test_L6_an_author_hears_the_same_thing_at_most_five_times_an_hour(community: Community) -> None:
    community.create()
    for _ in range(7):
        community.post("eve@example.net")
    assert len(community.notices("your-post-waits")) == 5
    community.later(hours=2)
    community.post("eve@example.net")
    assert len(community.notices("your-post-waits")) == 6


def test_L8_a_refusal_is_said_in_the_dialogue_and_nothing_is_kept(community: Community) -> None:
    community.create(non_members="reject")
    reply = community.post("eve@example.net")
    assert (reply.code, reply.status) == (550, "5.7.1")
    assert "eve@example.net is not one" in reply.text and reply.text.isascii() and len(reply.text) <= 400
    assert community.rows("holds") == community.rows("posts") == community.notices() == []
    assert community.rows("events")[-1]["name"] == "post-rejected"


def test_L5_automatic_mail_is_taken_and_dropped(community: Community) -> None:
    community.join(community.create(), "anna@example.org")
    reply = community.post(Auto_Submitted="auto-replied")
    assert reply.code == 250
    assert community.rows("posts") == community.rows("holds") == community.notices() == []
    assert community.rows("events")[-1]["name"] == "post-discarded"


def test_a_held_automatic_post_gets_no_answer(community: Community) -> None:
    community.create()
    community.arrive(
        community.mail("nobody at all", "talk@lists.example.org"), "eve@example.net", "talk@lists.example.org"
    )
    [hold] = community.rows("holds")
    assert hold["address"] == "" and "unusable-author" in hold["reasons"]
    assert community.notices() == []


def test_over_the_hourly_rate_posts_wait(community: Community) -> None:
    talk = community.create(hourly_posts="2", daily_posts="3")
    community.join(talk, "anna@example.org", "ben@example.org")
    for _ in range(3):
        community.post()
    assert [h["reasons"] for h in community.rows("holds")] == [["over-rate"]]
    community.later(hours=2)
    community.post()
    community.post("ben@example.org")
    assert len(community.rows("posts")) == 3 and len(community.rows("holds")) == 2


@pytest.mark.parametrize(
    ("fields", "found", "reply"),
    [
        ({"Received": "x\r\nReceived: " * 101}, Authenticity(), (554, "5.4.6")),
        ({"From": "anna@example.org\r\nFrom: eve@example.net"}, Authenticity(), (550, "5.6.0")),
        ({"X-Long": "long words " * 500}, Authenticity(), (552, "5.3.4")),
        ({}, Authenticity(dmarc=AuthResult.FAIL, dmarc_policy=DmarcPolicy.REJECT), (550, "5.7.26")),
    ],
    ids=["L4 hops", "R2 two authors", "size", "S13 DMARC"],
)
def test_a_refusal_has_the_code_of_its_reason(
    community: Community, fields: dict[str, str], found: Authenticity, reply: tuple[int, str]
) -> None:
    community.create(max_size="5 kB")
    raw = community.mail("eve@example.net", "talk@lists.example.org", **fields)
    got = community.arrive(raw, "eve@example.net", "talk@lists.example.org", authenticity=found)
    assert (got.code, got.status) == reply


def test_a_banned_author_is_refused(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    from listserver.actions import bans
    from listserver.core.actor import OPERATOR

    community.write(lambda c: bans.add(c, OPERATOR, talk, "*@example.org", community.now))
    assert community.post().code == 550
    community.write(lambda c: bans.remove(c, OPERATOR, talk, "*@example.org", community.now))
    assert community.post().code == 250


def test_a_post_costs_the_same_number_of_statements_whatever_the_size_of_the_list(
    community: Community, statements: Statements
) -> None:
    counts = []
    talk = community.create()
    community.join(talk, "anna@example.org")
    for size in (10, 1000):
        community.join(talk, *(f"m{i}@s{size}.example" for i in range(size)))
        community.post(Subject=f"Question {size}")
        statements.clear()
        community.post(Subject=f"Another {size}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 25


@pytest.mark.parametrize(
    ("to", "code", "status"),
    [
        ("nowhere@lists.example.org", 550, "5.1.1"),
        ("talk@elsewhere.example", 550, "5.7.1"),
        ("talk+unheard-of@lists.example.org", 550, "5.1.1"),
        ("talk@lists.example.org", 250, "2.6.0"),
        ("TALK@Lists.Example.ORG", 250, "2.6.0"),
        ("postmaster@lists.example.org", 250, "2.6.0"),
        ("abuse@lists.example.org", 250, "2.6.0"),
        ("talk+owner@lists.example.org", 250, "2.6.0"),
        ("talk-owner@lists.example.org", 250, "2.6.0"),
    ],
)
def test_S18_S19_which_addresses_are_ours(community: Community, to: str, code: int, status: str) -> None:
    community.join(community.create(), "anna@example.org")
    found = community.store.read_now(lambda c: inbound.accept_recipient(c, community.receiver, to))
    assert isinstance(found, Reply) == (code != 250)
    reply = community.post(to=to, To="talk@lists.example.org")
    assert (reply.code, reply.status) == (code, status)


def test_mail_to_the_owners_goes_on_unchanged_once(community: Community) -> None:
    talk = community.create()
    community.join(talk, "olga@example.org", "oskar@example.org", role="owner")
    raw = community.mail("eve@example.net", "talk+owner@lists.example.org")
    community.arrive(raw, "eve@example.net", "talk+owner@lists.example.org")
    passed = community.notices("forwarded")
    assert {n["address"] for n in passed} == {"olga@example.org", "oskar@example.org"}
    assert all(n["bytes"].endswith(raw) and n["sender"] == "talk-bounces@lists.example.org" for n in passed)
    again = community.arrive(passed[0]["bytes"], "eve@example.net", "talk+owner@lists.example.org")
    assert again.code == 554


def test_mail_to_the_operator_goes_to_the_admin_but_automatic_mail_does_not(community: Community) -> None:
    community.post("eve@example.net", "postmaster@lists.example.org")
    assert [n["address"] for n in community.notices("forwarded")] == ["admin@example.org"]
    raw = community.mail("mailer-daemon@example.net", "abuse@lists.example.org")
    assert community.arrive(raw, "", "abuse@lists.example.org").code == 250
    assert len(community.notices("forwarded")) == 1


def test_S16_who_posted_to_several_lists_hears_of_a_refusal_by_mail(community: Community) -> None:
    community.create(non_members="reject")
    raw = community.mail("eve@example.net", "talk@lists.example.org")
    arrived = inbound.prepare(Envelope("eve@example.net", "talk@lists.example.org", "smtp", recipients=2), raw)
    reply = community.write(lambda c: inbound.receive(c, community.receiver, arrived, community.now))
    community.write(lambda c: inbound.refuse_by_mail(c, community.receiver, arrived, reply, community.now))
    [notice] = community.notices("your-post-refused")
    assert notice["address"] == "eve@example.net" and reply.text.split(".")[0].encode() in notice["bytes"].replace(
        b"=\n", b""
    ).replace(b"\r\n", b" ")
    gone = inbound.prepare(Envelope("eve@example.net", "gone@lists.example.org", "smtp"), raw)
    community.write(lambda c: inbound.refuse_by_mail(c, community.receiver, gone, reply, community.now))
    assert len(community.notices("your-post-refused")) == 1


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Only members may post"), ("de", "schreiben nur Mitglieder"), ("fr", "Seuls les")]
)
def test_S16_and_reads_why_in_the_language(community: Community, language: str, said: str) -> None:
    community.create(non_members="reject", empty_subject="reject", language=language)
    to = "talk@lists.example.org"
    raw = community.mail("eve@example.net", to, Subject="")
    arrived = inbound.prepare(Envelope("eve@example.net", to, "smtp", recipients=2), raw)
    reply = community.write(lambda c: inbound.receive(c, community.receiver, arrived, community.now))
    community.write(lambda c: inbound.refuse_by_mail(c, community.receiver, arrived, reply, community.now))
    text = mails.text(community.notices("your-post-refused")[0])
    assert said in text and text.count("  - ") == 2
    ours = Reply(550, "5.1.1", "No such address.")  # of no check: then the sentence of the dialogue
    community.later(hours=2)
    community.write(lambda c: inbound.refuse_by_mail(c, community.receiver, arrived, ours, community.now))
    assert "No such address." in mails.text(community.notices("your-post-refused")[1])
