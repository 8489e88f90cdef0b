"""What must never happen (email interface §5; standards §7): each line a test. Some stand in test_replies.py."""

from typing import Any

import pytest
from sqlalchemy import insert

from listserver import inbound
from listserver.actions import joining
from listserver.core.actor import Actor, Proof
from listserver.core.envelope import Envelope
from listserver.email_commands.door import LIST_PER_HOUR, SITE_PER_HOUR
from listserver.errors import Refused
from listserver.store import tables
from tests.actions import mails
from tests.actions.conftest import Community
from tests.actions.robot import ANNA, EVE, OLGA, REQUEST, ROBOT, Robot


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.soak)])
def test_C1_any_number_of_forged_requests_send_one_mail(community: Community, count: int) -> None:
    robot = Robot(community)
    for number in range(3):
        robot.create(f"list{number}")
    victim = "victim@example.net"
    forms = ["subscribe", "subscribe digest", "unsubscribe", "which", "set nomail"]

    def unit(conn: Any) -> None:
        for number in range(count):
            to = f"list{number % 3}-request@lists.example.org"
            raw = robot.mail(victim, to, body=forms[number % 5])
            inbound.receive(conn, robot.receiver, inbound.prepare(Envelope(victim, to, "smtp"), raw), robot.now)

    robot.write(unit)
    assert [row["address"] for row in robot.notices()] == [victim]


def test_C1_nor_do_requests_by_others_for_the_address(robot: Robot) -> None:
    for number in range(30):
        robot.send(f"subscribe {ANNA}", f"x{number}@example.net")
    assert len([row for row in robot.notices() if row["address"] == ANNA]) == 1
    robot.later(hours=25)
    robot.send(f"subscribe {ANNA}", "late@example.net")
    assert len([row for row in robot.notices() if row["address"] == ANNA]) == 2


def test_C1_who_answered_may_ask_again_at_once(robot: Robot) -> None:
    robot.create("news")
    robot.send("subscribe talk", to=ROBOT)
    robot.reply()
    robot.send("subscribe news", to=ROBOT)
    robot.reply()
    assert robot.member(name="news") is not None


def test_C7_a_confirmation_repeats_nothing_that_a_stranger_wrote(robot: Robot) -> None:
    robot.send(f"subscribe Buy-Pills www.pills.example <{ANNA}>", EVE)
    text = mails.text(next(row for row in robot.new() if row["address"] == ANNA))
    assert "Pills" not in text and "pills" not in text
    robot.send("set http://pills.example/", EVE, to=ROBOT)
    assert "http" not in robot.only(to=EVE)


def test_C3_automatic_mail_with_a_token_confirms_nothing(robot: Robot) -> None:
    robot.send("subscribe")
    robot.reply("ok", Auto_Submitted="auto-replied")
    robot.reply("ok", Precedence="junk")
    assert robot.member() is None and len(robot.notices()) == 1


def test_C3_another_address_with_a_token_has_its_owner_asked_once(robot: Robot) -> None:
    robot.send("subscribe")
    first = robot.notices()[-1]
    robot.reply("ok", EVE)
    assert robot.member() is None and robot.member(EVE) is None and f"{EVE} asked" in robot.only("confirm-commands")
    robot.seen = len(robot.notices())
    robot.arrive(mails.answer("phone", "ok", first, EVE), EVE, mails.to(first))
    assert robot.only("token-expired", EVE)
    robot.reply("ok", name="confirm-commands")
    assert robot.member() is not None


def test_C2_a_question_counts_for_three_days(robot: Robot) -> None:
    robot.send("subscribe")
    robot.later(days=3, minutes=1)
    robot.reply("ok")
    assert robot.member() is None and robot.only("token-expired")


def test_C4_forged_leave_set_who_and_owner_commands_change_and_show_nothing(anna: Robot) -> None:
    before = (anna.rows("members"), anna.rows("lists"))
    for text in ("unsubscribe", "set nomail", "who", "add x@example.net", "set-list joining=open", "which"):
        anna.send(text, OLGA)
        anna.later(hours=25)
    assert (anna.rows("members"), anna.rows("lists")) == before
    assert {row["name"] for row in anna.notices()} == {"confirm-commands"}


def test_C5_a_sender_is_answered_thirty_times_an_hour(anna: Robot) -> None:
    for _ in range(33):
        anna.send("help", proved=True)
    assert len(anna.notices()) == 30
    anna.later(hours=1, minutes=1)
    anna.send("help", proved=True)
    assert len(anna.notices()) == 31


@pytest.mark.parametrize(("count", "to"), [(LIST_PER_HOUR, REQUEST), (SITE_PER_HOUR, ROBOT)])
def test_C5_a_list_and_the_site_answer_so_many_an_hour_and_others_try_again_later(
    anna: Robot, count: int, to: str
) -> None:
    one = {"list_id": anna.list().id, "name": "your-commands", "address": EVE, "bytes": b"", "created_at": anna.now}
    anna.write(lambda conn: conn.execute(insert(tables.notices), [one] * count))
    assert anna.send("help", EVE, to=to).code == 450 and anna.new() == []
    assert anna.send("help", to=to, proved=True).code == 250 and anna.only()
    anna.later(hours=1, minutes=1)
    assert anna.send("help", "eva@example.net", to=to).code == 250 and anna.only(to="eva@example.net")


def test_5_a_forged_from_is_never_subscribed_without_confirmation(community: Community) -> None:
    robot = Robot(community)
    for number, how in enumerate(("open", "confirm", "approve", "confirm+approve")):
        robot.create(f"list{number}", joining=how)
        robot.send(f"subscribe list{number}", f"x{number}@example.org", to=ROBOT)
    assert robot.rows("members") == [] and robot.rows("holds") == []


def test_5_a_signature_is_never_taken_for_a_command(anna: Robot) -> None:
    anna.send("help\n-- \nunsubscribe\nset nomail\n", proved=True)
    assert "What you can write" in anna.only() and anna.member() is not None
    anna.send("help\n\n> unsubscribe\n> set nomail\n", proved=True)
    member = anna.member()
    assert member is not None and member.mode == "each"


def test_L6_L7_two_listservers_do_not_talk_to_each_other(robot: Robot) -> None:
    other = "majordomo@other.example"
    for _ in range(50):
        robot.send("Unknown command. help", other, to=ROBOT, subject="Majordomo results")
    assert robot.notices() == []
    robot.send("help", "friend@other.example", to=ROBOT)
    ours = robot.notices()[-1]
    for _ in range(50):  # our own answers come back to us from a program that only forwards
        robot.arrive(ours["bytes"], "friend@other.example", ROBOT)
        robot.arrive(ours["bytes"], "friend@other.example", REQUEST)
    assert len(robot.notices()) == 1


def test_L6_L7_a_vacation_program_is_answered_once_at_most(anna: Robot) -> None:
    for text, program in (("help", {}), ("help", {"Auto_Submitted": "auto-replied"})):
        for _ in range(50):
            anna.send(text, "away@example.org", to=ROBOT, **program)
    assert len(anna.notices()) == 5  # a program without any sign of it: five in an hour, and no more (L6)
    for row in anna.notices():
        mail = mails.read(row)
        assert (mail["Auto-Submitted"], mail["Precedence"], row["sender"]) == ("auto-replied", "list", "")


def test_an_actor_without_a_proof_changes_no_address(anna: Robot) -> None:
    with pytest.raises(Refused, match="is not proved"):
        anna.write(lambda c: joining.change_address(c, Actor(Proof.NONE, ANNA), "x@example.org", anna.now, ()))
