"""Replies of real threads, as if they answered a whole digest, find the item that they quote."""

import lzma
from itertools import islice
from pathlib import Path

import pytest

from listserver.core import mbox
from listserver.core.blocks import blocks
from listserver.core.content import own_words
from listserver.core.message import Post, read
from listserver.core.quoted import Candidate, find
from listserver.core.subject import subject_key


def _posts(path: Path, count: int) -> list[Post]:
    with lzma.open(path, "rb") as file:
        head = file.peek(mbox.HEAD)
        return [read(entry.raw) for entry in islice(mbox.split(file, unquote=mbox.quotes(head)), 1_000, 1_000 + count)]


def _threads(posts: list[Post]) -> dict[str, str]:
    """Message-ID -> a name of its thread. Posts come in any order and parents are missing: subjects join as well."""
    up: dict[str, str] = {}

    def top(name: str) -> str:
        while up.setdefault(name, name) != name:
            name = up[name]
        return name

    for post in posts:
        for other in (*post.references, *filter(None, [subject_key(post.subject)])):
            up[top(post.message_id)] = top(other)
    return {post.message_id: top(post.message_id) for post in posts}


def _tried(posts: list[Post]) -> tuple[int, int, int]:
    """right, wrong, asked: each reply to one of the 30 posts before it, as if it answered a digest of them."""
    threads = _threads(posts)
    numbers = {key: number for number, key in enumerate(threads.values())}
    items = [
        Candidate(post.message_id, numbers[threads[post.message_id]], post.subject, own_words(blocks(post.text)))
        for post in posts
    ]
    right = wrong = asked = 0
    for at, post in enumerate(posts):
        digest = items[max(0, at - 30) : at]
        if not any(name in {item.identifier for item in digest} for name in post.in_reply_to):
            continue
        found = find(blocks(post.text), "Re: Talk: 25 November 2026", digest)  # only what it quotes can tell
        asked += not found.identifier
        right += threads.get(found.identifier) == threads[post.message_id]
        wrong += threads.get(found.identifier, threads[post.message_id]) != threads[post.message_id]
    return right, wrong, asked


@pytest.mark.parametrize("count", [100, pytest.param(400, marks=pytest.mark.soak)])
def test_of_real_replies_98_percent_land_in_the_right_thread(shared: Path, count: int) -> None:
    """The few others quote what its author had sent twice, under two subjects."""
    lists = ("r-sig-meta-analysis", "usrp-users")
    tried = [_tried(_posts(shared / "data" / "lists" / f"{name}.mbox.xz", count)) for name in lists]
    for name, (right, wrong, asked) in zip(lists, tried, strict=True):
        print(f"{name}: {right} right, {wrong} wrong, {asked} asked")
    right, wrong, _ = (sum(counts) for counts in zip(*tried, strict=True))
    assert right >= 0.98 * (right + wrong)
    assert right > 0.35 * 2 * count
