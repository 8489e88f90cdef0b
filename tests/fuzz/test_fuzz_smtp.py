"""Octets of strangers at the mail door: never an exception, never anything but replies, however they are cut."""

import asyncio
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from listserver import log
from listserver.smtp import Limits, Listener
from tests.doors.smtp_player import House

REPLIES = re.compile(rb"(?:(?:[245]\d\d [245]\.\d+\.\d+|220|250|354) [ -~]*\r\n|250-[ -~]*\r\n)*")
WORDS = st.sampled_from(
    (
        b"EHLO x|LHLO y|HELO|MAIL FROM:<a@b>|MAIL FROM:<| SIZE=9| SMTPUTF8|RCPT TO:<|talk@lists.example>|DATA\r\n|\r\n|"
        b"RCPT TO:<crash@lists.example>\r\n|RCPT TO:<talk@lists.example>\r\n|\r\n.\r\n|\r|\n|.|"
        b"\0|\xff|\xc3\xa4|RSET\r\n|"
        b'STARTTLS|BDAT 1 LAST|QUIT\r\n|NOOP\r\n|VRFY x\r\n|"|\\|<@a:|PROXY TCP4 |\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'
    ).split(b"|")
)
START = st.sampled_from([b"", b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<talk@lists.example>\r\nDATA\r\n", b"LHLO x\r\n"])


async def said(pieces: list[bytes], limits: Limits) -> bytes:
    """All that the door answers to these octets."""
    house = House()
    door = Listener(limits, house.accept_recipient, house.receive, house.refuse_by_mail)
    await door.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    answer = b"" if limits.proxies else await reader.readline()
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.write_eof()
        answer += await asyncio.wait_for(reader.read(), 5)
    except OSError:  # it has closed already
        pass
    writer.transport.abort()
    await door.close()
    assert door.connections == 0
    return answer


@settings(max_examples=150, deadline=None)
@given(START, st.lists(WORDS | st.binary(max_size=50), max_size=25), st.booleans(), st.booleans())
def test_any_octets_get_replies_and_raise_nothing(start: bytes, words: list[bytes], lmtp: bool, proxy: bool) -> None:
    limits = Limits(lmtp=lmtp, line=200, header=300, size=500, proxies=Limits().trusted if proxy else ())
    failures = log.counts().get(log.Event.INBOUND_FAILED, 0)
    assert REPLIES.fullmatch(answer := asyncio.run(said([start, *words], limits))), answer
    by_itself = b"".join(words).lower().count(b"crash")  # crash@ raises on purpose
    assert log.counts().get(log.Event.INBOUND_FAILED, 0) - failures <= by_itself
