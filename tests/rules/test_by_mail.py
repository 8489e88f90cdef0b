"""docs/reference/by-mail.md names all that core.commands and core.address understand."""

from pathlib import Path

from listserver.core.address import ROBOTS
from listserver.core.command_words import FULL_WORDS, OPTION_WORDS, SWITCHES

PAGE = (Path(__file__).parent.parent.parent / "docs/reference/by-mail.md").read_text("utf-8")


def test_every_command_word_option_and_robot_is_documented() -> None:
    known = {*FULL_WORDS, *OPTION_WORDS, *SWITCHES, *ROBOTS}
    assert {word for word in known if f"`{word}`" not in PAGE.lower()} == set()
