"""I4: each mail of ours in each language, with the same facts; in the reader's language, else the list's."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from listserver import resources
from listserver.actions import notices, texts
from listserver.core import notices as kinds
from listserver.core import policy, reason_words
from listserver.core.dates import dated
from listserver.store import people
from tests.actions import mails
from tests.actions.conftest import SITE, Community

FOLDER = resources.folder("templates") / "mail"
LANGUAGES = ("de", "fr")
ENGLISH = re.compile(r"\b(?:the|you|your|this|answer|wrote|nothing|please)\b", re.IGNORECASE)
NAMES = sorted(path.name for path in (FOLDER / "en").iterdir())


def _said(path: Path) -> str:
    """What a text says by itself: without what Jinja reads."""
    return re.sub(r"\{[{%#].*?[}%#]\}", "", path.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_each_text_is_there_in_each_language(language: str) -> None:
    assert sorted(path.name for path in (FOLDER / language).iterdir()) == NAMES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name.removesuffix(".txt.j2") for name in NAMES if name.endswith(".txt.j2")])
def test_I4_a_translation_says_the_same_facts_and_leaves_no_english(language: str, name: str) -> None:
    ours, english = (texts.find(SITE, name, one) for one in (language, "en"))
    assert texts.variables(ours) == texts.variables(english)
    found = ENGLISH.findall(re.sub(r"<[^>]*>", "", _said(ours.path)))
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_what_came_of_a_command_is_said_in_each_language(language: str) -> None:
    ours, english = (
        set(re.findall(r'what == "([a-z-]+)"', (FOLDER / one / "parts.j2").read_text("utf-8")))
        for one in (language, "en")
    )
    assert ours == english
    assert ENGLISH.findall(_said(FOLDER / language / "parts.j2")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_each_reason_for_which_a_post_can_wait_is_there(language: str) -> None:
    source = Path(policy.__file__).read_text("utf-8")
    codes = set(re.findall(r'"([a-z-]+)",\s*(?:Verdict\.HOLD|verdict)', source))
    assert len(codes) > 12
    for code in codes:
        finding = policy.Finding(code, policy.Verdict.HOLD, "english", "english")
        assert reason_words.to_author([finding], language) != ("english",), code
        assert reason_words.to_moderator([finding], language) != ("english",), code
        assert reason_words.to_author([finding], "en") == reason_words.to_moderator([finding], "xx") == ("english",)


def test_dates_are_written_as_the_language_does() -> None:
    said = "9 December 2026, 12:25 UTC"
    assert [dated(said, one) for one in ("en", "de", "fr")] == [
        said, "9. Dezember 2026, 12:25 UTC", "9 décembre 2026, 12:25 UTC",
    ]  # fmt: skip


def test_a_mail_is_in_the_members_language_else_the_lists(community: Community) -> None:
    talk = community.create(language="fr", moderation="all")
    community.join(talk, "kim@example.org", role="moderator")
    community.join(talk, "ben@example.org")
    ben = community.write(lambda conn: people.find(conn, "ben@example.org"))
    assert ben is not None
    community.write(lambda conn: people.set_values(conn, ben.id, language="de"))
    assert community.post(author="ben@example.org").code == 250
    (told,) = community.notices("your-post-waits")
    assert "Danke" in mails.text(told)
    assert "Moderation" in mails.text(told)
    (asked,) = community.notices("held-post")
    assert "Répondez" in mails.text(asked)
    assert "modérés" in mails.text(asked)


def test_a_long_reason_is_wrapped_and_a_posts_own_lines_are_not() -> None:
    long = "word " * 40
    notice = kinds.YourPostWaits("talk", "Talk", "Drift", (long,), "9 December 2026", "o@x.example")
    body = notices.render(SITE, notice, "en")[1]
    assert max(map(len, body.splitlines())) <= 78
    shown = kinds.Result("texts", "talk", "Talk", rows=(("1", "x", "Anna", "Drift", "", long),))
    assert long.strip() in notices.render(SITE, kinds.YourCommands((shown,), "r@x.example", undo=False), "en")[1]
    site = replace(SITE, language="de")
    assert notices.render(site, notice, "xx")[0].startswith("Ihr Beitrag")
