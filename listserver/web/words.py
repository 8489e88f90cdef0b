"""What pages say, in the languages that we have. The English words stand in templates and code, and are the keys of
archive/words/LANGUAGE.toml (tests/rules/test_page_words.py: each is there, with the same facts)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from listserver import resources
from listserver.actions.notices import language_of
from listserver.store.lists import List
from listserver.web.dates import DATES, Dates
from listserver.web.visit import Visit

LANGUAGES = tuple(DATES)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. texts: by the English ones."""

    language: str
    dates: Dates
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def say(self, english: str, /, **values: Any) -> str:
        """A text, with these values in it."""
        return self.texts.get(english, english).format(**values)

    def markup(self, english: str, /, **values: Any) -> Markup:
        """The same as HTML: our words as they are, the values escaped."""
        text = self.texts.get(english, english)
        if values:  # Markup.format does the same, ten times slower
            text = text.format(**{name: escape(value) for name, value in values.items()})
        return Markup(text)  # noqa: S704 (ours)

    def english(self, text: str) -> Markup:
        """Something that is said in English only, as HTML that says so (WCAG 3.1.2)."""
        return escape(text) if self.language == "en" or not text else Markup('<span lang="en">{}</span>').format(text)

    def count(self, number: int) -> str:
        """1,240 as one writes it."""
        return f"{number:,}".replace(",", {"de": ".", "fr": "\u202f"}.get(self.language, ","))

    def plural(self, number: int, one: str, many: str) -> str:
        """1 post, 2 posts."""
        single = number == 1 or (number == 0 and self.language == "fr")
        return f"{self.count(number)} {self.say(one if single else many)}"


@lru_cache(maxsize=len(LANGUAGES))
def words_of(language: str) -> Words:
    """The words of one of LANGUAGES."""
    if language == "en":
        return Words("en", DATES["en"])
    with (resources.folder("archive") / "words" / f"{language}.toml").open("rb") as file:
        return Words(language, DATES[language], tomllib.load(file))


def reading(visit: Visit, lst: List | None) -> Words:
    """The words of a page that all readers of a list get: of its language, where we have that, else English."""
    return words_of(_known(language_of(visit.site, lst)) or "en")


def acting(visit: Visit, lst: List | None = None) -> Words:
    """The words of a page that is for one person."""
    return words_for(
        visit.viewer.language, visit.request.headers.get("accept-language", ""), language_of(visit.site, lst)
    )


def words_for(chosen: str, accepted: str, usual: str) -> Words:
    """Those of the language that somebody chose, else that their browser asks for, else the usual ones."""
    return words_of(_known(chosen) or _wanted(accepted) or _known(usual) or "en")


def _known(tag: str) -> str:
    language = tag.partition("-")[0].strip().lower()
    return language if language in LANGUAGES else ""


_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,30})?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


def _wanted(accepted: str) -> str:
    """The one of our languages that an Accept-Language field likes best, "" for none (RFC 9110 §12.5.4)."""
    found = [each for one in accepted[:500].split(",") if (each := _RANGE.fullmatch(one)) and _known(each[1])]
    liked = [(float(each[2] or 1), -at, _known(each[1])) for at, each in enumerate(found)]
    quality, _, language = max(liked, default=(0, 0, ""))
    return language if quality else ""
