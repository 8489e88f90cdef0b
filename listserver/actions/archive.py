"""Verbs on the archive: file a post, hide it, delete it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from listserver.actions import access
from listserver.actions.access import Verb
from listserver.core.actor import Actor
from listserver.core.filing import Prepared, prepare
from listserver.core.packing import pack
from listserver.core.similar import telling
from listserver.core.thread import Newcomer, Shelf, identifier
from listserver.errors import Refused
from listserver.store import events, lists, posts, similar, threads
from listserver.store.lists import List
from listserver.store.posts import NewPost

__all__ = ["Duplicate", "Filed", "delete", "file", "file_all", "find", "hide", "pack", "prepare", "raw"]


@dataclass(frozen=True, slots=True)
class Filed:
    """The post is in the archive now."""

    post_id: int
    number: int
    identifier: str
    thread_id: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same post (same Message-ID, same content) was there already."""

    post_id: int
    number: int
    identifier: str


def file(conn: Connection, lst: List, post: Prepared) -> Filed | Duplicate:
    """Put one post into a list's archive: bytes, row, place in its thread, search; a fixed number of statements."""
    (outcome,) = file_all(conn, lst, [post])
    return outcome


def file_all(conn: Connection, lst: List, prepared: Sequence[Prepared], *, due: bool = True) -> list[Filed | Duplicate]:
    """Put posts into the archive in this order; about as many statements as for one.

    due: members get them; False for what they, or others, had long ago.
    """
    last_number = lists.lock(conn, lst.id)
    asked = threads.known(conn, lst.id, _identifiers(lst.name, prepared))
    wanted = posts.next_ids(conn, len(prepared))
    authors = posts.people_of(conn, {post.author_key for post in prepared} - {""})
    rows, ids, people = asked(), wanted(), authors()
    duplicates, fresh = _tell_apart(lst.name, prepared, rows, ids, last_number)
    if not fresh:
        return [found for found in duplicates if found is not None]
    newcomers = [
        Newcomer(new.id, new.identifier, new.post.message_id, new.post.subject, new.post.sent_at, new.post.lineage)
        for new in fresh
    ]
    shelf = threads.load(conn, lst.id, newcomers, _named(rows, lst.name))
    for newcomer in newcomers:
        shelf.place(newcomer)
    placed = [_placed(shelf, new, people.get(new.post.author_key), due) for new in fresh]
    begun, more_threads = threads.save_threads(conn, lst.id, shelf)
    posts.add(conn, lst.id, placed)
    subjects = {new.id: new.prepared.words.subject for new in placed}
    similar.learn(conn, lst.id, {thread: telling(subjects[thread].split()) for thread in begun})
    threads.save_waiting(conn, lst.id, shelf, set(ids))
    threads.mark_answered(conn, [(new.thread_id, new.id) for new in placed if new.prepared.solves])
    posts.count_filed(conn, lst.id, placed, more_threads)
    filed = iter([Filed(new.id, new.number, new.identifier, new.thread_id) for new in placed])
    return [found if found is not None else next(filed) for found in duplicates]


def hide(conn: Connection, actor: Actor, lst: List, number: int, now: datetime, *, hidden: bool = True) -> bool:
    """Take a post out of the readers' sight, or show it again; False if it was so already. Raises Refused."""
    access.require(conn, actor, Verb.MODERATE, lst.id)
    row = find(conn, lst, number)
    wanted = "hidden" if hidden else "shown"
    if row.state == wanted:
        return False
    posts.set_state(conn, lst.id, row.thread_id, row.id, wanted)
    name = "post-hidden" if hidden else "post-shown"
    events.record(conn, name, actor, now, list_id=lst.id, person_id=row.person_id, data={"number": number})
    return True


def delete(conn: Connection, actor: Actor, lst: List, number: int, now: datetime) -> None:
    """Remove a post for good: bytes, text, author, search row. Its place stays, so that its thread is whole."""
    access.require(conn, actor, Verb.MODERATE, lst.id)
    row = find(conn, lst, number)
    posts.empty(conn, lst.id, row.thread_id, row.id)
    events.record(conn, "post-deleted", actor, now, list_id=lst.id, person_id=row.person_id, data={"number": number})


def find(conn: Connection, lst: List, number: int) -> Row[Any]:
    """The row of the post with that number. Raises Refused if there is none, or none any more."""
    row = posts.by_number(conn, lst.id, number)
    if row is None:
        last = lists.get(conn, lst.id).last_number
        there = f"Its posts are numbered from 1 to {last}." if last else "It has no posts yet."
        raise Refused(f"There is no post {number} in {lst.name}. {there}")
    if row.state == "deleted":
        raise Refused(f"Post {number} of {lst.name} was deleted.")
    return row


def raw(conn: Connection, post_id: int) -> bytes:
    """The bytes of a post that was not deleted, as they arrived."""
    found = posts.raw_of(conn, post_id)
    if found is None:
        raise Refused("This post was deleted.")
    return found


def _identifiers(list_name: str, prepared: Sequence[Prepared]) -> list[str]:
    """Those the posts may have, and those of all they name."""
    wanted: dict[str, None] = {}
    for post in prepared:
        wanted[identifier(list_name, post.message_id)] = None
        wanted[identifier(list_name, post.message_id, post.content_hash)] = None
        for name in post.lineage:
            wanted[identifier(list_name, name)] = None
    return list(wanted)


def _named(rows: list[Row[Any]], list_name: str) -> list[Row[Any]]:
    """Rows of posts that others mean by their Message-ID: of several with the same one, the first that came."""
    return [row for row in rows if row.identifier == identifier(list_name, row.message_id)]


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A post that is not in the archive yet, with what identifies it there."""

    id: int
    number: int
    identifier: str
    post: Prepared


def _tell_apart(
    list_name: str, prepared: Sequence[Prepared], rows: list[Row[Any]], ids: list[int], last_number: int
) -> tuple[list[Duplicate | None], list[_Fresh]]:
    """For each post what it repeats (None: nothing), and those that repeat nothing."""
    there = {row.identifier: (row.message_id, row.content_hash, row.id, row.number) for row in rows}
    duplicates: list[Duplicate | None] = []
    fresh: list[_Fresh] = []
    for post_id, post in zip(ids, prepared, strict=True):
        name = identifier(list_name, post.message_id)
        if name in there and there[name][:2] != (post.message_id, post.content_hash):
            name = identifier(list_name, post.message_id, post.content_hash)
        if name in there:
            _, _, other, number = there[name]
            duplicates.append(Duplicate(other, number, name))
            continue
        new = _Fresh(post_id, last_number + len(fresh) + 1, name, post)
        there[name] = (post.message_id, post.content_hash, new.id, new.number)
        duplicates.append(None)
        fresh.append(new)
    return duplicates, fresh


def _placed(shelf: Shelf, new: _Fresh, person_id: int | None, due: bool) -> NewPost:
    place = shelf.posts[new.id]
    thread = shelf.thread_of(place)
    parent_id, distance = place.parent_id, place.distance
    return NewPost(new.id, new.number, new.identifier, person_id, thread.id, parent_id, distance, new.post, due)
