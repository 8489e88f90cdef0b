"""The listener: where it may listen, and what stands in the log."""

import asyncio
import logging
from pathlib import Path

import pytest

from listserver.errors import UsageError
from listserver.smtp import Limits, Listener
from tests.doors.smtp_player import House


def listener(limits: Limits) -> tuple[Listener, House]:
    house = House()
    return Listener(limits, house.accept_recipient, house.receive, house.refuse_by_mail), house


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *lines: str) -> list[str]:
    """Send all lines, and QUIT; all answers."""
    greeting = await reader.readline()
    writer.write("".join(f"{line}\r\n" for line in (*lines, "QUIT")).encode())
    answers = (greeting + await reader.read()).decode().splitlines()
    writer.close()
    return answers


def test_S15_lmtp_never_listens_at_port_25() -> None:
    with pytest.raises(UsageError, match="port 25"):
        listener(Limits(lmtp=True, port=25))


def test_a_port_that_is_taken_is_explained() -> None:
    async def run() -> None:
        first, _ = listener(Limits())
        await first.start()
        second, _ = listener(Limits(port=first.port))
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1 port {first.port}"):
            await second.start()
        await second.close()
        await first.close()

    asyncio.run(run())


def test_lmtp_at_a_unix_socket_is_trusted(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "lmtp"
        door, house = listener(Limits(lmtp=True, path=path, trusted=()))
        await door.start()
        answers = await talk(
            *await asyncio.open_unix_connection(path),
            "LHLO x",
            "MAIL FROM:<a@b.example>",
            "RCPT TO:<talk@lists.example>",
            "DATA",
            "hi",
            ".",
        )
        await door.close()
        assert answers[-2:] == ["250 2.0.0 Filed for talk", "221 2.0.0 Goodbye"]
        envelope, raw = house.got.get_nowait()
        assert (envelope.door, envelope.client, envelope.trusted) == ("lmtp", "", True)
        assert raw.startswith(b"Received: from x\r\n\tby localhost with LMTP id ")

    asyncio.run(run())


def test_the_envelope_says_who_and_how() -> None:
    async def run() -> None:
        door, house = listener(Limits())
        await door.start()
        await talk(
            *await asyncio.open_connection("127.0.0.1", door.port),
            "EHLO client.example",
            "MAIL FROM:<a@b.example>",
            "RCPT TO:<Talk@lists.example>",
            "RCPT TO:<talk@lists.example>",
            "RCPT TO:<dev@lists.example>",
            "DATA",
            ".",
        )
        await door.close()
        envelope, _ = house.got.get_nowait()
        assert (envelope.sender, envelope.recipient, envelope.recipients) == ("a@b.example", "Talk@lists.example", 2)
        assert (envelope.client, envelope.helo, envelope.tls, envelope.trusted) == (
            "127.0.0.1",
            "client.example",
            False,
            True,
        )

    asyncio.run(run())


def test_S23_the_trace_is_in_the_log_under_the_reference(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[str]:
        door, _ = listener(Limits())
        await door.start()
        answers = await talk(
            *await asyncio.open_connection("127.0.0.1", door.port),
            "HELO x",
            "MAIL FROM:<a@b.example>",
            "RCPT TO:<boom@lists.example>",
        )
        await door.close()
        return answers

    with caplog.at_level(logging.INFO):
        answer = asyncio.run(run())[-2]
    record = next(record for record in caplog.records if record.exc_info)
    assert "secret" not in answer
    assert record.fields["reference"] in answer  # type: ignore[attr-defined]
    assert "secret: /etc/passwd" in str(record.exc_info)
