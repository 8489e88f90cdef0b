"""Commands by mail that read: help, info, lists, the archive; to whom they show what (email interface §3)."""

from typing import Any

from listserver.actions import lists as list_actions
from listserver.core.actor import OPERATOR
from listserver.store.lists import List
from tests.actions import mails
from tests.actions.conftest import Community
from tests.actions.robot import ANNA, EVE, ROBOT, Robot


def test_help_info_and_lists_are_for_everybody(robot: Robot) -> None:
    robot.create("secret", advertised="false")
    robot.send("help")
    assert "What you can write to talk-request@lists.example.org" in robot.only()
    robot.send("help set")
    assert "pause until" in robot.only()
    for topic, words in (("archive", "thread talk 12"), ("moderators", "modindex talk"), ("owners", "set-list talk")):
        robot.send("", subject=f"help {topic}")
        assert words in robot.only()
    robot.send("info", "x@example.org")
    assert "To join:" in robot.only(to="x@example.org")
    robot.send("lists", "y@example.org", to=ROBOT)
    assert "talk: Talk about drift" in robot.only(to="y@example.org") and "secret" not in robot.only(to="y@example.org")


def test_C6_a_hidden_list_and_an_absent_one_get_the_same_answer(robot: Robot) -> None:
    robot.create("secret", advertised="false", joining="invite")
    answers = []
    for number, name in enumerate(("secret", "absent")):
        who = f"x{number}@example.org"
        robot.send(f"info {name}\nsubscribe {name}\nindex {name}", who, to=ROBOT)
        answers.append(robot.only(to=who).replace(name, "NAME"))
    assert answers[0] == answers[1]


def test_C6_member_or_not_gets_the_same_answer(anna: Robot) -> None:
    for number, target in enumerate((ANNA, "nobody@example.org")):
        who = f"x{number}@example.org"
        anna.send(f"unsubscribe {target}", who)
        told = next(mails.text(row) for row in anna.new() if row["address"] == who)
        asked = next(mails.text(row) for row in anna.new() if row["address"] == target)
        assert f"A mail went to {target}" in told and "unsubscribe talk" in asked
    assert anna.member() is not None


def test_the_archive_by_mail_for_whom_it_is(anna: Robot) -> None:
    anna.join(anna.list(), ANNA, known=True)
    anna.post(ANNA, body="Calibrate the sensors in spring.", Subject="Drift in spring")
    anna.post(ANNA, Subject="Re: Drift in spring", In_Reply_To=f"<{anna.serial}@example.org>")
    anna.send("index", proved=True)
    assert "1  20" in anna.only() and "Drift in spring" in anna.only() and "/talk/p/" in anna.only()
    anna.send("get 1-2", proved=True)
    assert "talk, post 1" in anna.only() and "Calibrate the sensors" in anna.only()
    anna.send("last", proved=True)
    assert "post 2" in anna.only() and "post 1 " not in anna.only()
    anna.send("thread 1", proved=True)
    assert anna.only().count("----------") == 4
    anna.send("search calibrate in talk", to=ROBOT, proved=True)
    assert "One post was found" in anna.only() and "/talk/p/" in anna.only()
    anna.send("search calibrate", to=ROBOT, proved=True)
    assert "One post was found" in anna.only()
    anna.send("get log.2024", proved=True)
    assert 'no file "log.2024"' in " ".join(anna.only().split())
    anna.send("get 77\nthread 77\nsearch nothingness in talk\nindex 77", proved=True)
    assert anna.only().count("has no such post") == 3 and "No post was found" in anna.only()


def test_C4_the_archive_of_members_is_shown_to_nobody_unproved(anna: Robot) -> None:
    anna.post(ANNA, body="Secret words.")
    anna.send("get 1")
    assert "Secret words" not in anna.only("confirm-commands")
    anna.reply("ok")
    assert "Secret words" in anna.only()
    anna.send("get 1", EVE, proved=True)
    assert "is for its members" in anna.only(to=EVE)
    anna.write(lambda c: lists_set(c, anna.list(), archive="none"))
    anna.send("get 1", proved=True)
    assert "keeps no archive" in anna.only()
    anna.write(lambda c: lists_set(c, anna.list(), archive="public"))
    anna.send("get 1", "x@example.org")
    assert "Secret words" in anna.only(to="x@example.org")


def lists_set(conn: Any, lst: List, **wanted: str) -> None:
    list_actions.change(conn, OPERATOR, lst, wanted, Community.now)
