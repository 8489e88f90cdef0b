"""The texts of our mails in each language: complete, told the same, and without a word of another language."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from listserver.actions import membership, notices, texts
from listserver.core import notices as kinds
from listserver.core.actor import OPERATOR
from listserver.core.notices import Result
from listserver.core.wrap import LONG, wrapped
from listserver.errors import Why
from listserver.resources import folder
from tests.actions import mails
from tests.actions.conftest import SITE, Community

ANNA = "anna@example.org"
LANGUAGES = ("en", "de", "fr")
FOLDER = folder("templates") / "mail"
# What each field may hold: every value chooses other words. Long ones show that lines are set anew.
ADDRESS = "sensor-drift-working-group@lists.universitaet-beispielstadt.example.org"
VALUES: dict[str, tuple[object, ...]] = {
    "list_name": ("talk",),
    "list_title": ("Talk",),
    "author": ("Zoë <zoe@example.org>",),
    "subject": ("Xyzzy", ""),
    "address": (ADDRESS,),
    "owner": (ADDRESS,),
    "request": ("talk-request@x.example",),
    "reasons": (("Qqq.", "Zzz."),),
    "why": ("dead", "full", "unknown"),
    "decision": ("approved", "rejected", "discarded", "expired"),
    "done": (
        "approved", "edited", "trusted", "rejected", "discarded", "spam", "banned", "claimed", "goes-on", "dropped",
        "already", "unclear",
    ),
    "problem": ("empty", "unclear", "edit", "unchanged", "password", "refused"),
    "role": ("owner", "moderator"),
    "change": ("moved", "left", "removed"),
    "mark": ("mute", "follow", ""),
    "on_expiry": ("reject", "discard"),
    "reason": ("Zu lang.", ""),
    "settings": ((("mode", "each"),),),
    "asked": (("subscribe talk",),),
    "lists": (("Talk",),),
    "texts": (("550 zzz",),),
    "posts": ((("Zoë <zoe@example.org>", "Xyzzy"),), (("", ""), ("Zoë <zoe@example.org>", ""))),
    "sender": ("olga@example.org", ""),
    "by": ("Kim", ""),
    "page": ("https://x.example/talk/held/abc", ""),
    "archive": ("https://x.example/talk/", ""),
    "description": ("Über Qqq.", ""),
    "history": (None, 0, 1, 7),
    "waiting": (1, 3),
    "number": (12, 0),
}  # fmt: skip
DATE = "9 December 2026, 12:25 UTC"
DATES = {"expires", "until", "at", "since"}
FORMS = {int: (3,), bool: (True, False), str: ("qqq",)}
ENGLISH = re.compile(
    r"\b(the|you|your|and|this|that|with|nothing|not|write|answer|member of|posts|december|settings|please)\b",
    re.I,
)
COMMANDS = re.compile(  # what one writes to the program is the same in each language
    r"<mailto:\S+|[»«][^»«\n]*[»«]|^ {2,}.*|\b(undo|unmute|mute|follow|edit|modindex|help|pause until|always|later)\b",
    re.M,
)
RESULTS: dict[str, dict[str, tuple[typing.Any, ...]]] = {
    "rows": {
        "settings": (("talk", "mode", "each"),), "set": (("talk", "mode", "each"),), "already": (("mode", "each"),),
        "members": (("a@x", "Zoë", "owner"), ("b@x", "", "member")), "lists": (("talk", "Qqq"),),
        "info": (("address", "a@x"), ("joining", "approve"), ("posting", "members"), ("archive", "u"), ("owner", "o")),
        "posts": (("12", "2026-12-09", "Zoë", "Xyzzy", ""),), "found": (("12", "2026-12-09", "Zoë", "Xyzzy", ""),),
        "texts": (("12", "2026-12-09", "Zoë", "Xyzzy", "", "Qqq"),), "stats": (("members", "3"), ("waiting", "1")),
        "wrong-word": (("subscribe",),), "wrong-option": (("nomail",), ("talk", "mode", "each")),
    },
    "text": {
        "help": ("", "set", "archive", "moderators", "owners"), "not-open": ("invite", "closed"),
        "not-shown": ("members", "owners", "nobody"), "found": ("1",), "members": ("2",),
        "undone": ("join", "set", "move", "remove", "add", "set-list", "role-back", "move-back"),
    },
}  # fmt: skip


def _results() -> Iterator[Result]:
    """One of each thing that a command can come to: those of the English text."""
    for why in Why:
        yield Result("refused", "talk", "Talk", "", "Xyzzy", ((why, "Qqq", "Zzz", "Xxx"),))
    for what in re.findall(r'r\.what == "([^"]+)"', (FOLDER / "en" / "parts.j2").read_text("utf-8")):
        if what == "refused":
            continue
        for text in RESULTS["text"].get(what, ("qqq",)):
            rows = RESULTS["rows"].get(what, (("talk", "Talk"),))
            for given in {rows, ()} if what in ("lists", "posts", "found", "wrong-word") else {rows}:
                yield Result(what, "talk", "Talk", "anna@example.org", text, given)


def _samples(kind: type) -> Iterator[kinds.Notice]:
    """A kind of mail with each value of each field at least once."""
    types = typing.get_type_hints(kind)
    choices: dict[str, tuple[object, ...]] = {}
    for field in dataclasses.fields(kind):
        if field.name == "items":
            choices["items"] = (((1, "Zoë", "Xyzzy", DATE), (2, "Zoë", "", DATE)),)
            if kind is kinds.WhichItem:
                choices["items"] = (((1, "Zoë", "Xyzzy"), (2, "Zoë", "")),)
        elif field.name in DATES and types[field.name] is str:
            choices[field.name] = (DATE,)
        elif field.name == "results":
            choices["results"] = tuple((one,) for one in _results()) if kind is kinds.YourCommands else ((),)
        else:
            choices[field.name] = VALUES.get(field.name) or FORMS[types[field.name]]
    for turn in range(max(map(len, choices.values()))):
        yield kind(**{name: these[turn % len(these)] for name, these in choices.items()})
    for name in ("page", "reason", "expired", "stopped", "by_reply", "reminder", "number", "sender"):
        for value in choices.get(name, ()):
            yield kind(**{other: value if other == name else these[0] for other, these in choices.items()})


ALL = [sample for kind in texts.kinds().values() for sample in _samples(kind)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_each_notice_can_be_read_in_lines_that_fit(language: str) -> None:
    for notice in ALL:
        subject, body = notices.render(SITE, notice, language)
        assert subject and body.strip(), notice
        shown = "Qqq\n\n\n" in body  # a post's own text is as it is
        assert (shown or "\n\n\n" not in body) and not body.startswith("\n"), (notice, body)
        for line in body.splitlines():
            fits = len(line) <= LONG or line.startswith(" ") or " " not in line.strip() or "  " in line
            assert fits, (notices.name_of(notice), line)
            assert len(line) <= 100 or ADDRESS in line, (notices.name_of(notice), line)


@pytest.mark.parametrize("language", ["de", "fr"])
def test_I4_no_word_is_left_in_english(language: str) -> None:
    for notice in ALL:
        subject, body = notices.render(SITE, notice, language)
        left = ENGLISH.findall(COMMANDS.sub("", f"{subject}\n{body}"))
        assert not left, (left, notice, body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_I4_each_outcome_of_a_command_has_words_of_its_own(language: str) -> None:
    said = {}
    for one in _results():
        body = notices.render(SITE, kinds.YourCommands((one,), "r@x", False), language)[1]
        assert body.split("\n\n")[0].strip(), one
        said[body] = one
    assert not [one for one in _results() if one not in said.values()]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("de/*")), ids=lambda path: path.name)
def test_German_texts_say_Sie(path: Path) -> None:
    assert not re.search(
        r"\b(du|dich|dir|dein\w*|euch|schreib|antworte|bitte entscheide)\b", path.read_text("utf-8"), re.I
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("fr/*")), ids=lambda path: path.name)
def test_French_texts_say_vous(path: Path) -> None:
    assert not re.search(r"\b(tu|toi|ton|tes)\b", path.read_text("utf-8"), re.I)


@pytest.mark.parametrize(
    ("member", "of_list", "of_site", "is_"),
    [
        ("fr", "de", "en", "fr"),
        ("", "de", "fr", "de"),
        ("", "", "fr", "fr"),
        ("xx", "xx", "fr", "fr"),
        ("xx", "xx", "xx", "en"),
    ],
)
def test_I4_the_language_is_the_members_else_the_lists_else_the_sites(
    community: Community, member: str, of_list: str, of_site: str, is_: str
) -> None:
    community.site = dataclasses.replace(SITE, language=of_site)
    community.receiver = dataclasses.replace(community.receiver, site=community.site)
    lst = community.create(moderation="all", **({"language": of_list} if of_list else {}))
    community.join(lst, "anna@example.org")
    community.write(
        lambda c: membership.change(
            c, OPERATOR, lst, membership.find(c, lst, ANNA), {"language": member}, community.now
        )
    )
    community.post()
    (mail,) = community.notices("your-post-waits")
    assert mails.read(mail)["Content-Language"] == is_


def test_a_link_ends_its_line_and_French_marks_stay_with_their_word() -> None:
    text = "See it here: https://lists.example.org/talk/held/" + "x" * 40 + "\nIf nobody decides, it ends.\n"
    assert wrapped(text).endswith("x\nIf nobody decides, it ends.\n")
    for width in range(60, 80):
        lines = wrapped("x" * width + " mot : suite « mot » fin " + "y " * 20).splitlines()
        assert not any(line.startswith((":", "»")) or line.endswith("«") for line in lines)


def test_a_post_without_a_subject_is_called_so_in_the_language() -> None:
    notice = kinds.YourPostRejected("talk", "Talk", notices.NO_SUBJECT, "", False, "o@x.example")
    assert "(kein Betreff)" in notices.render(SITE, notice, "de")[0]
