"""Where a post stands: which post it answers, and which thread it is in.

References and In-Reply-To decide; where they lead nowhere, the subject does, within a window. Posts come in any order:
one that names a parent that is not here waits for it, and all who name the same absent post are one thread. Whatever
is forged, parents form a forest, and each post costs steps that do not grow with the archive.
"""

import base64
import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Generic, TypeVar

from listserver.core.subject import changed_subject, parse_subject, subject_key

__all__ = [
    "Newcomer",
    "Shelf",
    "Standing",
    "Thread",
    "Waiting",
    "changed_subject",
    "identifier",
    "lineage",
    "outline",
    "subject_key",
]

WINDOW = timedelta(days=30)  # how long after a post a "Re:" without usable references still joins its thread
SLACK = timedelta(days=1)  # by which clocks may differ
MOST_NAMED = 50  # ancestors of a post that count (standards R7)


@lru_cache(maxsize=8192)  # filing asks for it several times a post
def identifier(list_name: str, message_id: str, content_hash: bytes = b"") -> str:
    """The ten characters by which a post is found for ever (archive-design: base32 of SHA-256, lower case).

    content_hash: given only for a second post with a Message-ID that the list has already.
    """
    digest = hashlib.sha256(b"\0".join((list_name.encode(), message_id.encode("utf-8", "replace"), content_hash)))
    return base64.b32encode(digest.digest()[:7])[:10].decode().lower()


def lineage(message_id: str, in_reply_to: Sequence[str], references: Sequence[str]) -> tuple[str, ...]:
    """The ancestors a post names, nearest first, each once, itself never (RFC 5322 §3.6.4).

    In-Reply-To goes first: programs that shorten or disorder References (notmuch's parent-priority set) leave it right.
    """
    named = dict.fromkeys((*reversed(in_reply_to), *reversed(references)))
    named.pop(message_id, None)
    return tuple(named)[:MOST_NAMED]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A post to be placed. id: not yet in use. lineage: as the function of that name says."""

    id: int
    identifier: str
    message_id: str
    subject: str
    sent_at: datetime
    lineage: tuple[str, ...]


@dataclass(slots=True)
class Standing:
    """A post and its place. parent_id: the nearest ancestor that is here, perhaps in another thread.

    distance: 0 if that is the very post it answers, n if n posts between are not here; of no meaning without a parent.
    """

    id: int
    identifier: str
    message_id: str
    subject: str
    sent_at: datetime
    thread_id: int
    parent_id: int | None = None
    distance: int = 0


@dataclass(slots=True)
class Thread:
    """A thread; it has the id of the post that began it when it was filed. parent_id: the thread it grew out of."""

    id: int
    identifier: str
    subject: str
    root_id: int
    parent_id: int | None
    posts: int
    first_at: datetime
    last_at: datetime
    last_id: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post names an ancestor that is not here, `distance` steps away.

    joins: whoever names the same absent post is in one thread with it (true for one post per absent ancestor).
    """

    message_id: str
    post_id: int
    distance: int
    joins: bool


