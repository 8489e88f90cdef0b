"""Subjects without their prefixes and tags."""

import pytest

from listserver.core.subject import Subject, changed_subject, parse_subject, subject_key


@pytest.mark.parametrize(
    ("subject", "key", "reply"),
    [
        ("Hello  there", "hello there", False),
        ("Re: [talk] Hello", "hello", True),
        ("[talk] Re[2]: AW : Hello", "hello", True),
        ("Re(3): RE^2: x", "x", True),
        ("回复：你好", "你好", True),
        ("答复: 返信: 你好", "你好", True),
        ("转发：你好", "你好", False),
        ("Отв: тест", "тест", True),
        ("SV: VS: VB: Antw: Odp: RES: RIF: YNT: x", "x", True),
        ("WG: ENC: TR: Fwd: x", "x", False),
        ("İLT: x", "x", False),
        ("[Fwd: hi there]", "hi there", False),
        ("x (fwd)", "x", False),
        ("The vs: y", "the vs: y", False),
        ("R: a question", "r: a question", False),
        ("regression", "regression", False),
        ("[solved]", "solved", False),
        ("", "", False),
        ("Re:", "", True),
        ("Straße", "strasse", False),
        ("[unclosed tag", "[unclosed tag", False),
    ],
)
def test_I3_prefixes_and_tags_are_stripped(subject: str, key: str, reply: bool) -> None:
    assert parse_subject(subject) == Subject(key, reply, False)


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ("New topic (was: old)", "new topic"),
        ("Re: new topic (was Re: [talk] old)", "new topic"),
        ("new [was: old (very)]", "new"),
        ("neu (war: alt)", "neu"),
    ],
)
def test_a_subject_that_names_an_older_one_is_renamed(subject: str, key: str) -> None:
    assert parse_subject(subject).key == key
    assert parse_subject(subject).renamed


@pytest.mark.parametrize("subject", ["(was: x)", "it was (wasabi)", "was: x", "new (was: x) and more"])
def test_a_subject_that_only_looks_so_is_not_renamed(subject: str) -> None:
    assert not parse_subject(subject).renamed
    assert subject_key(subject) == subject


@pytest.mark.parametrize(
    ("subject", "parent", "changed"),
    [
        ("new (was: old)", "old", True),
        ("new (was: old)", "Re: something", True),
        ("Re: new (was: old)", "new (was: old)", False),
        ("Re: new", "new (was: old)", False),
        ("Re: the server (was down)", "the server (was down)", False),
        ("other", "old", False),
    ],
)
def test_a_new_topic_begins_where_the_subject_says_so(subject: str, parent: str, changed: bool) -> None:
    assert changed_subject(subject, parent) is changed
