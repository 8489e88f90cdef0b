"""core.commands, core.decisions, core.misdirected and core.query_text on whatever strangers may send."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core.command_words import ENDS, OPTION_WORDS, WORDS
from listserver.core.commands import Command, Setting, Wrong, is_command, parse
from listserver.core.decision_words import ANSWERS, Answer
from listserver.core.decisions import EDIT_BEGINS, EDIT_ENDS, batch, edited, first_word
from listserver.core.misdirected import misdirected
from listserver.core.query_text import read_query

TODAY = date(2026, 11, 25)
SETTINGS = [Setting(here, "lists.example", {"talk"}.__contains__, TODAY) for here in ("", "talk")]
VOCABULARY = [
    *WORDS,
    *OPTION_WORDS,
    *ENDS,
    "talk",
    "*",
    "a@b.example",
    "a@b",
    "Anna",
    "12ab",
    "in",
    "since",
    "2024",
    "(",
    "=",
]
LINES = st.lists(st.sampled_from(VOCABULARY) | st.text(max_size=8), max_size=7).map(" ".join)
TEXTS = st.text() | st.lists(LINES, max_size=14).map("\n".join)


@given(LINES | st.text(), TEXTS, st.sampled_from(SETTINGS))
def test_commands_never_raise_and_are_few(subject: str, own: str, setting: Setting) -> None:
    found = parse(subject, own, setting)
    assert len(found) <= 11
    assert sum(isinstance(one, Wrong) for one in found) <= 3
    for one in found:
        if isinstance(one, Command):
            assert one.line
            assert "@" not in one.list
    is_command(subject, own, setting)
    misdirected(subject, own)


REPLIES = st.lists(
    st.sampled_from([*ANSWERS, "?", "not", "1", "3-5", "rest", "%%%", "👍", "\n", ",", "it"]), max_size=12
)


@given(REPLIES.map(" ".join) | st.text(), st.integers(0, 50))
def test_replies_never_raise_and_each_item_is_decided_once(own: str, count: int) -> None:
    decision = first_word(own)
    assert not decision.reason or decision.answer in (Answer.NO, Answer.PASSWORD)
    items = [item for one in batch(own, count) for item in one.items]
    assert len(items) == len(set(items))
    assert all(1 <= item <= count for item in items)


@given(st.text(), st.text(), st.text())
def test_edited_text_never_raises(before: str, between: str, after: str) -> None:
    edited(f"{before}\n{EDIT_BEGINS}\n{between}\n{EDIT_ENDS}\n{after}")
    edited(between)


@given(TEXTS)
def test_W7_queries_never_raise_and_are_bounded(text: str) -> None:
    query = read_query(text, TODAY)
    words = (*query.terms, *query.phrases, *query.excluded, *query.from_, *query.subject)
    assert len(words) <= 20
    assert sum(map(len, words)) <= 256
    assert all(word and not set(word) & set('"\x00') for word in words)


PIECES = "subscribe |subscribe a@b |ok 1 |no|%%%~|%%%|👍|- |a:|set mail |search a |?|~|x~|1-"


@pytest.mark.parametrize("piece", PIECES.replace("~", "\n").split("|"))
def test_time_is_linear(piece: str) -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        parse(text, text, SETTINGS[0])
        first_word(text)
        batch(text, 500)
        edited(text)
        misdirected(text, text)
        read_query(text, TODAY)
        return time.process_time() - start

    once = min(seconds(piece * (10_000 // len(piece))) for _ in range(3))
    assert min(seconds(piece * (80_000 // len(piece))) for _ in range(2)) < max(0.15, 20 * once)