@dataclass(slots=True)
class Shelf:
    """The part of a list's archive that bears on some new posts: loaded, posts placed, changes written back.

    posts, threads: by id. named: by Message-ID. joins: by the Message-ID of an absent post, one of those who name it.
    awaiting: by the same, all posts that wait for it. recent: by subject key, the newest post within reach.
    The rest is what has changed.
    """

    posts: dict[int, Standing] = field(default_factory=dict)
    threads: dict[int, Thread] = field(default_factory=dict)
    named: dict[str, Standing] = field(default_factory=dict)
    joins: dict[str, Standing] = field(default_factory=dict)
    awaiting: dict[str, list[Waiting]] = field(default_factory=dict)
    recent: dict[str, Standing] = field(default_factory=dict)

    began: set[int] = field(default_factory=set)  # threads that are new
    touched: set[int] = field(default_factory=set)  # threads, new or not, whose row changed
    reparented: set[int] = field(default_factory=set)  # posts that stood here already
    merged: dict[int, int] = field(default_factory=dict)  # thread that is no more -> thread that has its posts
    waits: list[Waiting] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)  # Message-IDs for which nobody waits any more

    def know(self, post: Standing) -> Standing:
        """Put a post that is filed already on the shelf, once."""
        return self.posts.setdefault(post.id, post)

    def offer(self, post: Standing) -> None:
        """Let later posts find this one by its subject."""
        key = subject_key(post.subject)
        other = self.recent.get(key)
        if key and (other is None or other.sent_at <= post.sent_at):
            self.recent[key] = post

    def thread_of(self, post: Standing) -> Thread:
        """The thread a post is in after all merges so far."""
        thread_id = post.thread_id
        while thread_id in self.merged:
            thread_id = self.merged[thread_id]
        post.thread_id = thread_id
        return self.threads[thread_id]

    def place(self, new: Newcomer) -> Standing:
        """Give a post its place; adopt those that waited for it."""
        distance, parent = self._nearest(new.lineage)
        post = Standing(new.id, new.identifier, new.message_id, new.subject, new.sent_at, new.id)
        if parent is not None:
            post.parent_id, post.distance = parent.id, distance
        absent = self._absent(new, parent, distance)
        self._settle(post, self._homes(post, parent, absent), parent)
        for step, name in absent:
            joins = name not in self.joins and not parse_subject(post.subject).renamed
            self._wait(Waiting(name, post.id, step, joins), post)
        self.posts[post.id] = post
        self._adopt(post, parent)
        self._root(self.thread_of(post))
        self.named.setdefault(post.message_id, post)
        self.offer(post)
        return post

    def _nearest(self, ancestors: Sequence[str]) -> tuple[int, Standing | None]:
        for distance, name in enumerate(ancestors):
            if name in self.named:
                return distance, self.named[name]
        return len(ancestors), None

    def _absent(self, new: Newcomer, parent: Standing | None, distance: int) -> list[tuple[int, str]]:
        """The named ancestors to wait for: those nearer than the parent; the others are its own business, save where
        it names none (a tracker's made-up ancestor, as in notmuch's ghost-root set) and is of the same topic."""
        own = parent is not None and (parent.parent_id is not None or _apart(new, parent) or _renamed(parent))
        until = distance if own else len(new.lineage)
        return [(i, name) for i, name in enumerate(new.lineage[:until]) if name not in self.named]

    def _homes(self, post: Standing, parent: Standing | None, absent: Iterable[tuple[int, str]]) -> list[Thread]:
        """The threads that the post belongs to; more than one: it shows that they are one."""
        found = []
        if parent is not None:
            if changed_subject(post.subject, parent.subject):
                return []
            found.append(parent)
        for _, name in absent:
            fellow = self.joins.get(name)
            if fellow is not None and not _apart(post, fellow):
                found.append(fellow)
        subject = parse_subject(post.subject)
        like = self.recent.get(subject.key)
        if not found and subject.reply and like is not None and -SLACK <= post.sent_at - like.sent_at <= WINDOW:
            found.append(like)
        return list({thread.id: thread for thread in map(self.thread_of, found)}.values())

    def _settle(self, post: Standing, homes: list[Thread], parent: Standing | None) -> None:
        if not homes:
            grew_from = self.thread_of(parent).id if parent is not None else None
            at = post.sent_at
            self.threads[post.id] = Thread(
                post.id, post.identifier, post.subject, post.id, grew_from, 1, at, at, post.id
            )
            self.began.add(post.id)
            self.touched.add(post.id)
            return
        home = homes[0]
        for other in homes[1:]:
            home = self._merge(home, other)
        post.thread_id = home.id
        home.posts += 1
        home.first_at = min(home.first_at, post.sent_at)
        if post.sent_at >= home.last_at:
            home.last_at, home.last_id = post.sent_at, post.id
        self.touched.add(home.id)

    def _wait(self, waiting: Waiting, post: Standing) -> None:
        self.awaiting.setdefault(waiting.message_id, []).append(waiting)
        if waiting.joins:
            self.joins[waiting.message_id] = post
        self.waits.append(waiting)

    def _adopt(self, post: Standing, parent: Standing | None) -> None:
        """Posts that named this one come under it, unless it already hangs below them (a forged circle)."""
        waiting = self.awaiting.pop(post.message_id, [])
        if not waiting:
            return
        self.arrived.add(post.message_id)
        self.joins.pop(post.message_id, None)
        above = self._ancestors(parent)
        for wait in waiting:
            child = self.posts[wait.post_id]
            nearer = child.parent_id is None or wait.distance < child.distance
            if nearer and (child.id in above or None in above):
                continue
            if nearer:
                child.parent_id, child.distance = post.id, wait.distance
                self.reparented.add(child.id)
            if not changed_subject(child.subject, post.subject):
                self._merge(self.thread_of(post), self.thread_of(child))
            elif nearer and self.thread_of(child).root_id == child.id:
                self._grow(self.thread_of(child), self.thread_of(post))

    def _ancestors(self, post: Standing | None) -> set[int | None]:
        """Ids of a post and all above it; None is among them if not all of them are on the shelf."""
        above: set[int | None] = set()
        while post is not None:
            above.add(post.id)
            if post.parent_id is None:
                break
            post = self.posts.get(post.parent_id)
        else:
            above.update({None} if above else ())
        return above

    def _root(self, home: Thread) -> None:
        """If the first post of a thread has found its parent there, the thread begins further up."""
        top = self.posts.get(home.root_id)
        while top is not None:
            home.root_id, home.identifier, home.subject = top.id, top.identifier, top.subject
            above = self.posts.get(top.parent_id or 0)
            top = above if above is not None and self.thread_of(above) is home else None

    def _grow(self, thread: Thread, out_of: Thread) -> None:
        thread.parent_id = out_of.id
        self.touched.add(thread.id)

    def _merge(self, one: Thread, other: Thread) -> Thread:
        """Two threads are one: the larger keeps its row, so that all merges together cost n log n moves."""
        if one is other:
            return one
        keep, gone = (one, other) if (one.posts, -one.id) >= (other.posts, -other.id) else (other, one)
        first = min(keep, gone, key=lambda t: t.root_id)
        keep.root_id, keep.identifier, keep.subject = first.root_id, first.identifier, first.subject
        keep.parent_id = next(
            (t.parent_id for t in (first, keep, gone) if t.parent_id not in (None, keep.id, gone.id)), None
        )
        keep.posts += gone.posts
        keep.first_at = min(keep.first_at, gone.first_at)
        if gone.last_at > keep.last_at:
            keep.last_at, keep.last_id = gone.last_at, gone.last_id
        del self.threads[gone.id]
        self.merged[gone.id] = keep.id
        self.touched.discard(gone.id)
        self.touched.add(keep.id)
        return keep


