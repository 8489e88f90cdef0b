"""How much one client may ask, and who the client is (standards W6, W7)."""

import asyncio
import gzip
import random
import re
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from listserver import log
from listserver.core.ip import LOOPBACK
from listserver.store.engine import Store
from listserver.web import asgi, pages
from listserver.web.guard import MAILS, Guard
from listserver.web.http import Request, Response
from tests.actions.filing import file, mail, new_list
from tests.doors.browser import NOW, SITE


class Door:
    """The whole site, with a clock that one sets."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self.now: datetime = NOW
        self._handler = pages.handler(store, SITE, lambda: self.now, guard)

    def ask(
        self, path: str, client: str = "192.0.2.1", method: str = "GET", forwarded: str = "", **more: str
    ) -> Response:
        headers = {"host": "lists.example.org", **({"x-forwarded-for": forwarded} if forwarded else {})}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return asyncio.run(self._ask(Request(method, path, {"q": "drift"}, {}, headers, client)))

    async def _ask(self, request: Request) -> Response:
        return await self._handler(request)


@pytest.fixture
def door(store: Store) -> Door:
    new_list(store, "talk", archive="public")
    return Door(store, Guard(3, LOOPBACK))


def test_W7_a_client_gets_so_many_searches_a_minute(door: Door) -> None:
    paths = ["/search", "/talk/search", "/api/v1/search", "/talk/2026/03.mbox.gz"]
    assert [door.ask(path).status for path in ("/search", "/talk/search", "/talk/search")] == [200] * 3
    for path in paths:
        refused = door.ask(path)
        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.content_type.startswith("text/plain")
    assert door.ask("/api/v1/search").content_type == "application/problem+json"
    assert door.ask("/talk/").status == 200  # what costs little is not counted
    assert door.ask("/search", client="192.0.2.2").status == 200
    door.now += timedelta(seconds=int(refused.headers["retry-after"]))
    assert door.ask("/search").status == 200


@pytest.mark.parametrize(
    ("language", "title", "says"),
    [
        ("en", "Too many requests", "load this page again in {} seconds"),
        ("de", "Zu viele Anfragen", "laden Sie diese Seite in {} Sekunden noch einmal"),
        ("fr", "Trop de demandes", "Rechargez cette page dans {} secondes"),
    ],
)
def test_W7_who_asked_too_much_is_told_what_happened_and_what_to_do(
    door: Door, language: str, title: str, says: str
) -> None:
    for _ in range(4):
        refused = door.ask("/talk/search", accept="text/html,*/*;q=0.8", accept_language=language)
    assert (refused.status, refused.content_type) == (429, "text/html; charset=utf-8")
    text = refused.body.decode()
    assert f'<html lang="{language}">' in text and f"<h1>{title}</h1>" in text
    assert says.format(refused.headers["retry-after"]) in text
    assert "<form" not in text and refused.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/talk/", "text/html,*/*", "text/html"),
        ("/talk/", "*/*", "text/plain"),
        ("/api/v1/lists", "*/*", "application/problem+json"),
    ],
)
def test_a_failure_of_ours_is_told_to_the_reader_and_the_log(
    store: Store, capfd: pytest.CaptureFixture[str], path: str, accept: str, kind: str
) -> None:
    log.setup("info", "text")

    class Stopped:
        def __call__(self) -> datetime:
            raise RuntimeError("the clock has stopped, and readers need not know")

    handler = pages.handler(store, SITE, Stopped(), Guard(3, LOOPBACK))

    async def ask() -> Response:
        return await handler(Request("GET", path, {}, {}, {"host": "lists.example.org", "accept": accept}, "192.0.2.1"))

    answer = asyncio.run(ask())
    assert (answer.status, answer.content_type.partition(";")[0]) == (500, kind)
    (reference,) = re.findall(r"page-failed reference=([0-9a-f]{8}) path=" + path, capfd.readouterr().err)
    assert reference in answer.body.decode() and b"clock" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


def test_W7_zero_is_no_limit(store: Store) -> None:
    door = Door(store, Guard(0, LOOPBACK))
    assert {door.ask("/search").status for _ in range(20)} == {200}


def test_C5_a_client_has_us_write_to_so_many_addresses_an_hour(door: Door) -> None:
    for _ in range(MAILS):
        assert door.ask("/sign-in", method="POST").status == 403  # no form of ours
    refused = door.ask("/talk/join/", method="POST")
    assert refused.status == 429
    assert b"come back in 60 minutes. You can join and leave by mail" in refused.body
    assert door.ask("/sign-out", method="POST").status == 403
    assert door.ask("/sign-in").status == 200


@pytest.mark.parametrize(
    ("client", "forwarded", "known"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # anybody can write that
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, 127.0.0.1", "198.51.100.7"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_W6_the_client_behind_a_proxy_of_ours_is_the_one_it_names(client: str, forwarded: str, known: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert Guard(0, LOOPBACK).client(Request("GET", "/", headers=headers, client=client)) == known


def test_a_long_body_is_sent_as_it_is_made_until_the_client_goes(store: Store) -> None:
    lst = new_list(store, "talk", archive="public")
    file(store, lst, *[mail(f"m{i}", body=f"{random.Random(i).randbytes(30_000).hex()}") for i in range(120)], batch=50)
    app = asgi.app(pages.handler(store, SITE, lambda: NOW, Guard()))

    async def fetch(stop_after: int, method: str = "GET") -> list[MutableMapping[str, Any]]:
        sent: list[MutableMapping[str, Any]] = []
        enough = asyncio.Event()

        async def send(event: MutableMapping[str, Any]) -> None:
            sent.append(event)
            if len(sent) >= stop_after:
                enough.set()

        async def receive() -> MutableMapping[str, Any]:
            await enough.wait()
            return {"type": "http.disconnect"}

        path = "/talk/archive.mbox.gz"
        await app({"type": "http", "method": method, "path": path, "headers": [(b"host", b"localhost")]}, receive, send)
        return sent

    whole = asyncio.run(fetch(1_000))
    assert b"content-length" not in dict(whole[0]["headers"])
    assert len(whole) > 4
    assert gzip.decompress(b"".join(event["body"] for event in whole[1:])).count(b"\nFrom MAILER-DAEMON ") == 119
    assert len(asyncio.run(fetch(2))) < len(whole)
    assert [event.get("body") for event in asyncio.run(fetch(1_000, "HEAD"))] == [None, b""]
