"""Deliveries that cannot be made: put off or stopped, and why is said."""

import pytest
from sqlalchemy import update

from listserver.actions import late_posts
from listserver.delivery.courier import FAULT
from listserver.store import tables
from listserver.store.engine import Store
from tests.community import NOW, SITE
from tests.doors.test_worker import Clock, build, post, rows, run, until, working
from tests.relay import Script


def test_what_cannot_be_made_is_put_off_and_said(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    talk = build(store, 2)
    post(store, talk)
    store.write_now(lambda conn: conn.execute(update(tables.lists).values(settings={"copies": 7, "subject_tag": 7})))

    async def story() -> None:
        async with working(store, Script(), Clock()):
            await until(lambda: rows(store, tables.deliveries, "attempts", "lease") == [(1, None)])

    run(story)
    assert "delivery-deferred" in caplog.messages
    assert rows(store, tables.deliveries, "reply") == [(FAULT,)]


def test_O4_R14_a_signed_post_that_the_relay_cannot_take_is_stopped_and_the_owners_hear_why(store: Store) -> None:
    talk = build(store, 2)
    post(store, talk)
    signed = (
        "From: anna@x.example\r\n"
        'Content-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"\r\n\r\n'
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n"
        "--b\r\nContent-Type: application/pgp-signature\r\n\r\nxx\r\n--b--\r\n"
    )
    store.write_now(lambda conn: conn.execute(update(tables.raw).values(bytes=signed.encode())))

    async def story() -> None:
        async with working(store, Script(offers=("PIPELINING",)), Clock()):
            await until(lambda: rows(store, tables.deliveries, "state", "lease") == [("stopped", None)])

    run(story)
    store.write_now(lambda conn: late_posts.tell(conn, SITE, NOW))
    (told,) = rows(store, tables.notices, "name", "bytes")
    assert told[0] == "posts-not-sent"
    assert b"It is signed or encrypted and has octets that the next server" in told[1]
