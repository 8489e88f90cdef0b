"""The database fails under a running server: 451, a reason in the log, and afterwards all is as if nothing had been."""

import asyncio
import base64
import random
import resource
import smtplib
from pathlib import Path

import psycopg
import pytest

from listserver.store import migrations
from tests import dns_server, postgres
from tests.conftest import need
from tests.relay import Script
from tests.running import Serve
from tests.stories.test_post import MEMBERS, hand_in, post, run, until


def test_disk_full_is_451_and_the_log_says_why(sqlite_url: str, tmp_path: Path) -> None:
    large = post(MEMBERS[0], "Large")
    large.set_content(base64.encodebytes(random.Random(1).randbytes(400_000)).decode())

    async def story(serve: Serve, script: Script) -> None:
        port = serve.ports["smtp"]
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(serve.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))  # no file grows further
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await asyncio.to_thread(hand_in, port, large)
        assert refused.value.smtp_code == 451
        resource.prlimit(serve.pid, resource.RLIMIT_FSIZE, unlimited)
        assert script.taken == []
        await asyncio.to_thread(hand_in, port, large)
        await until(lambda: len(script.taken) >= len(MEMBERS))
        await asyncio.sleep(0.2)
        assert sorted(script.got()) == sorted(MEMBERS)

    serve = run(tmp_path / "serve", sqlite_url, story)
    assert "disk" in serve.log()


def test_A4_a_name_server_that_fails_is_451_meanwhile(sqlite_url: str, tmp_path: Path) -> None:
    zone = dns_server.Mortal()

    async def story(serve: Serve, script: Script) -> None:
        port = serve.ports["smtp"]
        await asyncio.to_thread(hand_in, port, post(MEMBERS[0], "Before"))
        await until(lambda: len(script.taken) >= len(MEMBERS))
        zone.dead = True
        with pytest.raises(smtplib.SMTPDataError) as refused:
            meanwhile = post("somebody@elsewhere.example", "Meanwhile")
            await asyncio.to_thread(hand_in, port, meanwhile)
        assert (refused.value.smtp_code, b"4.4.3" in refused.value.smtp_error) == (451, True)

    with dns_server.serving(zone) as names:
        serve = run(tmp_path / "serve", sqlite_url, story, DNS__SERVERS=names)
    assert "dns-down" in serve.log()


def test_a_postgres_that_goes_and_comes_is_451_meanwhile(tmp_path: Path) -> None:
    need(postgres.binaries(), "no PostgreSQL server installed (Debian: apt install postgresql)")
    with postgres.Server() as server:
        with psycopg.connect(host=str(server.folder), user="postgres", dbname="postgres", autocommit=True) as conn:
            conn.execute("CREATE DATABASE gone")
        migrations.upgrade(server.url("gone"))

        async def story(serve: Serve, script: Script) -> None:
            port = serve.ports["smtp"]
            await asyncio.to_thread(hand_in, port, post(MEMBERS[0], "Before"))
            await until(lambda: len(script.taken) >= len(MEMBERS))
            await asyncio.to_thread(server.stop)
            with pytest.raises(smtplib.SMTPDataError) as refused:  # at the dot: the address was ours a moment ago
                await asyncio.to_thread(hand_in, port, post(MEMBERS[0], "Meanwhile"))
            assert refused.value.smtp_code == 451
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(hand_in, port, post(MEMBERS[0], "After"))
            await until(lambda: len(script.taken) >= 2 * len(MEMBERS), 30)
            assert sorted(script.got()) == sorted(MEMBERS * 2)

        serve = run(tmp_path / "serve", server.url("gone"), story)
    assert "database-unavailable" in serve.log()
