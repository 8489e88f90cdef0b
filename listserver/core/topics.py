"""Topics: tags in subjects, `[gis]` or `#gis`, and which of them a member wants.

A post without a tag is for everybody: a choice of topics never hides a question whose author did not know of them.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_TAG = re.compile(r"\[([^\[\]]{1,40})\]|(?<![\w&/])#(\w[\w-]{0,39})")
NONE = "none"


@lru_cache(maxsize=1024)
def tags(subject: str, known: str) -> frozenset[str]:
    """The topics of a post, folded. known: the list's `topics` setting, comma-separated; "" = any tag counts."""
    found = {fold(bracketed or hashed) for bracketed, hashed in _TAG.findall(subject[:500])} - {""}
    return frozenset(found & set(names(known)) if known.strip() else found)


def names(setting: str) -> list[str]:
    """The topics that a list's setting names."""
    return [folded for name in setting.split(",") if (folded := fold(name))]


def fold(name: str) -> str:
    """A topic's name as it is compared."""
    return " ".join(name.casefold().strip(" \t#[]+").split())


def choice(words: Iterable[str]) -> str:
    """What is stored of a member's choice: `+a -b`, `all` or `none`. Topics may have spaces; they are put in quotes."""
    wanted: dict[str, str] = {}
    for word in words:
        if fold(word) in ("all", NONE):
            wanted = {NONE: ""} if fold(word) == NONE else {}
            continue
        sign, name = ("-", word[1:]) if word.startswith("-") else ("+", word.removeprefix("+"))
        if name := fold(name.strip("'\"")):
            wanted.pop(NONE, None)
            wanted[name] = sign
    return ",".join(f"{sign}{name}" for name, sign in wanted.items())


def gets(topics: str, tagged: frozenset[str], mark: str | None) -> bool:
    """Whether a post reaches them. mark: what they said about its thread, follow or mute, if anything."""
    return mark == "follow" or (mark is None and wants(topics, tagged))


def wants(topics: str, tagged: frozenset[str]) -> bool:
    """Whether somebody with that choice gets a post with those tags."""
    if not topics or not tagged:
        return True
    chosen = topics.split(",")
    if any(f"-{tag}" in chosen for tag in tagged):
        return False
    return any(f"+{tag}" in chosen for tag in tagged) or not any(one == NONE or one.startswith("+") for one in chosen)