def _renamed(post: Standing | Newcomer) -> bool:
    return parse_subject(post.subject).renamed


def _apart(one: Standing | Newcomer, other: Standing) -> bool:
    """Whether one of the two says that it is about something else than the other."""
    return changed_subject(one.subject, other.subject) or changed_subject(other.subject, one.subject)


K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line(Generic[K]):
    """One line of a thread's outline. depth: 0 for posts whose parent is not in the thread."""

    id: K
    depth: int


def outline(posts: Iterable[tuple[K, K | None, datetime]]) -> list[Line[K]]:
    """The reading order of a thread: depth-first, so an answer follows its question; siblings by date.

    posts: (id, parent id, sent_at) of one thread, ids unique, without circles.
    """
    answers: dict[K | None, list[tuple[datetime, K]]] = {}
    rows = list(posts)
    here = {row[0] for row in rows}
    for key, parent, at in rows:
        answers.setdefault(parent if parent in here else None, []).append((at, key))
    lines: list[Line[K]] = []
    stack = [(key, 0) for _, key in sorted(answers.get(None, ()), reverse=True)]
    while stack:
        key, depth = stack.pop()
        lines.append(Line(key, depth))
        stack.extend((k, depth + 1) for _, k in sorted(answers.get(key, ()), reverse=True))
    return lines
