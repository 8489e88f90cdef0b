"""The rules S1 to S25 of the mail door, each as a dialogue that one can read: smtp/RULE-what.smtp."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.doors.smtp_player import Player

DIALOGUES = sorted((Path(__file__).parent / "smtp").glob("*.smtp"))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_dialogue(path: Path, server_tls: ssl.SSLContext) -> None:
    asyncio.run(Player(path, server_tls).play())


def test_every_rule_has_a_dialogue() -> None:
    shown = {path.stem.partition("-")[0] for path in DIALOGUES}
    assert {f"S{n}" for n in range(1, 26)} <= shown
