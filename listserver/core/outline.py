"""The order in which a thread is read: each post, then its answers, so that an answer follows its question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Placed(Protocol):
    """What is known of a post for placing it."""

    @property
    def id(self) -> int: ...
    @property
    def parent_id(self) -> int | None: ...


T = TypeVar("T", bound=Placed)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A post in its place. depth: 0 for one that answers nothing here. parent: what it answers, if that is here."""

    post: T
    depth: int
    parent: T | None
    leaf: bool


def outline(posts: Sequence[T]) -> list[Entry[T]]:
    """The posts, depth first; answers to one post stand in the order given. Linear, no recursion."""
    here = {post.id: post for post in posts}
    answers: dict[int, list[T]] = {}
    roots: list[T] = []
    for post in posts:
        if post.parent_id is not None and post.parent_id in here and post.parent_id != post.id:
            answers.setdefault(post.parent_id, []).append(post)
        else:
            roots.append(post)
    entries: list[Entry[T]] = []
    waiting: list[tuple[T, int, T | None]] = [(root, 0, None) for root in reversed(roots)]
    while waiting:
        post, depth, parent = waiting.pop()
        below = answers.get(post.id, [])
        entries.append(Entry(post, depth, parent, not below))
        waiting += [(answer, depth + 1, post) for answer in reversed(below)]
    return entries


def pages(sizes: Sequence[int], most: int, room: int) -> list[int]:
    """Where each page of a long thread begins: at most `most` posts and, but for a single one, `room` in sum."""
    starts = [0]
    used = 0
    for at, size in enumerate(sizes):
        if at > starts[-1] and (at - starts[-1] == most or used + size > room):
            starts.append(at)
            used = 0
        used += size
    return starts
