"""core.decisions: the first word of a reply decides."""

import pytest

from listserver.core.decision_words import ANSWERS, BOUND, FREE, Answer
from listserver.core.decisions import EDIT_BEGINS, EDIT_ENDS, Decision, batch, edited, first_word

YES, NO, UNCLEAR = Answer.YES, Answer.NO, Answer.UNCLEAR

CASES: list[tuple[str, Answer, str]] = [
    ("ok", YES, ""),
    ("OK.", YES, ""),
    ("Ok, go ahead\n\nBob", YES, ""),
    ("okay!", YES, ""),
    ("yes", YES, ""),
    ("y", YES, ""),
    ("👍", YES, ""),
    (" 👍🏽 ", YES, ""),
    ("🙂 ok", YES, ""),
    ("approve", YES, ""),
    ("Approved", YES, ""),
    ("*accept*", YES, ""),
    ("Distribute", YES, ""),
    ("release it please", YES, ""),
    ("post it", YES, ""),
    ("send", YES, ""),
    ("ja", YES, ""),
    ("genehmigt", YES, ""),
    ("oui", YES, ""),
    ("d'accord", YES, ""),
    ("sí", YES, ""),
    ("sì, grazie", YES, ""),
    ("akkoord", YES, ""),
    ("sim", YES, ""),
    ("tak", YES, ""),
    ("godkänn", YES, ""),
    ("godkendt", YES, ""),
    ("godkjent", YES, ""),
    ("kyllä", YES, ""),
    ("ano", YES, ""),
    ("Да", YES, ""),
    ("はい", YES, ""),
    ("承認します。", YES, ""),
    ("同意", YES, ""),
    ("好的，谢谢", YES, ""),
    ("no", NO, ""),
    ("No, off topic.\nPlease ask on field-notes.", NO, "off topic.\nPlease ask on field-notes."),
    ("reject: too long", NO, "too long"),
    ("no\n%%%\nToo long,\nsorry.\n%%%\nBob", NO, "Too long,\nsorry."),
    ("no\n%%% reason\nToo long", NO, "Too long"),
    ("nein, bitte kürzer", NO, "bitte kürzer"),
    ("non", NO, ""),
    ("nee", NO, ""),
    ("não", NO, ""),
    ("nie", NO, ""),
    ("nej", NO, ""),
    ("ei", NO, ""),
    ("ne", NO, ""),
    ("нет, не по теме", NO, "не по теме"),
    ("いいえ", NO, ""),
    ("拒绝", NO, ""),
    ("discard", Answer.DISCARD, ""),
    ("delete it", Answer.DISCARD, ""),
    ("löschen", Answer.DISCARD, ""),
    ("spam", Answer.SPAM, ""),
    ("Spam!", Answer.SPAM, ""),
    ("垃圾邮件", Answer.SPAM, ""),
    ("always", Answer.TRUST, ""),
    ("trust this author", Answer.TRUST, ""),
    ("immer", Answer.TRUST, ""),
    ("ban", Answer.BAN, ""),
    ("edit", Answer.EDIT, ""),
    ("later", Answer.LATER, ""),
    ("mine", Answer.LATER, ""),
    ("Approved: s3cret", Answer.PASSWORD, "s3cret"),
    ("approve: s3cret\nok", Answer.PASSWORD, "s3cret"),
    ("", Answer.EMPTY, ""),
    (" \n\n ", Answer.EMPTY, ""),
    ("ok?", UNCLEAR, ""),
    ("ok ?", UNCLEAR, ""),
    ("is this ok?", UNCLEAR, ""),
    ("ok for you?", UNCLEAR, ""),
    ("not ok", UNCLEAR, ""),
    ("ok, but not the second part", UNCLEAR, ""),
    ("Yes, this is spam", UNCLEAR, ""),
    ("no problem", UNCLEAR, ""),
    ("no worries, go ahead", UNCLEAR, ""),
    ("no?", UNCLEAR, ""),
    ("Post looks like spam", UNCLEAR, ""),
    ("Send it back to the author", UNCLEAR, ""),
    ("Always a pleasure", UNCLEAR, ""),
    ("Spam is what I get all day", UNCLEAR, ""),
    ("What is this about?", UNCLEAR, ""),
    ("不好", UNCLEAR, ""),
    ("12345", UNCLEAR, ""),
    ("...", UNCLEAR, ""),
]


@pytest.mark.parametrize(("own", "answer", "reason"), CASES, ids=[own[:30] for own, *_ in CASES])
def test_the_first_word_decides(own: str, answer: Answer, reason: str) -> None:
    assert first_word(own) == Decision(answer, reason)


def test_every_word_means_one_thing_and_decides_alone() -> None:
    assert not set(FREE) & set(BOUND)
    for word, answer in ANSWERS.items():
        assert first_word(word) == first_word(f" {word.upper()}. ") == Decision(answer), word


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            "ok 1 3-5\nno 2 too long\nspam rest",
            [Decision(YES, "", (1, 3, 4, 5)), Decision(NO, "too long", (2,)), Decision(Answer.SPAM, "", (6, 7))],
        ),
        ("ok 1, 2 and thanks", [Decision(YES, "", (1, 2))]),
        ("ok #1\n\nno 1-3: off topic", [Decision(YES, "", (1,)), Decision(NO, "off topic", (2, 3))]),
        ("ok all", [Decision(YES, "", (1, 2, 3, 4, 5, 6, 7))]),
        ("ok all\nno rest", [Decision(YES, "", (1, 2, 3, 4, 5, 6, 7)), Decision(NO, "", ())]),
        ("👍 2", [Decision(YES, "", (2,))]),
        ("👍🏽 2", [Decision(YES, "", (2,))]),
        ("no 2 3 days is too long", [Decision(NO, "days is too long", (2, 3))]),
        ("ok 0", []),
        ("ok 9", []),
        ("ok 3-1", []),
        ("ok", []),
        ("ok then", []),
        ("edit 1", []),
        ("hello 1", []),
        ("ok 1\nThanks, Bob\nno 2", [Decision(YES, "", (1,))]),
        ("", []),
    ],
)
def test_batches(own: str, expected: list[Decision]) -> None:
    assert list(batch(own, 7)) == expected


def test_edited_text_stands_between_the_markers_quoted_or_not() -> None:
    assert edited(f"edit\n\n{EDIT_BEGINS}\n\nHello\n\n  all\n{EDIT_ENDS}\nbye") == "Hello\n\n  all"
    assert (
        edited(f"edit\r\n> {EDIT_BEGINS}\r\n> Hello\r\n>\r\n> > quoted\r\nnew\r\n> {EDIT_ENDS}\r\n")
        == "Hello\n\n> quoted\nnew"
    )
    assert edited("edit") is None
    assert edited(f"edit\n{EDIT_BEGINS}\nHello") is None
