"""Threads as the rows of a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from listserver.core.masking import author, masked
from listserver.core.slug import slug
from listserver.core.subject import untagged
from listserver.store.fronts import Topic
from listserver.store.lists import List
from listserver.web.visit import Visit
from listserver.web.words import reading

SOMEBODY = "Somebody"


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows of a thread; all text is fit for visitors."""

    url: str
    subject: str
    opening: str
    asker: str
    replies: int
    last: str
    first_at: datetime
    last_at: datetime
    answered: bool
    asked: str
    waiting: str


def thread_url(visit: Visit, lst: List, identifier: str, subject: str) -> str:
    """The path of a thread's page."""
    name = slug(masked(untagged(subject, lst.name)))
    return f"{visit.root}/{lst.name}/t/{identifier}/{name}"


def title(visit: Visit, lst: List, subject: str) -> str:
    """A subject as a page of the list shows it."""
    shown = " ".join(masked(untagged(subject, lst.name)).split())
    return shown or reading(visit, lst).say("(no subject)")


def row(visit: Visit, lst: List, topic: Topic) -> Row:
    """One thread."""
    words = reading(visit, lst)
    return Row(
        url=thread_url(visit, lst, topic.identifier, topic.subject),
        subject=title(visit, lst, topic.subject),
        opening=masked(topic.opening),
        asker=author(topic.name, topic.address, words.say(SOMEBODY)),
        replies=topic.posts - 1,
        last=author(topic.last_name, topic.last_address, words.say(SOMEBODY)),
        first_at=topic.first_at,
        last_at=topic.last_at,
        answered=topic.answered,
        asked=words.dates.when(topic.first_at, visit.now),
        waiting=words.dates.age(topic.first_at, visit.now),
    )


def rows(visit: Visit, lst: List, topics: Iterable[Topic]) -> list[Row]:
    """Several threads."""
    return [row(visit, lst, topic) for topic in topics]


def by_day(visit: Visit, lst: List, found: list[Row]) -> list[tuple[str, bool, list[Row]]]:
    """Rows under the day of their last post, under the month where days have few; whether it is a month."""
    days = {row.last_at.date() for row in found}
    sparse = 2 * len(days) > len(found)
    dates = reading(visit, lst).dates

    def place(one: Row) -> tuple[str, bool]:
        older = (visit.now.date() - one.last_at.date()).days >= 7
        if sparse and older:
            return dates.month(one.last_at), True
        return dates.title(one.last_at, visit.now), False

    return [(name, wide, list(some)) for (name, wide), some in groupby(found, place)]
