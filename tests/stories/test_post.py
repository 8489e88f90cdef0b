"""A post comes in by SMTP, and every member's own copy goes out: the whole service on loopback."""

import asyncio
import email
import email.policy
import smtplib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Connection

from listserver.actions import lists, membership, moderation
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.core.site import Site
from listserver.store import holds
from listserver.store.engine import Store
from tests.relay import Script, relay
from tests.running import Serve

MEMBERS = [f"member{i}@example.org" for i in range(25)]


def community(database_url: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def unit(conn: Connection) -> None:
        made = lists.create(conn, OPERATOR, "talk", {"title": "Talk"}, now).list
        membership.add(conn, OPERATOR, made, [Entry(address) for address in MEMBERS], now)
        membership.add(conn, OPERATOR, made, [Entry("away@example.org")], now, mode="nomail")

    with Store.open(database_url) as store:
        store.write_now(unit)


def post(sender: str, subject: str = "Hello", to: str = "talk@lists.example.org") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{subject}.{sender}>"
    mail.set_content("Who has a ladder?\n")
    return mail


def hand_in(port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.send_message(mail)


async def until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 (the relay is another program's door)
            await asyncio.sleep(0.02)


def run(folder: Path, database_url: str, story: Callable[[Serve, Script], Awaitable[None]], **settings: str) -> Serve:
    async def main() -> Serve:
        async with relay(Script()) as script:
            serve = Serve(folder, database=database_url, RELAY__URL=f"smtp://127.0.0.1:{script.port}", **settings)
            await asyncio.to_thread(serve.start)
            try:
                await story(serve, script)
            finally:
                assert await asyncio.to_thread(serve.stop) == 0
        return serve

    community(database_url)
    return asyncio.run(main())


def test_every_member_gets_one_copy_with_a_sender_and_a_way_out_of_their_own(database_url: str, tmp_path: Path) -> None:
    async def story(serve: Serve, script: Script) -> None:
        await asyncio.to_thread(hand_in, serve.ports["smtp"], post(MEMBERS[0]))
        await until(lambda: len(script.taken) >= len(MEMBERS))
        await asyncio.to_thread(hand_in, serve.ports["smtp"], post(MEMBERS[0]))  # the same again is one post
        await asyncio.to_thread(hand_in, serve.ports["smtp"], post(MEMBERS[1], "Ladder"))
        await until(lambda: len(script.taken) >= 2 * len(MEMBERS))
        copies = script.taken
        assert sorted(copy.recipient for copy in copies) == sorted(MEMBERS * 2)
        assert len({copy.sender for copy in copies}) == len(MEMBERS)
        first = [email.message_from_bytes(copy.mail, policy=email.policy.SMTP) for copy in copies[: len(MEMBERS)]]
        assert len({mail["List-Unsubscribe"] for mail in first}) == len(MEMBERS)
        assert {mail["List-Id"] for mail in first} == {"Talk <talk.lists.example.org>"}
        assert {mail.get_content() for mail in first} == {"Who has a ladder?\r\n"}

    serve = run(tmp_path / "serve", database_url, story)
    assert "Traceback" not in serve.log()


def test_S25_SIGTERM_in_the_middle_of_a_fan_out_doubles_and_loses_nobody(database_url: str, tmp_path: Path) -> None:
    many = [f"many{i}@example.org" for i in range(2_000)]

    async def story(serve: Serve, script: Script) -> None:
        await asyncio.to_thread(hand_in, serve.ports["smtp"], post(many[0], to="many@lists.example.org"))
        await until(lambda: len(script.taken) > 0)
        assert await asyncio.to_thread(serve.stop) == 0
        assert len(script.taken) < len(many)
        await asyncio.to_thread(serve.start)
        await until(lambda: len(script.taken) >= len(many))
        assert sorted(script.got()) == sorted(many)

    def unit(conn: Connection) -> None:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        made = lists.create(conn, OPERATOR, "many", {}, now).list
        membership.add(conn, OPERATOR, made, [Entry(address) for address in many], now)

    with Store.open(database_url) as store:
        store.write_now(unit)
    run(tmp_path / "serve", database_url, story, RELAY__CONNECTIONS="3")


def test_refusals_are_said_in_the_dialogue_and_nothing_goes_out(sqlite_url: str, tmp_path: Path) -> None:
    async def story(serve: Serve, script: Script) -> None:
        port = serve.ports["smtp"]
        with pytest.raises(smtplib.SMTPRecipientsRefused) as unknown:
            await asyncio.to_thread(hand_in, port, post(MEMBERS[0], to="nothing@lists.example.org"))
        assert unknown.value.recipients["nothing@lists.example.org"][0] == 550
        with pytest.raises(smtplib.SMTPRecipientsRefused) as foreign:
            await asyncio.to_thread(hand_in, port, post(MEMBERS[0], to="anybody@example.net"))
        assert foreign.value.recipients["anybody@example.net"][0] == 550
        assert script.taken == []

    run(tmp_path / "serve", sqlite_url, story)


def test_a_command_line_wakes_a_running_server(sqlite_url: str, tmp_path: Path) -> None:
    """A post that waits is approved by the operator: copies leave at once, not at the next look of a second."""

    async def story(serve: Serve, script: Script) -> None:
        await asyncio.to_thread(hand_in, serve.ports["smtp"], post("guest@example.net"))
        with Store.open(sqlite_url) as store:
            held = await asyncio.to_thread(store.read_now, lambda conn: holds.waiting(conn)[0].id)

            def approve(conn: Connection) -> None:
                moderation.approve(
                    conn, Site("lists.example.org", "Lists", "", "en", "", b"s" * 32), OPERATOR, held, datetime.now(UTC)
                )

            await asyncio.to_thread(store.write_now, approve)
        await until(lambda: {copy.recipient for copy in script.taken} >= set(MEMBERS))

    run(tmp_path / "serve", sqlite_url, story)
