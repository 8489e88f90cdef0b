"""Signatures of personal copies, made by processes beside ours (helpers.py): on as many cores as the machine has."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from listserver.core.signing import Key
from listserver.delivery.copies import Lot, Mailing, Recipient
from listserver.delivery.signing_process import greeting, request
from listserver.helpers import Helpers

MOST = 8  # processes
FIRST = 4  # copies that are signed before the first leaves
AHEAD = 50  # copies that are signed together
ROOM = 16_000_000  # octets of the mailings of which they are

Digests = Sequence[bytes]  # of one copy: what each key signs
Values = Sequence[bytes]  # its signatures


class Signers:
    """Our keys, and who signs with them."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self.keys = keys
        pems = [key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys]
        most = min(len(os.sched_getaffinity(0)), MOST)
        self._helpers = Helpers("listserver.delivery.signing_process", most, greeting(pems))

    async def values(self, copies: Sequence[Digests]) -> list[Values]:
        """The signatures of these copies, in their order. What no process can sign just now, this one does."""
        columns = [await self._column(number, [copy[number] for copy in copies]) for number in range(len(self.keys))]
        return list(zip(*columns, strict=True))

    async def _column(self, number: int, digests: Sequence[bytes]) -> list[bytes]:
        key = self.keys[number]
        if isinstance(key.private, rsa.RSAPrivateKey):  # Ed25519 takes a tenth: handing it over would gain nothing
            octets = await self._helpers.ask(request(number, digests), len(digests))
            if octets is not None:
                size = (key.private.key_size + 7) // 8
                return [octets[start : start + size] for start in range(0, len(octets), size)]
        return [key.sign_digest(digest) for digest in digests]

    async def close(self) -> None:
        """End the processes; who asks again starts new ones."""
        await self._helpers.close()


Personal = tuple[Mailing, Recipient]  # a copy, before it is made


async def personal(mailing: Mailing, members: Sequence[Recipient]) -> AsyncIterator[Personal]:
    """The copies of one mailing."""
    for member in members:
        yield mailing, member


async def signed(signers: Signers, copies: AsyncIterator[Personal]) -> AsyncIterator[Lot]:
    """Personal copies, signed, in their order; while some leave, the next are signed."""
    portion, values = await _begin(signers, copies, FIRST)
    while portion:
        following = await _begin(signers, copies, AHEAD)
        for (mailing, recipient), own in zip(portion, await values, strict=True):
            yield Lot(mailing.copy(recipient, own), (recipient,))
        portion, values = following


async def _begin(
    signers: Signers, copies: AsyncIterator[Personal], most: int
) -> "tuple[list[Personal], asyncio.Task[list[Values]]]":
    """The next copies, and what signs them. Digests are many mailings: those of one portion have no more than ROOM."""
    portion: list[Personal] = []
    octets: dict[int, int] = {}
    while len(portion) < most and sum(octets.values()) < ROOM:
        one = await anext(copies, None)
        if one is None:
            break
        portion.append(one)
        octets[id(one[0])] = len(one[0].body)
    digests = [mailing.digest(recipient) for mailing, recipient in portion]
    return portion, asyncio.get_running_loop().create_task(signers.values(digests))
