"""docs/life-of-a-moderated-post.md: a story told by its mails, made by the program and kept as a page.

`python -m tests.stories.test_moderated_post` writes it anew.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from listserver.store import migrations
from listserver.store.engine import Store
from tests.actions import mails
from tests.actions.conftest import Community

PAGE = Path(__file__).parent.parent.parent / "docs" / "life-of-a-moderated-post.md"
NORA, KIM, BOB = "Nora Lind <nora@example.org>", "kim@example.org", "bob@example.org"
TALK = "talk@lists.example.org"
_INTRODUCTION = """<!-- made by the program: python -m tests.stories.test_moderated_post -->
# The life of a moderated post, told by its mails

Nora is new on the list *talk*, whose moderators are Kim and Bob. What follows are all mails that pass between them and
the list server, from her wish to join to her second post. A test sends them all again and compares.
Addresses with a token are shortened here to `TOKEN`.
"""


class Story:
    """Plays it, and writes down what is sent."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.told = [_INTRODUCTION]
        self.seen = 0

    def say(self, words: str) -> None:
        self.told.append(words + "\n")

    def send(self, raw: bytes, who: str, to: str) -> None:
        """A mail to the server, and all mails that it causes."""
        shown = "\n".join(_text_of(raw))
        self.told.append(f"```\nFrom: {who}\nTo: {_short(to)}\n{_short(shown)}\n```\n")
        reply = self.community.arrive(raw, re.sub(r".*<(.*)>", r"\1", who), to)
        self.told.append(f"The server answers in the dialogue: `{reply.code} {reply.status} {reply.text}`\n")
        self.show()

    def show(self) -> None:
        """The mails that were written since the last time."""
        new = self.community.notices()[self.seen :]
        self.seen += len(new)
        for row in new:
            mail = mails.read(row)
            names = ("From", "To", "Reply-To", "Subject", "Auto-Submitted")
            head = "\n".join(f"{name}: {mail[name]}" for name in names if mail[name])
            self.told.append(f"```\n{_short(head)}\n\n{_short(mails.text(row)).rstrip()}\n```\n")


def _text_of(raw: bytes) -> list[str]:
    lines = raw.decode().replace("\r\n", "\n").split("\n")
    end = lines.index("")
    return [line for line in lines[:end] if line.startswith("Subject")] + [""] + lines[end + 1 :][:12]


def _short(text: str) -> str:
    return re.sub(
        r"((?:\+(?:confirm|approve|reject|discard)\.|/(?:confirm|held)/))[a-z2-7]{26}", r"\1TOKEN", text
    ).rstrip()


def tell(community: Community) -> str:
    """The page."""
    story = Story(community)
    talk = community.create(title="Talk about drift", description="For people who measure.")
    community.join(talk, KIM, BOB, role="moderator")

    story.say("## Nora wants to join\nOn the 25th of November at noon she writes one word to the list's robot.")
    story.send(
        community.mail(NORA, "talk-request@lists.example.org", body="subscribe", Subject=""),
        NORA,
        "talk-request@lists.example.org",
    )
    story.say("She answers, with a word or without.")
    _answer(story, NORA, "yes please", "confirm-commands")

    story.say("## Her first post waits\nOn this list the first post of a new member is looked at.")
    community.later(minutes=20)
    body = "Hello,\r\n\r\ndoes anybody correct for drift in the cheap humidity sensors?\r\n\r\nNora"
    story.send(community.mail(NORA, TALK, body=body, Subject="Drift of humidity sensors"), NORA, TALK)

    story.say("## Bob is not sure\nHis telephone sends one word.")
    community.later(minutes=5)
    _answer(story, BOB, "later", "held-post")

    story.say("## Kim lets it out\nKim answers too, on top of the quoted mail.")
    community.later(minutes=27)
    _answer(story, KIM, "ok", "held-post", "Apple Mail")
    filed = community.rows("posts")
    story.say(f"The post is number {filed[0]['number']} of the list now, and its copies are on their way.")

    story.say("## Bob decides as well, too late")
    community.later(hours=2)
    _answer(story, BOB, "no, please ask on the other list", "held-post")

    story.say("## A vacation program answers Kim's copy\nIt is not answered, and decides nothing.")
    row = _last(story, KIM, "held-post")
    away = mails.answer("phone", "ok. I am out of the office.", row, KIM, Auto_Submitted="auto-replied")
    story.send(away, KIM, mails.link(row, "approve"))

    story.say("## Her second post\nNora is known now, so nobody is asked.")
    community.later(days=1)
    story.send(community.mail(NORA, TALK, body="Thank you all!", Subject="Re: Drift of humidity sensors"), NORA, TALK)
    return "\n".join(story.told)


def _last(story: Story, who: str, name: str) -> dict[str, Any]:
    address = re.sub(r".*<(.*)>", r"\1", who)
    return [row for row in story.community.notices(name) if row["address"] == address][-1]


def _answer(story: Story, who: str, said: str, name: str, client: str = "phone") -> None:
    row = _last(story, who, name)
    story.send(mails.answer(client, said, row, who), who, mails.to(row))


def test_the_story_on_the_page_is_what_happens(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        assert tell(Community(store)) == PAGE.read_text("utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/x.db"
        migrations.upgrade(address)
        with Store.open(address) as opened:
            PAGE.write_text(tell(Community(opened)), "utf-8")
