"""A name server on loopback, for tests: it answers from a zone and counts what it was asked."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]  # (absolute name, kind) -> records as in a zone file


class Mortal(dict[tuple[str, str], Sequence[str]]):
    """A zone whose server fails while it is `dead`."""

    dead = False

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        return ["SERVFAIL"] if self.dead else super().get(key, default)


class NameServer(asyncio.DatagramProtocol):
    """Answers from the zone; counts the questions. ["SILENCE"] and ["SERVFAIL"] are what they say."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records = list(self.zone.get((name, kind), []))
        if records == ["SILENCE"]:
            return
        if records == ["SERVFAIL"]:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif not any(known == name for known, _ in self.zone) and name != ".":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@contextlib.asynccontextmanager
async def name_server(zone: Zone) -> AsyncIterator[tuple[tuple[str, int], NameServer]]:
    """A running server: where it listens, and itself."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(zone), local_addr=("127.0.0.1", 0))
    try:
        host, port = transport.get_extra_info("sockname")
        yield (host, port), server
    finally:
        transport.close()


@contextlib.contextmanager
def serving(zone: Zone) -> Iterator[str]:
    """The same in a thread, for other processes: "host:port"."""
    places: list[str] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with name_server(zone) as ((host, port), _):
            places.append(f"{host}:{port}")
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield places[0]
    finally:
        over.set()
        thread.join(10)
