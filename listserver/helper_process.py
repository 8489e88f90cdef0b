"""What a process of helpers.py does: it answers requests, one after the other, until nobody can ask any more.

Its standard input and output are one socket. On it goes either way: an octet string with its length before it. The
first that it is told is a greeting, which it answers, empty, once it is ready; each request after it has one answer, in
their order. When the other end is gone, however that came, the socket has an end, and so has the process.
"""

import multiprocessing
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import BinaryIO

LENGTH = struct.Struct(">I")

Answering = Callable[[bytes], bytes]


def framed(octets: bytes) -> bytes:
    """As it goes over the socket."""
    return LENGTH.pack(len(octets)) + octets


def run(begin: Callable[[bytes], Answering]) -> None:
    """The whole life of this process. begin: from the greeting to what answers requests."""
    # Who asks ends us: it has work for us while it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError), socket.socket(fileno=0) as ours:  # OSError: nobody is there any more
        serve(ours, begin)


def end_with_parent() -> None:
    """Let this process of a pool end when the one that it works for is gone: a pool that was killed tells nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def serve(ours: socket.socket, begin: Callable[[bytes], Answering]) -> None:
    """Answer until the other end is gone. Raises OSError where that happens between a request and its answer."""
    with ours.makefile("rb") as reading:
        greeting = _next(reading)
        if greeting is None:
            return
        answer = begin(greeting)
        ours.sendall(framed(b""))
        while (request := _next(reading)) is not None:
            ours.sendall(framed(answer(request)))


def _next(reading: BinaryIO) -> bytes | None:
    head = reading.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    octets = reading.read(length)
    return octets if len(octets) == length else None
