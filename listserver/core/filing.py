"""A post made ready for the archive: all that its rows hold, worked out before the writer sees it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from listserver.core import address
from listserver.core.blocks import blocks_of
from listserver.core.content import content, own_words
from listserver.core.message import Part, Post, is_body
from listserver.core.packing import pack, pack_json
from listserver.core.solved import solves
from listserver.core.subject import subject_key
from listserver.core.text import first_sentence
from listserver.core.thread import lineage
from listserver.core.words import Indexed, words

AHEAD = timedelta(days=1)  # a Date so much later than the arrival is not believed
BEHIND = timedelta(days=366)  # nor one so much earlier
OPENING = 140  # characters


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as its row says. address: "" if no single one could be read."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A post as it will stand in the archive, but for its number, place and person.

    message_id: never "". sent_at: its Date if that is credible, else received_at. files: how many attachments.
    state: "shown", or "hidden" where the author asked not to be archived. lineage: as core.thread.lineage says.
    solves: whether it says that what it answers solved it. enc, octets: the mail's bytes, packed. content: packed
    JSON of core.content.
    """

    message_id: str
    content_hash: bytes
    author_name: str
    author_address: str
    author_key: str
    subject: str
    subject_key: str
    sent_at: datetime
    received_at: datetime
    size: int
    files: int
    opening: str
    state: str
    lineage: tuple[str, ...]
    solves: bool
    enc: str
    octets: bytes
    content: bytes
    words: Indexed


def message_id(post: Post) -> str:
    """The Message-ID by which we know a post: its own, or one made from its content (standards R6)."""
    return post.message_id or f"{post.content_hash.hex()[:32]}@no-message-id.invalid"


def prepare(
    post: Post,
    list_id: int,
    language: str,
    received_at: datetime,
    *,
    author: Author | None = None,
    packed: tuple[str, bytes] | None = None,
) -> Prepared:
    """Make a post ready for a list. language: of the list (ISO 639-1). author: if it is not the one From names.

    packed: its bytes, where they were packed already.
    """
    author = author or author_of(post)
    name = message_id(post)
    text = blocks_of(post.lines)
    own = own_words(text)
    files = [part for part in post.parts if is_file(part)]
    sent_at = post.date if _credible(post.date, received_at) and post.date else received_at
    enc, octets = packed or pack(post.raw)
    return Prepared(
        message_id=name,
        content_hash=post.content_hash,
        author_name=author.name,
        author_address=author.address,
        author_key=address.key(author.address) if author.address else "",
        subject=post.subject,
        subject_key=subject_key(post.subject),
        sent_at=sent_at,
        received_at=received_at,
        size=len(post.raw),
        files=len(files),
        opening=first_sentence(own, OPENING),
        state="hidden" if not_for_the_archive(post) else "shown",
        lineage=lineage(name, post.in_reply_to, post.references),
        solves=solves(own),
        enc=enc,
        octets=octets,
        content=pack_json(content(text, files)),
        words=Indexed(
            subject=" ".join(words(post.subject, language)),
            author=" ".join(words(author.name or author.address.partition("@")[0])),
            text=" ".join(words("\n".join([own, *(part.filename for part in files)]), language)),
            marks=" ".join(marks(list_id, sent_at, bool(files))),
        ),
    )


def author_of(post: Post) -> Author:
    """The author whom From names; of several the first."""
    if not post.authors:
        return Author(_shown(post.first("from")), "")
    return Author(_shown(post.authors[0].name), post.authors[0].address)


def marks(list_id: int, sent_at: datetime, files: bool) -> list[str]:
    """Words that narrow a search and that nobody can type, as they are matched in a column of their own."""
    return [f"l{list_id}", f"y{sent_at.year}", *(["f"] if files else [])]


def is_file(part: Part) -> bool:
    """Whether a leaf is an attachment: it has a name, or is none of the texts that make the body."""
    return bool(part.filename) or not (is_body(part) and part.content_type.startswith("text/"))


def _credible(date: datetime | None, received_at: datetime) -> bool:
    return date is not None and received_at - BEHIND <= date <= received_at + AHEAD


def not_for_the_archive(post: Post) -> bool:
    """What its author asked for: X-No-Archive: yes, and Mailman's X-Archive: no (habits, no RFC)."""
    return post.first("x-no-archive").lower() == "yes" or post.first("x-archive").lower() == "no"


_SPACES = re.compile(r"\s+")


def _shown(name: str) -> str:
    return _SPACES.sub(" ", name).strip()[:200]
