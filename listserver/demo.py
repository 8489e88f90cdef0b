"""The demonstration: the whole service on loopback, an invented community, and a page on which its mails are read."""

import asyncio
import secrets
import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from listserver import config, inbound, log, resources, service
from listserver.actions import archive, lists, membership
from listserver.actions.membership import Entry
from listserver.config import Settings
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Envelope
from listserver.core.message import read
from listserver.core.site import Site
from listserver.store import lists as rows
from listserver.store import lock, migrations
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.site import make_secret, secret
from listserver.web import asgi
from listserver.web import demo as pages
from listserver.web.http import Request, Response
from listserver.web.server import Web, listen

DOMAIN = "lists.example.org"
HOME = "community.example"  # where the invented members have their mailboxes
FRESH = timedelta(days=4)  # threads so young are mailed to the members, so that no mailbox is empty


def settings(folder: Path, port_base: int) -> Settings:
    """Everything on loopback: the page on port_base, the archive on the next port, SMTP on the one after."""
    return config.build(
        {
            "site_name": "The demonstration",
            "domain": DOMAIN,
            "admin_email": f"hanne@{HOME}",
            "smtp": {"listen": f"127.0.0.1:{port_base + 2}"},
            "relay": {"url": f"folder://{folder.absolute() / 'caught'}"},
            "web": {"listen": f"127.0.0.1:{port_base + 1}"},
            "log": {"level": "warning"},
        },
        base=folder.absolute(),
    )


def run(folder: Path, port_base: int, say: Callable[[str], None]) -> None:
    """Serve the demonstration until told to stop. folder: kept between runs. Raises UsageError: a port is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = settings(folder, port_base)
    log.setup(wanted.log.level, wanted.log.format)
    sys.setswitchinterval(service.SWITCH)
    migrations.upgrade(wanted.database.url)
    with lock.exclusive(wanted.database.url), Store.open(wanted.database.url) as store:
        store.write_now(lambda conn: make_secret(conn, secrets.token_bytes(32)))
        site = config.site_of(wanted, store.read_now(secret))
        if not store.read_now(rows.names):
            store.write_now(lambda conn: seed(conn, site, community(), datetime.now(UTC)))
        asyncio.run(_serve(wanted, store, site, folder, port_base, say))


async def _serve(
    wanted: Settings, store: Store, site: Site, folder: Path, port_base: int, say: Callable[[str], None]
) -> None:
    demo = _pages(store, site, folder, wanted)

    async def answer(request: Request) -> Response:
        return await asyncio.to_thread(pages.answer, demo, request)

    page = Web(asgi.app(answer), [listen("127.0.0.1", port_base)], service.GRACE / 3)
    running = service.Service(lambda: wanted, wanted, store, site, frozenset(service.PARTS))
    async with asyncio.TaskGroup() as group:
        group.create_task(page.serve())
        say(_WELCOME.format(port=port_base, smtp=port_base + 2, folder=folder))
        await running.run()
        page.stop()


_WELCOME = """
The demonstration runs. Open  http://127.0.0.1:{port}/  and try three things:

  1. Ask the field-sensors list something, and read the copies in its members' mailboxes.
  2. Open Kofi Mensah's mailbox: two posts wait for a moderator; answer one with "ok".
  3. Write to workshop-news as anybody: only its organisers may, and the server says so.

Or send it a mail of your own, on SMTP port {smtp}:
  swaks --server 127.0.0.1:{smtp} --from sven@community.example --to field-sensors@lists.example.org

