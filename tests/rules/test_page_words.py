"""I4: what pages say is there in each of their languages, with the same facts, and nothing is left over."""

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from listserver import resources
from listserver.core import settings
from listserver.web import moderating, options, owning, posts, words

ARCHIVE = resources.folder("archive")
WEB = Path(words.__file__).parent
LANGUAGES = [language for language in words.LANGUAGES if language != "en"]
TABLES = {language: tomllib.loads((ARCHIVE / "words" / f"{language}.toml").read_text()) for language in LANGUAGES}
TAKEN = {"say": (0,), "markup": (0,), "said": (1, 2), "tells": (1, 2), "plural": (1, 2)}  # which arguments are texts
CHOICES = (options.MODES, options.FORMS, options.ROLES, options.STATES, moderating._SAID, moderating._DECIDED)
AS_THEY_ARE = {"{about}", "{why}"}


def in_templates() -> Iterator[str]:
    for path in (ARCHIVE / "pages").glob("*.j2"):
        text = path.read_text()
        yield from re.findall(r'\b_\("([^"]+)"', text)
        for call in re.findall(r"plural\((.+?)\)(?!\))", text):
            yield from re.findall(r'"([^"]+)"', call)[-2:]


def in_code() -> Iterator[str]:
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = [node.args[at] for at in TAKEN.get(name, ()) if at < len(node.args)]
                yield from (each.value for each in given if isinstance(each, ast.Constant))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("text", "title"):
                yield from ([node.value.value] if isinstance(node.value, ast.Constant) else [])


def told() -> set[str]:
    """All texts of pages, in English."""
    chosen = {text for choice in (*CHOICES, *owning.CHOICES.values()) for text in choice.values()}
    explained = {*owning.GROUPS, *(settings.doc(name) for name in settings.names())}
    return {*in_templates(), *in_code(), *chosen, *explained, "Somebody"} - AS_THEY_ARE


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_each_text_of_a_page_is_there(language: str) -> None:
    assert len(told()) > 300
    assert sorted(told() - TABLES[language].keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_no_text_is_left_that_no_page_says(language: str) -> None:
    assert sorted(TABLES[language].keys() - told() - set(posts._NAMES.values())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_a_translation_has_the_same_values_and_is_safe_html(language: str) -> None:
    for english, text in TABLES[language].items():
        wanted, there = (
            sorted(name for _, name, _, _ in string.Formatter().parse(one) if name) for one in (english, text)
        )
        assert wanted == there, english
        assert not re.search(r"[<>&\"]", text), english
        assert text.strip()


def test_each_setting_is_asked_once_and_each_of_its_words_is_explained() -> None:
    asked = [name for names in owning.GROUPS.values() for name in names]
    assert sorted(asked) == sorted(settings.names())
    words_of = {name: settings.choices(name) for name in settings.names() if settings.choices(name)}
    assert {name: tuple(means) for name, means in owning.CHOICES.items()} == words_of


@pytest.mark.parametrize(
    ("chosen", "accepted", "usual", "language"),
    [
        ("", "", "en", "en"),
        ("", "", "de", "de"),
        ("fr", "de", "en", "fr"),
        ("es", "de-AT,en;q=0.5", "en", "de"),
        ("", "es, en;q=0.3, fr;q=0.8", "de", "fr"),
        ("", "fr;q=0", "de", "de"),
        ("", "*, ,;;q=x,de;q=2", "en", "en"),
        ("", "es", "pt-BR", "en"),
    ],
)
def test_I4_the_words_of_who_reads(chosen: str, accepted: str, usual: str, language: str) -> None:
    assert words.words_for(chosen, accepted, usual).language == language
