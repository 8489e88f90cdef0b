"""Moderation by reply: the first word decides (email interface §4, §5)."""

from typing import Any

import pytest
from sqlalchemy import insert

from listserver import inbound
from listserver.actions import membership, moderation, replies
from listserver.actions.notices import SAME_PER_HOUR
from listserver.core.actor import OPERATOR
from listserver.core.address import Route, Verb
from listserver.core.envelope import Envelope, Reply
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.store import lists, people, tables
from tests.actions import mails
from tests.actions.conftest import Community

KIM, BOB = "kim@example.org", "bob@example.org"
EVE = "eve@example.net"


@pytest.fixture
def held(community: Community) -> Community:
    """A list with two moderators, and one held post of somebody who is no member."""
    talk = community.create(title="Talk about drift")
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, KIM, BOB, role="moderator")
    community.post(EVE, Subject="Drift of sensors")
    return community


def asked(held: Community, moderator: str = KIM, name: str = "held-post") -> dict[str, Any]:
    """The last notice of that name to a moderator."""
    return [row for row in held.notices(name) if row["address"] == moderator][-1]


def say(held: Community, said: str, who: str = KIM, client: str = "Gmail", **fields: str) -> Reply:
    """Answer the moderator's notice."""
    notice = asked(held, who)
    return held.arrive(mails.answer(client, said, notice, who, **fields), who, mails.to(notice))


def decision(held: Community) -> str | None:
    return held.rows("holds")[-1]["decision"]


def last_to(held: Community, address: str) -> dict[str, Any]:
    return [row for row in held.notices() if row["address"] == address][-1]


def last(held: Community) -> dict[str, Any]:
    return held.notices()[-1]


@pytest.mark.parametrize("client", mails.CLIENTS)
@pytest.mark.parametrize(
    ("said", "wanted"), [("ok", "approved"), ("no, too long", "rejected"), ("discard", "discarded")]
)
def test_a_reply_decides_from_every_mail_program(held: Community, client: str, said: str, wanted: str) -> None:
    assert say(held, said, client=client).accepted
    assert decision(held) == wanted
    assert (last(held)["name"], last(held)["address"]) == ("your-decision", KIM)
    assert len(held.rows("posts")) == (wanted == "approved")


@pytest.mark.parametrize("verb", ["approve", "reject", "discard"])
def test_the_three_links_decide_without_a_word(held: Community, verb: str) -> None:
    address = mails.link(asked(held), verb)
    held.arrive(held.mail(KIM, address, body=""), KIM, address)
    assert decision(held) == {"approve": "approved", "reject": "rejected", "discard": "discarded"}[verb]


def test_the_reason_goes_to_the_author_and_prose_to_the_reject_link_is_one(held: Community) -> None:
    address = mails.link(asked(held), "reject")
    held.arrive(held.mail(KIM, address, body="Please ask on the other list."), KIM, address)
    [told] = held.notices("your-post-rejected")
    assert told["address"] == EVE and "Please ask on the other list." in mails.text(told)


def test_not_ok_to_the_approve_link_approves_nothing(held: Community) -> None:
    address = mails.link(asked(held), "approve")
    held.arrive(held.mail(KIM, address, body="not ok"), KIM, address)
    assert decision(held) is None and last(held)["name"] == "how-to-decide"


def test_an_edited_post_goes_out_marked_as_edited(held: Community) -> None:
    notice = asked(held)
    reply = mails.answer("Thunderbird, below", "edit", notice, KIM).replace(b"met this", b"seen that")
    held.arrive(reply, KIM, mails.to(notice))
    [post] = held.rows("posts")
    [raw] = held.rows("raw")
    text = read(unpack(raw["enc"], raw["bytes"])).text
    assert text == "[Edited by a moderator of the list]\n\nHas anybody seen that?\n" and post["number"] == 1
    assert "as you edited it" in mails.text(last(held))


@pytest.mark.parametrize("said", ["Who is this?\n-- \nok\nKim Meier", "Who is this?\n\n--\nKim\ndiscard", "-- \nok"])
def test_5_a_moderators_signature_decides_nothing(held: Community, said: str) -> None:
    say(held, said, client="mutt")
    assert decision(held) is None and last(held)["name"] == "how-to-decide"


