"""Signatures of personal copies, made by processes beside ours: on as many cores as the machine has."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from listserver.core.signing import Key
from listserver.delivery.copies import Lot, Mailing, Recipient
from listserver.delivery.signing_process import READY, REQUEST, greeting

MOST = 8  # processes
FIRST = 4  # copies that are signed before the first leaves
AHEAD = 50  # copies that are signed together
ROOM = 16_000_000  # octets of the mailings of which they are
IDLE = 60.0  # seconds without work after which they end

Digests = Sequence[bytes]  # of one copy: what each key signs
Values = Sequence[bytes]  # its signatures


class Signers:
    """Starts its processes when first asked, and anew when asked after a rest. monotonic: seconds."""

    def __init__(self, keys: tuple[Key, ...], monotonic: Callable[[], float]) -> None:
        self.keys = keys
        self._monotonic = monotonic
        self._processes: list[_Signing] = []
        self._starting: asyncio.Task[None] | None = None
        self._used = 0.0

    async def values(self, copies: Sequence[Digests]) -> list[Values]:
        """The signatures of these copies, in their order. What no process can sign just now, this one does."""
        self._used = self._monotonic()
        columns = [await self._column(number, [copy[number] for copy in copies]) for number in range(len(self.keys))]
        return list(zip(*columns, strict=True))

    async def _column(self, number: int, digests: Sequence[bytes]) -> list[bytes]:
        key = self.keys[number]
        if isinstance(key.private, rsa.RSAPrivateKey):  # Ed25519 takes a tenth: handing it over would gain nothing
            if not self._processes and self._starting is None:
                self._starting = asyncio.get_running_loop().create_task(self._start())
            size = (key.private.key_size + 7) // 8
            while self._processes:
                process = min(self._processes, key=lambda one: one.waiting)
                try:
                    return await process.sign(number, size, digests)
                except (OSError, EOFError):  # it was ended by somebody
                    await self._drop(process)
        return [key.sign_digest(digest) for digest in digests]

    async def _start(self) -> None:
        with suppress(OSError, EOFError):  # without them it goes on, at the pace of one core
            await self._start_all()

    async def _start_all(self) -> None:
        pems = [key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in self.keys]
        for _ in range(min(len(os.sched_getaffinity(0)), MOST)):
            self._processes.append(await _Signing.start(pems))

    async def _drop(self, process: "_Signing") -> None:
        if process in self._processes:
            self._processes.remove(process)
            await process.close()

    async def started(self) -> None:
        """Wait until all processes are there, if any were asked for."""
        if self._starting is not None:
            await asyncio.wait([self._starting])

    async def tidy(self) -> None:
        """End what nobody needed for a while."""
        if self._starting is not None and self._monotonic() - self._used > IDLE:
            await self.close()

    async def close(self) -> None:
        """End the processes; who asks again starts new ones."""
        await self.started()
        self._starting = None
        for process in tuple(self._processes):
            await self._drop(process)


class _Signing:
    """One process. It answers requests in their order, and who asked waits for the turn of his own."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.waiting = 0  # signatures
        self._process = process
        self._into, self._out = process.stdin, process.stdout
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, pems: Sequence[bytes]) -> "_Signing":
        """One that has read its keys. Raises OSError, EOFError."""
        command = (sys.executable, "-m", "listserver.delivery.signing_process")
        made = cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        made._into.write(greeting(pems))
        await made._out.readexactly(len(READY))
        return made

    async def sign(self, number: int, size: int, digests: Sequence[bytes]) -> list[bytes]:
        """Signatures of `size` octets. Raises OSError, EOFError."""
        self.waiting += len(digests)
        try:
            self._into.write(REQUEST.pack(number, len(digests)) + b"".join(digests))
            async with self._turn:
                octets = await self._out.readexactly(size * len(digests))
        except BaseException:  # an answer that nobody reads would be taken for the next one
            self._end()
            raise
        finally:
            self.waiting -= len(digests)
        return [octets[n : n + size] for n in range(0, len(octets), size)]

    async def close(self) -> None:
        self._end()
        await self._process.wait()

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


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