Nothing leaves this machine. {folder}/ keeps it all; ctrl-C ends it, deleting the folder starts anew.
"""


def _pages(store: Store, site: Site, folder: Path, wanted: Settings) -> pages.Demo:
    everything = store.read_now(rows.everything)
    return pages.Demo(
        boxes=pages.Mailboxes(folder / "caught"),
        people=people(community()),
        lists={site.address(lst.name): lst.settings.description for lst in everything},
        moderators=tuple(address_of(key) for key, (_, role) in community()["roles"].items() if role == "moderator"),
        smtp=(wanted.smtp.listen[0].host, wanted.smtp.listen[0].port),
        archive=site.base_url,
    )


def community() -> dict[str, Any]:
    """The invented people and conversations (templates/demo/community.toml)."""
    return tomllib.loads((resources.folder("templates") / "demo" / "community.toml").read_text("utf-8"))


def address_of(key: str) -> str:
    """The address of an invented member."""
    return f"{key}@{HOME}"


def people(told: Mapping[str, Any]) -> dict[str, str]:
    """address -> name of all invented members."""
    return {address_of(key): name for key, name in told["people"].items()}


def seed(conn: Connection, site: Site, told: Mapping[str, Any], now: datetime) -> None:
    """Make the lists, the members and their past; the youngest threads and what is held come in by the front door."""
    made = {name: _make_list(conn, name, told, now) for name in told["lists"]}
    newcomers = {each["address"] for each in told["held"] if each.get("new")}
    for name, lst in made.items():
        everybody = people(told).items()
        entries = [Entry(address, called) for address, called in everybody if address not in newcomers]
        membership.add(conn, OPERATOR, lst, entries, now)
        for key, (where, role) in told["roles"].items():
            if where == name:
                membership.add(conn, OPERATOR, lst, [Entry(address_of(key))], now, role=role)
    _let_newcomers_in(conn, made, told, now)
    for number, thread in enumerate(sorted(told["threads"], key=lambda t: -float(t["days"]))):
        _hold_conversation(conn, site, made[thread["list"]], thread, number, told, now)
    for number, each in enumerate(told["held"]):
        author = (each["name"], each["address"])
        raw = _mail(author, each["list"], each["subject"], each["text"], f"held{number}", "", now)
        _arrive(conn, site, raw, each["address"], each["list"], now)


def _make_list(conn: Connection, name: str, told: Mapping[str, Any], now: datetime) -> List:
    wanted = dict(told["lists"][name])
    preset = wanted.pop("preset", "discussion")
    return lists.create(conn, OPERATOR, name, wanted, now - timedelta(days=90), preset=preset).list


def _let_newcomers_in(conn: Connection, made: Mapping[str, List], told: Mapping[str, Any], now: datetime) -> None:
    for each in told["held"]:
        if each.get("new"):
            membership.add(conn, OPERATOR, made[each["list"]], [Entry(each["address"], each["name"])], now, known=False)


def _hold_conversation(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    lst: List,
    thread: Mapping[str, Any],
    number: int,
    told: Mapping[str, Any],
    now: datetime,
) -> None:
    began = now - timedelta(days=float(thread["days"]))
    for place, post in enumerate(thread["posts"], start=1):
        at = began + timedelta(hours=float(post.get("hours", 0)))
        subject = thread["subject"] if place == 1 else f"Re: {thread['subject']}"
        parent = f"demo{number}.{post['answers']}" if "answers" in post else ""
        author = (told["people"][post["by"]], address_of(post["by"]))
        raw = _mail(author, lst.name, subject, post["text"], f"demo{number}.{place}", parent, at)
        if now - began < FRESH:
            _arrive(conn, site, raw, author[1], lst.name, min(at, now))
        else:
            archive.file(conn, lst, archive.prepare(read(raw), lst.id, lst.settings.language, at))


def _mail(  # noqa: PLR0913
    author: tuple[str, str], list_name: str, subject: str, text: str, name: str, parent: str, at: datetime
) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr(author)
    mail["To"] = f"{list_name}@{DOMAIN}"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{name}@{HOME}>"
    if parent:
        mail["In-Reply-To"] = mail["References"] = f"<{parent}@{HOME}>"
    mail.set_content(text.strip("\n") + "\n")
    return mail.as_bytes()


def _arrive(conn: Connection, site: Site, raw: bytes, sender: str, list_name: str, now: datetime) -> None:
    arrived = inbound.prepare(Envelope(sender, f"{list_name}@{DOMAIN}", "smtp"), raw)
    inbound.receive(conn, inbound.Receiver(site), arrived, now)
