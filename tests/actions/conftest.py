"""A small community on either database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from listserver import inbound
from listserver.actions import lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Envelope, Reply
from listserver.core.site import Site
from listserver.inbound import Receiver
from listserver.store import tables
from listserver.store.engine import Store
from listserver.store.lists import List

if TYPE_CHECKING:
    from tests.actions.robot import Robot

T = TypeVar("T")
SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 32)


@dataclass
class Community:
    """A store, a site and a clock that the test moves; `post` is a mail through the front door."""

    store: Store
    site: Site = SITE
    now: datetime = datetime(2026, 11, 25, 12, tzinfo=UTC)
    serial: int = 0
    receiver: Receiver = field(default_factory=lambda: Receiver(SITE))

    def create(self, name: str = "talk", **wanted: str) -> List:
        return self.write(lambda c: lists.create(c, OPERATOR, name, wanted, self.now)).list

    def join(self, lst: List, *addresses: str, **options: Any) -> None:
        entries = [membership.Entry(a, a.partition("@")[0].title()) for a in addresses]
        self.write(lambda c: membership.add(c, OPERATOR, lst, entries, self.now, **options))

    def post(self, author: str = "anna@example.org", to: str = "talk@lists.example.org", **fields: str) -> Reply:
        return self.arrive(self.mail(author, to, **fields), author, to)

    def mail(self, author: str, to: str, body: str = "Has anybody met this?", **fields: str) -> bytes:
        self.serial += 1
        usual = {"From": author, "To": to, "Subject": "Drift", "Message-ID": f"<{self.serial}@example.org>"}
        head = {**usual, **{name.replace("_", "-"): value for name, value in fields.items()}}
        return ("".join(f"{n}: {v}\r\n" for n, v in head.items()) + f"\r\n{body}\r\n").encode()

    def arrive(self, raw: bytes, sender: str, to: str, **envelope: Any) -> Reply:
        arrived = inbound.prepare(Envelope(sender, to, "smtp", **envelope), raw)
        return self.write(lambda c: inbound.receive(c, self.receiver, arrived, self.now))

    def write(self, fn: Callable[[Connection], T]) -> T:
        return self.store.write_now(fn)

    def rows(self, table: str) -> list[dict[str, Any]]:
        query = select(tables.metadata.tables[table])
        if "id" in query.selected_columns:
            query = query.order_by(query.selected_columns["id"])
        return self.store.read_now(lambda c: [dict(row) for row in c.execute(query).mappings()])

    def notices(self, name: str = "") -> list[dict[str, Any]]:
        return [row for row in self.rows("notices") if name in ("", row["name"])]

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def community(store: Store) -> Community:
    return Community(store)


@pytest.fixture
def robot(community: Community) -> "Robot":
    talk = community.create(title="Talk about drift")
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, "kim@example.org", role="moderator")
    from tests.actions.robot import Robot

    return Robot(community)


@pytest.fixture
def anna(robot: "Robot") -> "Robot":
    """With Anna as a member."""
    robot.join(robot.list(), "anna@example.org")
    return robot
