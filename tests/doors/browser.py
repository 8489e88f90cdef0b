"""A browser of somebody who acts on our pages, and what they get by mail."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from listserver.core.message import read
from listserver.core.site import Site
from listserver.store import members, people, tables
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.web import archive, session
from listserver.web.http import Request, Response, fields
from listserver.web.visit import Visit

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 32)
NOW = datetime(2026, 3, 22, 12, tzinfo=UTC)


@dataclass
class Browser:
    """Keeps its cookies; `press` sends the form of the page that it shows."""

    store: Store
    now: datetime = NOW
    cookies: dict[str, str] = field(default_factory=dict)
    page: Response = field(default_factory=Response)
    path: str = "/"

    def get(self, url: str, **headers: str) -> Response:
        return self._send("GET", url, {}, headers)

    def post(self, url: str, form: dict[str, str], **headers: str) -> Response:
        return self._send("POST", url, form, headers)

    def press(self, do: str = "", url: str = "", **form: str) -> Response:
        """Send a form of the page, with these fields."""
        token = re.findall(r'name="form" value="([0-9a-f]{16,})"', self.text)[-1]
        values = {"form": token, **form, **({"do": do} if do else {})}
        return self.post(url or self.path, values, origin="null", sec_fetch_site="same-origin")

    @property
    def text(self) -> str:
        return self.page.body.decode()

    def _send(self, method: str, url: str, form: dict[str, str], headers: dict[str, str]) -> Response:
        path, _, query = url.partition("?")
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"host": "lists.example.org"}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = Request(method, path, fields(query), form, sent)

        def unit(conn: Connection) -> Response:
            return archive.respond(Visit(conn, SITE, request, session.viewer(conn, SITE, request, self.now), self.now))

        self.page = self.store.write_now(unit) if method == "POST" else self.store.read_now(unit)
        self.path = path
        if cookie := self.page.headers.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if 300 <= self.page.status < 400 and method == "POST":
            return self.get(self.page.headers["location"])
        return self.page


def member_browser(store: Store, address: str) -> Browser:
    """A browser in which somebody has signed in, by the link that was mailed to them."""
    made = Browser(store)
    made.get("/sign-in")
    made.press(address=address)
    made.get(link_in(mails(store, address)[-1]))
    made.press()
    assert made.path == "/me/"
    return made


def mails(store: Store, address: str) -> list[str]:
    """The texts of what we wrote to an address, oldest first."""
    wanted = select(tables.notices.c.bytes).where(tables.notices.c.address == address).order_by(tables.notices.c.id)
    return [read(raw).text for raw in store.read_now(lambda conn: list(conn.execute(wanted).scalars()))]


def link_in(text: str) -> str:
    """The path of the link to a page in a mail."""
    return "/" + re.findall(r"https://lists\.example\.org/((?:sign-in|confirm|talk/held)/[^\s>]+)", text)[0]


def member(store: Store, lst: List, address: str) -> Any:
    def unit(conn: Connection) -> Any:
        person = people.find(conn, address)
        return members.find(conn, lst.id, person.id) if person else None

    return store.read_now(unit)
