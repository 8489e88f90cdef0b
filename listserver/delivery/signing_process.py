"""A process that signs and does nothing else (`python -m listserver.delivery.signing_process`), for signers.py.

`cryptography` holds Python's lock while it signs, so threads would gain nothing. It reads from standard input: the
number of keys, each key as its length and PEM; then requests, each the number of a key, a count, and so many digests of
32 octets. It says READY, answers each request with the signatures, one behind the other, and ends with its input.
"""

import signal
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

from listserver.core.signing import Key, load_key

NUMBER = struct.Struct(">I")
REQUEST = struct.Struct(">II")
DIGEST = 32
READY = b"!"


def greeting(pems: Sequence[bytes]) -> bytes:
    """What a process is told first."""
    return NUMBER.pack(len(pems)) + b"".join(NUMBER.pack(len(pem)) + pem for pem in pems)


def serve(read: BinaryIO, write: BinaryIO) -> None:
    """Sign until the input ends."""
    (count,) = NUMBER.unpack(read.read(NUMBER.size))
    keys: list[Key] = []
    for _ in range(count):
        (length,) = NUMBER.unpack(read.read(NUMBER.size))
        keys.append(load_key("", "", read.read(length)))
    write.write(READY)
    write.flush()
    while len(head := read.read(REQUEST.size)) == REQUEST.size:
        number, count = REQUEST.unpack(head)
        key, digests = keys[number], read.read(DIGEST * count)
        if len(digests) < DIGEST * count:
            return
        write.write(b"".join(key.sign_digest(digests[n : n + DIGEST]) for n in range(0, len(digests), DIGEST)))
        write.flush()


if __name__ == "__main__":
    # Who asks ends us, by closing the pipe: it signs on while it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
