"""The mails about bounces, in each language, for each thing that they can say."""

import itertools

import pytest

from listserver.actions import notices
from listserver.core import notices as texts
from listserver.core.decision_words import Answer
from listserver.core.decisions import first_word
from tests.actions.conftest import SITE

LIST = ("talk", "Talk")
BEN = "ben@example.org"
WHY = ("dead", "full", "temporary", "unknown")
ALL: list[texts.Notice] = [
    *(texts.MailCameBack(*LIST, BEN, why, said, "1 May 2026", "o@x") for why in WHY for said in ("550 no", "")),
    *(texts.MemberSuspended(*LIST, BEN, why, said, "1 May 2026") for why in WHY for said in ("550 no", "")),
    *(texts.MailResumed(*LIST, BEN, archive, "u@x") for archive in ("https://x/talk/", "")),
    texts.PausedAfterComplaint(*LIST, BEN, "u@x", "o@x"),
    texts.MemberUnreachable(*LIST, BEN, "1 April 2026", 9),
    *(
        texts.PostRefusedByMany(*LIST, "Anna", "Drift", 12, 90, 40, ("550 spam",), stopped, by_reply)
        for stopped, by_reply in ((True, True), (True, False), (False, False))
    ),
    *(
        texts.PostsNotSent(*LIST, posts, more, copies, "1 May 2026, 10:00 UTC", "6 May 2026", stopped, why, "admin@x")
        for posts, more, copies in (((("Anna Berg <anna@x>", "Drift"),), 0, 40), ((("", ""), ("Bo", "")), 3, 1))
        for stopped, why in ((True, "550 no"), (False, "550 no"), (False, ""))
    ),
    *(texts.StoppedPostDecided(*LIST, "Anna", "Drift", done) for done in ("goes-on", "dropped", "already", "unclear")),
]


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_I4_each_is_there_and_says_each_thing_in_words_of_its_own(language: str) -> None:
    rendered = [notices.render(SITE, notice, language) for notice in ALL]
    for notice, (subject, body) in zip(ALL, rendered, strict=True):
        assert 0 < len(subject) < 90, notice
        assert not any(len(line) > 95 for line in body.splitlines()), notice
        assert "\n\n\n" not in body, notice
        if language != "en":
            assert (subject, body) != notices.render(SITE, notice, "en"), notice
    for one, other in itertools.combinations(range(len(ALL)), 2):
        words = {getattr(ALL[n], "why", "") for n in (one, other)}
        if words != {"temporary", "unknown"}:  # of which we know equally little
            assert rendered[one] != rendered[other], (ALL[one], ALL[other])


@pytest.mark.parametrize(
    ("word", "answer"), [("ja", Answer.YES), ("nein", Answer.NO), ("oui", Answer.YES), ("non", Answer.NO)]
)
def test_the_words_that_we_ask_for_are_understood(word: str, answer: Answer) -> None:
    assert first_word(f"{word}\n").answer is answer
