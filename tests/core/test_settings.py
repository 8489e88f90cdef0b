import pytest

from listserver.core import settings
from listserver.errors import UsageError


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("max_size", "10 MB", 10_000_000),
        ("max_size", "512", 512),
        ("max_size", "64kb", 64_000),
        ("first_posts", "3", 3),
        ("advertised", "false", False),
        ("advertised", "ON", True),
        ("joining", "approve", "approve"),
        ("from", "wrap", "wrap"),
        ("subject_tag", " [talk] ", "[talk]"),
        ("footer", "Two\nlines", "Two\nlines"),
        ("attachments", "refuse:.exe, image/*", "refuse:.exe, image/*"),
        ("hold_days", "1", 1),
        ("language", "pt-BR", "pt-BR"),
    ],
)
def test_parse_gives_the_typed_value(name: str, text: str, wanted: object) -> None:
    assert settings.parse(name, text) == wanted


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("joining", "perhaps", "confirm, open, approve"),
        ("advertised", "maybe", "true, false"),
        ("first_posts", "many", "whole number: write it like 10"),
        ("first_posts", "3 MB", "whole number"),
        ("max_size", "10 parsecs", "10 MB"),
        ("colour", "red", "no setting 'colour'"),
        ("title", "Talk\nBcc: mallory@example.com", "one line of plain text .*: write it like Talk about drift"),
        ("title", "x" * 201, "at most 200 characters"),
        ("footer", "x" * 20_001, "at most 20000 characters"),
        ("subject_tag", "[ta\u2028lk]", "one line"),
        ("footer", "bell\x07", "plain text"),
        ("attachments", "refuse", "refuse:.exe"),
        ("attachments", "refuse:exe", "refuse:.exe"),
        ("attachments", "none", "keep, or refuse"),
        ("hold_days", "0", "1 … 365"),
        ("hold_days", "99999999", "1 … 365"),
        ("language", "German", "code of a language: write it like en, de or fr"),
    ],
)
def test_parse_says_what_would_be_right(name: str, text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        settings.parse(name, text)


def test_every_setting_has_a_sentence_and_a_default_of_its_kind() -> None:
    for name in settings.names():
        assert settings.doc(name).endswith((".", "scr"))
        assert not settings.choices(name) or str(settings.default(name)).casefold() in settings.choices(name)


def test_what_is_stored_wins_and_forgotten_names_are_ignored() -> None:
    stored = {"from": "keep", "posting": "anyone", "forgotten": 1}
    got = settings.from_stored(stored)
    assert (settings.value(got, "from"), got.posting, got.joining) == ("keep", "anyone", "confirm")


def test_presets_hold_possible_values_only() -> None:
    for preset in settings.PRESETS.values():
        for name, text in preset.items():
            settings.parse(name, text)
