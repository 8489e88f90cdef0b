"""Answers to mails of commands: their fields, their look, and what is said to the tokens of another system."""

from email import message_from_bytes

import pytest

from tests.actions.robot import ROBOT, Robot


def test_L1_an_answer_to_commands_has_the_fields_of_the_list(robot: Robot) -> None:
    robot.send("info")
    mail = message_from_bytes(robot.notices()[-1]["bytes"])
    for name in ("Id", "Help", "Subscribe", "Unsubscribe", "Post", "Owner"):
        assert len(mail.get_all(f"List-{name}", [])) == 1, name
    assert mail["List-Id"].endswith("<talk.lists.example.org>")
    assert mail.get_all("Precedence") == ["list"] and mail["Auto-Submitted"] == "auto-replied"
    robot.send("lists", to=ROBOT)
    assert message_from_bytes(robot.notices()[-1]["bytes"])["List-Id"] is None


def test_an_answer_has_no_gaps_and_even_columns(anna: Robot) -> None:
    anna.send("set digest\nwhich", proved=True)
    assert "\n\n\n" not in anna.only()
    anna.send("help")
    [join, leave] = [line for line in anna.only().splitlines() if line.startswith(("  subscribe", "  unsubscribe"))]
    assert join.index(" join") == leave.index(" leave")


@pytest.mark.parametrize(
    ("text", "to", "asked"),
    [
        ("", "talk-sc.1134.fgh-anna=example.org@lists.example.org", "subscribe talk"),
        ("", "talk+confsub-0123456789abcdef@lists.example.org", "subscribe talk"),
        ("AUTH 8d7f6e5c SUB talk", ROBOT, "subscribe talk"),
    ],
)
def test_a_token_of_another_system_is_asked_anew(robot: Robot, text: str, to: str, asked: str) -> None:
    robot.send(text, to=to)
    assert asked in robot.only("confirm-commands")
    robot.reply("ok")
    assert robot.member() is not None


@pytest.mark.parametrize("text", ["AUTH 8d7f6e5c", "confirm 8d7f6e5c"])
def test_a_token_that_does_not_say_what_for_has_expired(robot: Robot, text: str) -> None:
    robot.send(text)
    assert [row["name"] for row in robot.new()] == ["token-expired"]


def test_an_address_of_the_site_that_confirms_is_asked_for_the_list(robot: Robot) -> None:
    robot.send("", to="lists+sc.1134.fgh@lists.example.org")
    assert "list" in robot.only()
