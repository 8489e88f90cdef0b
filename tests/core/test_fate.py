"""Standards O5: what a relay's answer means for a recipient."""

from datetime import UTC, datetime, timedelta

import pytest

from listserver.core.envelope import Reply
from listserver.core.fate import GIVE_UP, Fate, Stage, fate, next_try

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stage", "code", "recipients", "others_taken", "expected"),
    [
        (Stage.MAIL, 550, 1, False, Fate.OURS),
        (Stage.MAIL, 451, 9, False, Fate.OURS),
        (Stage.RCPT, 450, 1, False, Fate.LATER),
        (Stage.RCPT, 550, 9, True, Fate.FAILED),
        (Stage.RCPT, 452, 9, True, Fate.ANEW),
        (Stage.RCPT, 552, 9, True, Fate.ANEW),
        (Stage.RCPT, 452, 9, False, Fate.LATER),
        (Stage.RCPT, 552, 1, False, Fate.FAILED),
        (Stage.DATA, 451, 9, False, Fate.LATER),
        (Stage.DATA, 554, 9, False, Fate.ANEW),
        (Stage.DATA, 554, 1, False, Fate.FAILED),
    ],
)
def test_O5_fate(stage: Stage, code: int, recipients: int, others_taken: bool, expected: Fate) -> None:
    reply = Reply(code, f"{code // 100}.0.0", "")
    assert fate(stage, reply, recipients=recipients, others_taken=others_taken) is expected


def test_O5_tries_after_1_5_15_30_minutes_then_hourly_for_five_days() -> None:
    minutes = []
    for attempts in range(7):
        due = next_try(attempts, NOW, NOW, 0.5)
        assert due is not None
        minutes.append((due - NOW) // timedelta(minutes=1))
    assert minutes == [1, 1, 5, 15, 30, 60, 60]
    assert next_try(1, NOW, NOW, 0) == NOW + timedelta(seconds=54)
    assert next_try(1, NOW, NOW, 1) == NOW + timedelta(seconds=66)
    assert next_try(99, NOW, NOW + GIVE_UP, 0.5) is None
