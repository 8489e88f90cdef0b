"""A process that reads mails and makes them ready (`python -m listserver.preparing_process`), for preparing.py.

It imports nothing but core. It begins with an empty answer; then each request is a head (`Asked`, pickled) and the
mail, both with their lengths before them, and each answer is a pickle with its length before it. It ends with its
input.
"""

import pickle
import signal
import struct
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from listserver.core.filing import Prepared, prepare
from listserver.core.message import Post, read
from listserver.core.packing import pack

LENGTHS = struct.Struct(">II")
LENGTH = struct.Struct(">I")
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
    head = pickle.dumps(tuple(asked), pickle.HIGHEST_PROTOCOL)
    return b"".join((LENGTHS.pack(len(head), len(raw)), head, raw))


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


def serve(reading: BinaryIO, writing: BinaryIO) -> None:
    """Answer until the input ends."""
    writing.write(LENGTH.pack(0))
    writing.flush()
    while len(lengths := reading.read(LENGTHS.size)) == LENGTHS.size:
        head, mail = (reading.read(length) for length in LENGTHS.unpack(lengths))
        octets = answer(Asked(*pickle.loads(head)), mail)  # noqa: S301 (the process that started this one wrote it)
        writing.write(LENGTH.pack(len(octets)) + octets)
        writing.flush()


if __name__ == "__main__":
    # Who asks ends us, by closing the pipe: it takes mails while it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError):  # nobody is there any more
        serve(sys.stdin.buffer, sys.stdout.buffer)
