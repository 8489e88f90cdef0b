"""A process that reads mails and makes them ready (`python -m listserver.preparing_process`), for preparing.py.

It imports nothing but core. A request is an `Asked` and the mail, an answer what `answer` says, both as pickles.
"""

import pickle
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from listserver.core.filing import Prepared, prepare
from listserver.core.message import Post, read
from listserver.core.packing import pack
from listserver.helper_process import run

_NOT_SENT = ("raw", "lines", "text")  # who asks has the bytes; of the rest hardly anything is looked at again


class Asked(NamedTuple):
    """For which list a mail is made ready, if it is for one. language: ISO 639-1. at: when it came."""

    list_id: int | None
    language: str
    at: datetime


class Answer(NamedTuple):
    """A mail as read, packed for the store, and as it will stand in the archive, if a list was named."""

    post: Post
    packed: tuple[str, bytes]
    prepared: Prepared | None


def request(asked: Asked, raw: bytes) -> bytes:
    """What a process is asked."""
    return pickle.dumps((tuple(asked), raw), pickle.HIGHEST_PROTOCOL)


def answer(asked: Asked, raw: bytes) -> bytes:
    """What it answers. A fault of ours that a mail shows is no answer: whoever asks meets it where it is logged."""
    try:
        post = read(raw)
        _ = post.own, post.automatic, post.content_hash  # worked out here, and kept by the post
        packed = pack(raw)
        prepared = None
        if asked.list_id is not None:
            prepared = prepare(post, asked.list_id, asked.language, asked.at, packed=packed)
    except Exception:
        return pickle.dumps(None)
    state = {name: value for name, value in vars(post).items() if name not in _NOT_SENT}
    fields = None if prepared is None else tuple(getattr(prepared, name) for name in Prepared.__dataclass_fields__)
    return pickle.dumps((state, packed, fields), pickle.HIGHEST_PROTOCOL)


def opened(octets: bytes, raw: bytes) -> Answer | None:
    """An answer about this mail."""
    told: Any = pickle.loads(octets)  # noqa: S301 (a process of ours wrote it)
    if told is None:
        return None
    state, packed, fields = told
    post = Post.__new__(Post)
    vars(post).update(state, raw=raw)
    return Answer(post, packed, None if fields is None else Prepared(*fields))


def begin(greeting: bytes) -> Callable[[bytes], bytes]:
    """What answers requests; there is nothing to be told before."""
    return _answered


def _answered(asked: bytes) -> bytes:
    head, raw = pickle.loads(asked)  # noqa: S301 (the process that started this one wrote it)
    return answer(Asked(*head), raw)


if __name__ == "__main__":
    run(begin)
