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
    [b"EHLO x", b"LHLO y", b"HELO", b"MAIL FROM:<a@b>", b"MAIL FROM:<", b" SIZE=9", b" SMTPUTF8", b"RCPT TO:<", b"talk"]
    + [b"@lists.example>", b"RCPT TO:<crash@lists.example>\r\n", b"RCPT TO:<talk@lists.example>\r\n", b"DATA\r\n"]
    + [
        b"\r\n",
        b"\r\n.\r\n",
        b"\r",
        b"\n",
        b".",
        b"\0",
        b"\xff",
        "ä".encode(),
        b"RSET\r\n",
        b"STARTTLS",
        b"BDAT 1 LAST",
    ]
    + [
        b"QUIT\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b'"',
        b"\\",
        b"<@a:",
        b"PROXY TCP4 ",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
    ]
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
    except ConnectionError:
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
    answer = asyncio.run(said([start, *words], limits))
    assert REPLIES.fullmatch(answer), answer
    crashes = answer.count(b"reference")  # those of crash@, which raises by itself
    assert log.counts().get(log.Event.INBOUND_FAILED, 0) - failures <= max(crashes, words.count(b"x"))
