"""docs/reference/by-mail.md names all that core.commands and core.address understand; what pages tell people works."""

import re
from datetime import date
from pathlib import Path

import pytest

from listserver.core import decisions
from listserver.core.address import ROBOTS
from listserver.core.command_words import FULL_WORDS, OPTION_WORDS, SWITCHES
from listserver.core.commands import Command, Setting, parse

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "reference/by-mail.md").read_text("utf-8")
SETTING = Setting("talk", "lists.example.org", lambda name: name == "talk", date(2026, 11, 25))


def test_every_command_word_option_and_robot_is_documented() -> None:
    known = {*FULL_WORDS, *OPTION_WORDS, *SWITCHES, *ROBOTS}
    assert {word for word in known if f"`{word}`" not in PAGE.lower()} == set()


def _first_column(page: str, after: str) -> list[str]:
    """What stands between ` in the first column of the table that follows `after`."""
    table = (DOCS / "howto" / page).read_text("utf-8").split(after, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0]
    cells = [line.split(" | ")[0] for line in table.splitlines()[2:]]
    return [line for cell in cells for line in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize(
    ("page", "after"), [("members.md", "## Get more, or less"), ("owners.md", "listserver events --list talk")]
)
def test_lines_that_people_are_told_to_write_are_commands(page: str, after: str) -> None:
    lines = _first_column(page, after)
    assert len(lines) > 6
    understood = {line: parse("", line, SETTING) for line in lines}
    assert [line for line, found in understood.items() if [type(one) for one in found] != [Command]] == []


def test_words_that_moderators_are_told_to_answer_decide() -> None:
    words = _first_column("moderators.md", "decides.")
    assert len(words) > 8
    undecided = (decisions.Answer.UNCLEAR, decisions.Answer.EMPTY)
    assert [word for word in words if decisions.first_word(word).answer in undecided] == []
