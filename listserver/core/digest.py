"""A digest: many posts in one mail, grouped by thread. What is in it, and the mail around each of its forms.

A reader gets what they are due and no more, so a digest is made of the posts of some readers, not of all of an edition.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from listserver.core.address import Verb, address_for
from listserver.core.addrspec import Mailbox
from listserver.core.blocks import Block
from listserver.core.compose import ListFacts
from listserver.core.content import File
from listserver.core.digest_words import Words, words_of
from listserver.core.edits import write_addresses, write_field, write_tokens

_REPLY = re.compile(r"^(?:(?:re|aw|antw|sv|fwd?|wg|tr|rv)(?:\[\d+\])?\s?:\s*)+(?=\S)", re.I)
MOST_SUBJECT = 120  # characters of a subject in headings


class Heading(StrEnum):
    """What the threads under it have in common."""

    NEW = "new"  # begun in this digest, and nobody else has answered
    ANSWERED = "answered"  # begun in this digest, and answered by somebody else
    REST = "rest"  # begun before


class Item(NamedTuple):
    """A post in a digest. author_address: tells authors apart. begins: it is the first of its thread.

    raw: as it arrived; b"" for the form that shows blocks. subject: "" if it has none.
    """

    number: int
    identifier: str
    message_id: str
    thread_id: int
    begins: bool
    author: str
    author_address: str
    subject: str
    sent_at: datetime
    opening: str
    blocks: tuple[Block, ...]
    files: tuple[File, ...]
    raw: bytes = b""

    @property
    def called(self) -> str:
        """The author's name; where there is none, what stands before the @; "" where there is no address either."""
        return called(self.author, self.author_address)


def called(name: str, address: str) -> str:
    """How people who have a digest are shown the author of a post."""
    return name or address.rpartition("@")[0]


class Reminder(NamedTuple):
    """A question of earlier days that nobody has answered."""

    identifier: str
    subject: str
    author: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """A thread, as far as it is in the digest."""

    subject: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """items: in the order in which they are shown, as groups has them. number: of the edition. made_at: in local time.

    language: of the fixed words. waiting: shown as a reminder, with links only.
    """

    facts: ListFacts
    number: int
    mode: str
    made_at: datetime
    groups: tuple[tuple[Heading, tuple[Topic, ...]], ...]
    waiting: tuple[Reminder, ...]

    @property
    def items(self) -> list[Item]:
        """All items, in the order in which they are shown."""
        return [item for _, topics in self.groups for topic in topics for item in topic.items]

    @property
    def words(self) -> Words:
        """The fixed words, in the list's language."""
        return words_of(self.facts.settings.language)

    @property
    def counted(self) -> str:
        """ "12 posts in 5 threads"."""
        threads = sum(len(topics) for _, topics in self.groups)
        return self.words.count(len(self.items), threads)

    @property
    def title(self) -> str:
        """What its subject says."""
        return f"{self.facts.title}: {self.words.day(self.made_at)}, {self.counted}"

    @property
    def request(self) -> str:
        """Where commands go."""
        return address_for(self.facts.name, self.facts.site.domain, Verb.REQUEST)

    def reply_to(self, item: Item | Reminder) -> str:
        """Where an answer to one item goes."""
        return item_address(self.facts, item.identifier)

    def page(self, item: Item | Reminder) -> str:
        """The item's page in the archive, "" if there is none."""
        base, settings = self.facts.site.base_url, self.facts.settings
        return f"{base}/{self.facts.name}/p/{item.identifier}/" if base and settings.archive != "none" else ""


def item_address(facts: ListFacts, identifier: str) -> str:
    """Where an answer to the post with that identifier is sent."""
    return address_for(facts.name, facts.site.domain, Verb.RE, identifier)


def digest_address(facts: ListFacts, number: int) -> str:
    """Where an answer to a whole digest is sent."""
    return address_for(facts.name, facts.site.domain, Verb.RE, f"digest.{number}")


def arrange(items: Sequence[Item]) -> tuple[tuple[Heading, tuple[Topic, ...]], ...]:
    """Items, given by number, in groups: threads in the order of their first posts here."""
    threads: dict[int, list[Item]] = {}
    for item in items:
        threads.setdefault(item.thread_id, []).append(item)
    groups: dict[Heading, list[Topic]] = {heading: [] for heading in Heading}
    for some in threads.values():
        groups[_heading(some)].append(Topic(shown_subject(some[0].subject), tuple(some)))
    return tuple((heading, tuple(topics)) for heading, topics in groups.items() if topics)


def _heading(items: Sequence[Item]) -> Heading:
    first = items[0]
    if not any(item.begins for item in items):
        return Heading.REST
    answered = any(item.author_address.casefold() != first.author_address.casefold() for item in items)
    return Heading.ANSWERED if answered else Heading.NEW


def shown_subject(subject: str) -> str:
    """A subject as a heading: one line, of a length that people read, without "Re:"."""
    line = _REPLY.sub("", " ".join(subject.split()))
    return line if len(line) <= MOST_SUBJECT else line[: MOST_SUBJECT - 1] + "…"


# --- the mail ---------------------------------------------------------------------------------------------------------
def header(digest: Digest, form: str) -> bytes:
    """The fields of the mail, but for those that the list puts into every copy (core.compose)."""
    facts = digest.facts
    seen = hashlib.blake2b(form.encode(), digest_size=6)
    seen.update(b"".join(b" %d" % item.number for item in digest.items))
    return b"".join(
        [
            write_addresses("From", [Mailbox(facts.title, facts.address)]),
            write_tokens("To", [facts.address]),
            write_tokens("Reply-To", [digest_address(facts, digest.number)]),
            write_field("Subject", digest.title),
            write_tokens("Date", [f"{digest.made_at:%a, %d %b %Y %H:%M:%S %z}"]),
            write_tokens("Message-ID", [f"<digest.{digest.number}.{seen.hexdigest()}@{facts.site.domain}>"]),
            write_tokens("Auto-Submitted", ["auto-generated"]),
            write_tokens("Content-Language", [facts.settings.language]),
            write_tokens("MIME-Version", ["1.0"]),
        ]
    )


def facts_for_digest(facts: ListFacts) -> ListFacts:
    """The list's facts as composing a digest needs them: nothing is added to its text, and replies go where it says."""
    settings = replace(facts.settings, subject_tag="", footer="", reply_to="author", from_="keep")
    return replace(facts, settings=settings)
