"""Commands in our own words."""

from datetime import date

import pytest

from listserver.core.address import Route, Verb
from listserver.core.asked import line_of, plain, written
from listserver.core.command_values import Command, Option
from listserver.core.command_words import Do


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (Command(Do.SUBSCRIBE, "talk", name="Buy pills"), "subscribe talk"),
        (Command(Do.SET, "*", options=(Option("own_copies", False),)), "set * myposts off"),
        (
            Command(Do.SET, "talk", options=(Option("concealed", True), Option("ack", False))),
            "set talk conceal on ack off",
        ),
        (
            Command(Do.SET, "talk", options=(Option("mode", "each"), Option("digest_form", "mime"))),
            "set talk mail mime",
        ),
        (Command(Do.SET, "talk", options=(Option("mode", "digest"),)), "set talk digest"),
        (
            Command(Do.SET, "talk", options=(Option("pause_until", date(2027, 1, 31)),)),
            "set talk pause until 2027-01-31",
        ),
        (Command(Do.SET, "talk", options=(Option("pause_until", "none"),)), "set talk resume"),
        (Command(Do.SET, "talk", options=(Option("zone", "Europe/Berlin"),)), "set talk zone Europe/Berlin"),
        (Command(Do.SET, "talk", options=(Option("zone", "http://pills.example"),)), "set talk zone"),
        (Command(Do.SET_LIST, "talk", text="title=See http://pills.example now"), "set-list talk title=See now"),
        (Command(Do.GET, "talk", text="1-9"), "get talk 1-9"),
    ],
)
def test_C7_nothing_free_is_repeated(command: Command, expected: str) -> None:
    assert written(command) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (Route("talk", Verb.SUBSCRIBE, "anna@x.example", "digest"), "subscribe talk anna@x.example digest"),
        (Route("talk", Verb.GET, "1_9"), "get talk 1-9"),
        (Route("talk", Verb.FAQ), "info talk"),
        (Route("talk", Verb.OWNER), ""),
    ],
)
def test_addresses_are_commands(route: Route, expected: str) -> None:
    assert line_of(route) == expected


def test_plain_is_short_and_in_one_line() -> None:
    assert plain("a\nb <www.x.example> “c” " + "d" * 100) == ("a b c " + "d" * 100)[:60]
