"""What the API says of lists, threads, posts and hits. The description of the API is made from these types."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from listserver.core import content
from listserver.core.masking import author, masked
from listserver.store.lists import List
from listserver.store.paging import PostRow, ThreadRow
from listserver.store.search import Hit
from listserver.web import posts as pages
from listserver.web.body import body
from listserver.web.rows import thread_url, title
from listserver.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ListValue:
    """A mailing list."""

    name: Annotated[str, "Its name, by which the API knows it."]
    title: Annotated[str, "What it is called; may be empty."]
    description: Annotated[str, "What it is for; may be empty."]
    language: Annotated[str, "Its language (BCP 47)."]
    address: Annotated[str, "Where one writes to it."]
    url: Annotated[str, "Its page."]
    threads: Annotated[int, "How many threads it has."]
    posts: Annotated[int, "How many posts it has."]
    last_post_at: Annotated[datetime | None, "When its newest post came; null if there is none."]


@dataclass(frozen=True, slots=True)
class ThreadValue:
    """A thread: a post and all that answers it."""

    id: Annotated[str, "Its identifier, which is that of its first post and never changes."]
    list: Annotated[str, "The name of its list."]
    subject: Annotated[str, "Its subject."]
    url: Annotated[str, "Its page."]
    author: Annotated[str, "Who began it: a name, or m…@ where there is none; may be empty."]
    opening: Annotated[str, "The first sentence of its first post; may be empty."]
    posts: Annotated[int, "How many posts it has."]
    first_at: Annotated[datetime, "When its first post was written."]
    last_at: Annotated[datetime, "When its newest post came."]
    answered: Annotated[bool, "Whether its author said that it is answered."]


@dataclass(frozen=True, slots=True)
class FileValue:
    """An attachment."""

    name: Annotated[str, "Its name."]
    type: Annotated[str, "Its media type, as the mail says."]
    size: Annotated[int, "Its octets, about."]
    url: Annotated[str, "Where it is."]


@dataclass(frozen=True, slots=True)
class PostValue:
    """A post."""

    id: Annotated[str, "Its identifier, which never changes."]
    list: Annotated[str, "The name of its list."]
    number: Annotated[int, "Its number on the list."]
    thread: Annotated[str, "The identifier of its thread."]
    answers: Annotated[str | None, "The identifier of the post that it answers; null if none is here."]
    subject: Annotated[str, "Its subject."]
    author: Annotated[str, "A name, or m…@ where there is none."]
    author_address: Annotated[str | None, "Their address, for members where the list shows it; else null."]
    sent_at: Annotated[datetime, "When it was written."]
    message_id: Annotated[str, "Its Message-ID, an address in it masked."]
    url: Annotated[str, "Its page, the permanent link."]
    text: Annotated[str, "Its author's own words, without quotes and signature."]
    html: Annotated[str, "All of it, quotes included, as HTML that is safe to show."]
    files: Annotated[tuple[FileValue, ...], "Its attachments."]


@dataclass(frozen=True, slots=True)
class HitValue:
    """A post that was found."""

    id: Annotated[str, "The identifier of the post."]
    list: Annotated[str, "The name of its list."]
    thread: Annotated[str, "The identifier of its thread."]
    subject: Annotated[str, "Its subject."]
    author: Annotated[str, "A name, or m…@ where there is none."]
    sent_at: Annotated[datetime, "When it was written."]
    url: Annotated[str, "Its page."]
    extract: Annotated[str, "The part of its text in which the words stand."]
    matches: Annotated[int, "How many posts of the thread match."]
    answered: Annotated[bool, "Whether the thread is answered."]


def of_list(visit: Visit, lst: List) -> ListValue:
    """A list as the API says it."""
    about = lst.settings
    return ListValue(
        name=lst.name,
        title=masked(about.title),
        description=masked(about.description),
        language=about.language,
        address=visit.site.address(lst.name),
        url=f"{visit.base}/{lst.name}/",
        threads=lst.threads,
        posts=lst.posts,
        last_post_at=lst.last_post_at,
    )


def of_thread(visit: Visit, lst: List, row: ThreadRow) -> ThreadValue:
    """A thread as the API says it."""
    return ThreadValue(
        id=row.identifier,
        list=lst.name,
        subject=title(visit, lst, row.subject),
        url=_whole(visit, thread_url(visit, lst, row.identifier, row.subject)),
        author=author(row.name, row.address) if row.name or row.address else "",
        opening=masked(row.opening),
        posts=row.posts,
        first_at=row.first_at,
        last_at=row.last_at,
        answered=row.answered,
    )


def of_post(visit: Visit, lst: List, row: PostRow, packed: bytes) -> PostValue:
    """A post as the API says it. packed: its content."""
    line, said = row.post, content.opened(packed)
    files = [(pages.file(visit, lst, line, place, one), one) for place, one in enumerate(said.files, 1)]
    return PostValue(
        id=line.identifier,
        list=lst.name,
        number=line.number,
        thread=row.thread,
        answers=row.parent,
        subject=title(visit, lst, line.subject),
        author=author(line.author_name, line.author_address),
        author_address=line.author_address if visit.viewer.sees_addresses(lst) else None,
        sent_at=line.sent_at,
        message_id=masked(line.message_id),
        url=_whole(visit, pages.post_url(visit, lst, line.identifier)),
        text=visit.mask(lst)(content.own_words(said.blocks)),
        html=str(body(said.blocks, visit.mask(lst))),
        files=tuple(FileValue(one.name, kept.content_type, kept.size, _whole(visit, one.url)) for one, kept in files),
    )


def of_hit(visit: Visit, lst: List, hit: Hit) -> HitValue:
    """A hit as the API says it."""
    return HitValue(
        id=hit.identifier,
        list=lst.name,
        thread=hit.thread_identifier,
        subject=title(visit, lst, hit.subject),
        author=author(hit.author_name, hit.author_address),
        sent_at=hit.sent_at,
        url=_whole(visit, pages.post_url(visit, lst, hit.identifier)),
        extract=masked("".join(piece.text for piece in hit.extract)),
        matches=hit.matches,
        answered=hit.answered,
    )


def _whole(visit: Visit, path: str) -> str:
    return visit.base.removesuffix(visit.root) + path