def test_C2_a_token_decides_about_its_own_post_once_on_its_own_list_for_fourteen_days(held: Community) -> None:
    other = held.create("other")
    held.join(other, KIM, role="moderator")
    notice = asked(held)
    held.arrive(mails.answer("phone", "ok", notice, KIM), KIM, mails.to(notice).replace("talk", "other"))
    assert decision(held) is None and last(held)["name"] == "token-expired"
    held.post(EVE, Subject="Another")
    held.arrive(mails.answer("phone", "ok", notice, KIM), KIM, mails.to(notice))
    assert [hold["decision"] for hold in held.rows("holds")] == ["approved", None]
    held.arrive(mails.answer("phone", "no", notice, KIM), KIM, mails.to(notice))
    assert last(held)["name"] == "already-decided" and len(held.rows("posts")) == 1
    assert "Kim has already approved" not in mails.text(last(held)) and "You have already" in mails.text(last(held))
    late = asked(held)
    held.later(days=14, minutes=1)
    held.arrive(mails.answer("phone", "ok", late, KIM), KIM, mails.to(late))
    assert [hold["decision"] for hold in held.rows("holds")] == ["approved", None]
    assert last(held)["name"] == "token-expired"


def test_edit_with_the_text_as_it_was_lets_nothing_out(held: Community) -> None:
    say(held, "edit", client="Thunderbird, below")
    assert decision(held) is None and "the text is as it was" in mails.text(last(held))


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_4_a_notice_has_twelve_lines_above_the_post_at_most(community: Community, language: str) -> None:
    talk = community.create(title="Talk about the drift of sensors", language=language)
    community.join(talk, KIM, role="moderator")
    community.post("Eve Lind <eve@example.net>", Subject="Drift of sensors in humid air")
    above, _, below = mails.text(last_to(community, KIM)).partition("=== edit from here ===")
    assert len(above.strip().splitlines()) <= 12, above
    assert "+approve." in above and "+reject." in above and "+discard." in above and "/talk/held/" in above
    assert "edit" in below


def test_who_is_not_understood_again_and_again_hears_once_that_we_stop_saying_so(held: Community) -> None:
    for _ in range(9):
        say(held, "Please?")
    assert [n["name"] for n in held.notices() if n["address"] == KIM][1:] == [*["how-to-decide"] * 5, "no-more-answers"]
    say(held, "ok")
    assert decision(held) == "approved" and last(held)["name"] == "your-decision"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "empty"),
        ("ok?", "does not say clearly"),
        ("I do not know", "does not say clearly"),
        ("%%%", "does not say clearly"),
        ("Approved: s3cret", "password"),
    ],
)
def test_anything_else_does_nothing_and_helps(held: Community, said: str, problem: str) -> None:
    say(held, said)
    assert decision(held) is None
    assert last(held)["name"] == "how-to-decide" and problem in mails.text(last(held))
    say_again = mails.answer("phone", "ok", last(held), KIM)
    held.arrive(say_again, KIM, mails.to(last(held)))
    assert decision(held) == "approved"


def test_an_empty_reply_approves_where_the_list_says_so(community: Community) -> None:
    talk = community.create(empty_reply="approve")
    community.join(talk, KIM, role="moderator")
    community.post(EVE)
    say(community, "")
    assert decision(community) == "approved"


def test_always_lets_out_and_trusts_the_member(community: Community) -> None:
    talk = community.create()
    community.join(talk, KIM, role="moderator")
    community.join(talk, "nora@example.org", known=False)
    community.post("nora@example.org")
    say(community, "always")
    member = community.store.read_now(lambda c: membership.find(c, talk, "nora@example.org"))
    assert decision(community) == "approved" and member.known and member.moderated is False


def test_ban_drops_and_bans(held: Community) -> None:
    say(held, "ban")
    assert decision(held) == "discarded"
    assert [row["pattern"] for row in held.rows("bans")] == [EVE]
    assert held.post(EVE).code == 550


