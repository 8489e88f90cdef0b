"""A process that signs and does nothing else (`python -m listserver.delivery.signing_process`), for signers.py.

`cryptography` holds Python's lock while it signs, so threads would gain nothing. It is greeted with the keys; a request
is the number of one of them and digests of 32 octets, an answer the signatures, one behind the other.
"""

import struct
from collections.abc import Callable, Sequence

from listserver.core.signing import load_key
from listserver.helper_process import run

NUMBER = struct.Struct(">I")
DIGEST = 32


def greeting(pems: Sequence[bytes]) -> bytes:
    """What a process is told first."""
    return b"".join(NUMBER.pack(len(pem)) + pem for pem in pems)


def request(number: int, digests: Sequence[bytes]) -> bytes:
    """What it is asked: signatures by the key of that number."""
    return NUMBER.pack(number) + b"".join(digests)


def begin(greeting: bytes) -> Callable[[bytes], bytes]:
    """What signs with the keys of the greeting."""
    keys = []
    place = 0
    while place < len(greeting):
        (length,) = NUMBER.unpack_from(greeting, place)
        place += NUMBER.size + length
        keys.append(load_key("", "", greeting[place - length : place]))

    def answer(request: bytes) -> bytes:
        (number,) = NUMBER.unpack_from(request)
        digests = (request[start : start + DIGEST] for start in range(NUMBER.size, len(request), DIGEST))
        return b"".join(map(keys[number].sign_digest, digests))

    return answer


if __name__ == "__main__":
    run(begin)
