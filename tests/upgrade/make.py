"""Keep a database of this release, for the next ones to open: `python -m tests.upgrade.make` at each release.

Writes VERSION.sqlite.xz and VERSION.postgresql, as `listserver db backup` makes them, and VERSION.json: what they hold.
"""

import json
import lzma
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import Connection

from listserver import __version__, inbound
from listserver.actions import bans, database, lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Envelope
from listserver.core.site import Site
from listserver.store import health, site
from listserver.store.engine import Store
from tests import postgres

FOLDER = Path(__file__).parent
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = Site("lists.example.org", "Lists", "postmaster@lists.example.org", "en", "", b"s" * 32)
POSTS = (
    ("anna@example.org", "Ladder", "", "Who has a ladder?"),
    ("ben@example.org", "Re: Ladder", "1@example.org", "I have one, four metres. Grüße"),
    ("carla@example.net", "Offer", "", "Not a member's: this one waits."),
)


def fill(store: Store) -> None:
    """A list with members, a thread, a post that waits, a ban, a changed choice."""

    def people(conn: Connection) -> None:
        site.make_secret(conn, SITE.secret)
        made = lists.create(conn, OPERATOR, "talk", {"title": "Talk", "moderation": "none"}, NOW).list
        for name, role, mode in (("anna", "owner", "each"), ("ben", "member", "each"), ("dora", "member", "daily")):
            membership.add(conn, OPERATOR, made, [Entry(f"{name}@example.org", name)], NOW, role=role, mode=mode)
        bans.add(conn, OPERATOR, made, "*@spam.example", NOW)

    store.write_now(people)
    for number, (author, subject, parent, text) in enumerate(POSTS, 1):
        references = f"In-Reply-To: <{parent}>\r\n" if parent else ""
        raw = (
            f"From: {author}\r\nTo: talk@lists.example.org\r\nSubject: {subject}\r\n{references}"
            f"Message-ID: <{number}@example.org>\r\nDate: Sun, 1 Mar 2026 12:0{number}:00 +0000\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        )
        arrived = inbound.prepare(Envelope(author, "talk@lists.example.org", "smtp"), raw.encode())
        moment = NOW + timedelta(minutes=number)
        reply = store.write_now(lambda conn, a=arrived, m=moment: inbound.receive(conn, inbound.Receiver(SITE), a, m))
        assert reply.accepted, reply


def make(url: str, target: Path) -> health.Status:
    """A backup of a new database at `url`, and what it holds."""
    database.upgrade(url, OPERATOR, NOW)
    with Store.open(url) as store:
        fill(store)
    database.backup(url, target, OPERATOR, NOW)
    return database.status(url)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, postgres.Server() as server:
        plain = Path(folder) / "backup"
        status = make(f"sqlite:///{folder}/made.db", plain)
        (FOLDER / f"{__version__}.sqlite.xz").write_bytes(lzma.compress(plain.read_bytes()))
        with psycopg.connect(host=str(server.folder), user="postgres", dbname="postgres", autocommit=True) as conn:
            conn.execute("CREATE DATABASE made")
        make(server.url("made"), FOLDER / f"{__version__}.postgresql")
    kept = {key: value for key, value in asdict(status).items() if key in ("schema", "lists", "members", "posts")}
    (FOLDER / f"{__version__}.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