def test_later_is_a_claim_of_24_h_that_the_others_hear_of(held: Community) -> None:
    say(held, "mine")
    assert decision(held) is None
    assert [row["address"] for row in held.notices("held-claimed")] == [BOB]
    [hold] = held.rows("holds")
    assert (hold["claimed_until"] - held.now).total_seconds() == 24 * 3600
    say(held, "ok", BOB)  # whoever answers first decides
    assert decision(held) == "approved"


def test_5_a_strangers_out_of_office_reply_never_releases_held_spam(held: Community) -> None:
    notice = asked(held)
    for fields in ({"Auto-Submitted": "auto-replied"}, {"X-Auto-Response-Suppress": "All"}, {"Precedence": "junk"}):
        for who in (KIM, EVE):
            raw = mails.answer("phone", "ok", notice, who, **{k.replace("-", "_"): v for k, v in fields.items()})
            held.arrive(raw, who, mails.link(notice, "approve"))
    held.arrive(mails.answer("phone", "ok", notice, KIM), "", mails.link(notice, "approve"))  # null sender
    assert decision(held) is None and held.notices("how-to-decide") == []


def test_5_a_second_moderators_answer_makes_no_error_and_says_who_decided(held: Community) -> None:
    say(held, "ok", KIM)
    for said in ("no", "", "mine", "edit", "what?"):
        assert say(held, said, BOB).accepted
    assert decision(held) == "approved"
    told = [row for row in held.notices("already-decided") if row["address"] == BOB]
    assert len(told) == 5 and all(
        "Kim has already approved it, 25 November 2026, 12:00" in mails.text(row) for row in told
    )


def test_C3_an_answer_from_elsewhere_is_sent_to_the_moderator_for_a_yes(held: Community) -> None:
    notice = asked(held)
    held.arrive(mails.answer("phone", "no wrong list", notice, EVE), EVE, mails.to(notice))
    assert decision(held) is None and held.notices("your-decision") == []
    [question] = held.notices("answer-from-elsewhere")
    assert question["address"] == KIM and "no wrong list" in mails.text(question)
    held.arrive(mails.answer("phone", "no", question, KIM), KIM, mails.to(question))
    assert decision(held) is None
    held.arrive(mails.answer("phone", "yes", question, KIM), KIM, mails.to(question))
    assert decision(held) == "rejected" and "wrong list" in mails.text(held.notices("your-post-rejected")[0])


def test_a_moderator_answers_from_any_address_of_theirs(held: Community) -> None:
    def second_address(conn: Any) -> None:
        person = people.find(conn, KIM)
        values = {"key": "kim@home.example", "address": "Kim@home.example", "created_at": held.now}
        conn.execute(insert(tables.addresses).values(person_id=person.id, **values))

    held.write(second_address)
    notice = asked(held)
    held.arrive(mails.answer("phone", "ok", notice, "Kim@home.example"), "Kim@home.example", mails.to(notice))
    assert decision(held) == "approved"


def test_a_moderator_who_is_none_any_more_decides_nothing(held: Community) -> None:
    talk = held.store.read_now(lambda c: lists.find(c, "talk"))
    kim = held.store.read_now(lambda c: membership.find(c, talk, KIM))
    held.write(lambda c: membership.change(c, OPERATOR, talk, kim, {"role": "member"}, held.now))
    say(held, "ok")
    assert decision(held) is None and "no longer a moderator" in mails.text(last(held))


def test_C2_wrong_old_and_foreign_tokens_get_the_same_answer_then_silence(held: Community) -> None:
    notice = asked(held)
    held.later(days=14, minutes=1)
    held.arrive(mails.answer("phone", "ok", notice, KIM), KIM, mails.to(notice))
    assert decision(held) is None
    answers = [mails.text(row) for row in held.notices("token-expired")]
    assert len(answers) == 1
    for number in range(30):
        who = f"x{number}@example.net"
        to = f"talk+confirm.{number:026}@lists.example.org"
        held.arrive(held.mail(who, to, body="ok"), who, to)
    told = held.notices("token-expired")
    assert len(told) == 20 and {mails.text(row) for row in told} == set(answers)


def test_only_the_hash_of_a_token_is_stored(held: Community) -> None:
    token = mails.to(asked(held)).partition(".")[2].partition("@")[0]
    assert all(token.encode() not in bytes(row["hash"]) for row in held.rows("tokens"))
    assert len({bytes(row["hash"]) for row in held.rows("tokens")}) == 2  # one for each moderator


def test_L7_robots_and_lists_are_not_answered(held: Community) -> None:
    for who in ("listserv@other.example", "owner-talk@other.example", "talk-request@lists.example.org"):
        to = "talk+confirm.abc@lists.example.org"
        held.arrive(held.mail(who, to, body="ok"), who, to)
    assert held.notices("token-expired") == []


def test_an_expired_post_says_so_to_who_answers_late(held: Community) -> None:
    held.later(days=14)
    held.write(lambda c: moderation.expire(c, held.site, held.now, 9))
    held.later(seconds=-1)
    say(held, "ok")
    assert last(held)["name"] == "already-decided" and "Nobody decided in time" in mails.text(last(held))


def test_moderators_are_reminded_of_what_waited_for_a_day_and_nobody_claimed(held: Community) -> None:
    assert held.write(lambda c: moderation.remind(c, held.site, held.now)) == 0
    held.later(days=1)
    assert held.write(lambda c: moderation.remind(c, held.site, held.now)) == 2
    reminder = asked(held, BOB, "waiting-posts")
    assert "has waited for more than a day" in mails.text(reminder)
    held.arrive(mails.answer("phone", "mine 1", reminder, BOB), BOB, mails.to(reminder))
    held.later(hours=23)
    assert held.write(lambda c: moderation.remind(c, held.site, held.now)) == 0
    held.later(hours=2)
    assert held.write(lambda c: moderation.remind(c, held.site, held.now)) == 2


def test_5_automatic_mail_decides_nothing_through_any_door(held: Community) -> None:
    notice = asked(held)
    to = mails.to(notice)
    raw = mails.answer("phone", "ok", notice, KIM, Auto_Submitted="auto-replied")
    route = Route("talk", Verb.CONFIRM, to.partition(".")[2].partition("@")[0])
    arrived = inbound.prepare(Envelope(KIM, to, "smtp"), raw)
    talk = held.store.read_now(lambda c: lists.find(c, "talk"))
    assert talk is not None
    held.write(lambda c: replies.receive(c, held.site, talk, route, arrived, held.now))
    assert decision(held) is None and held.rows("events")[-1]["name"] == "mail-dropped"


@pytest.mark.parametrize(("said", "decided"), [("ok", True), ("", False), ("perhaps", False)])
def test_C3_of_an_answer_from_elsewhere_that_decides_nothing_nobody_hears(
    held: Community, said: str, decided: bool
) -> None:
    if decided:
        say(held, "ok")
    before = len(held.notices())
    notice = asked(held)
    held.arrive(mails.answer("phone", said, notice, EVE), EVE, mails.to(notice))
    assert len(held.notices()) == before


def test_C3_a_moderator_is_asked_about_answers_from_elsewhere_a_few_times_an_hour(held: Community) -> None:
    notice = asked(held)
    for _ in range(9):
        held.arrive(mails.answer("phone", "ok", notice, EVE), EVE, mails.to(notice))
    assert len(held.notices("answer-from-elsewhere")) == SAME_PER_HOUR
    assert len([row for row in held.rows("tokens") if row["action"] == "answer"]) == SAME_PER_HOUR


def test_ban_of_somebody_without_an_address_only_drops(held: Community) -> None:
    held.arrive(held.mail("nobody at all", "talk@lists.example.org"), EVE, "talk@lists.example.org")
    say(held, "ban")
    assert decision(held) == "discarded" and held.rows("bans") == []


def test_a_post_that_its_notice_did_not_show_whole_cannot_be_edited(held: Community) -> None:
    body = "\r\n".join(f"{number}: so it goes on and on" for number in range(1_000))
    held.post(EVE, body=body)
    notice = asked(held)
    held.arrive(mails.answer("Thunderbird, below", "edit", notice, KIM), KIM, mails.to(notice))
    assert decision(held) is None and last(held)["name"] == "how-to-decide"
