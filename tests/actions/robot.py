"""Somebody who writes to the robot of a community, and the mails that come back."""

from typing import Any

from listserver.core.envelope import Authenticity, Reply
from listserver.store import lists, members, people
from listserver.store.lists import List
from listserver.store.members import Member
from tests.actions import mails
from tests.actions.conftest import Community

ROBOT = "lists@lists.example.org"
REQUEST = "talk-request@lists.example.org"
ANNA, OLGA, KIM, EVE = "anna@example.org", "olga@example.org", "kim@example.org", "eve@example.net"


class Robot:
    """A community with a list, and somebody who writes to its robot."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.seen = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.community, name)

    def send(
        self, text: str, who: str = ANNA, to: str = REQUEST, *, proved: bool = False, subject: str = "", **fields: str
    ) -> Reply:
        self.seen = len(self.notices())
        authenticity = Authenticity("ours", proved=who) if proved else Authenticity()
        raw = self.mail(who, to, body=text, Subject=subject, **fields)
        return self.arrive(raw, who, to, authenticity=authenticity)

    def new(self) -> list[dict[str, Any]]:
        """The mails that the last one caused."""
        return self.notices()[self.seen :]

    def only(self, name: str = "your-commands", to: str = ANNA) -> str:
        """The text of the one mail that the last one caused."""
        [row] = self.new()
        assert (row["name"], row["address"]) == (name, to), mails.text(row)
        return mails.text(row)

    def reply(self, said: str = "", who: str = ANNA, name: str = "", **fields: str) -> Reply:
        """Answer the last mail (of that name)."""
        notice = self.notices(name)[-1]
        self.seen = len(self.notices())
        return self.arrive(mails.answer("phone", said, notice, who, **fields), who, mails.to(notice))

    def list(self, name: str = "talk") -> List:
        found = self.store.read_now(lambda c: lists.find(c, name))
        assert found is not None
        return found

    def member(self, address: str = ANNA, name: str = "talk") -> Member | None:
        def unit(conn: Any) -> Member | None:
            person, lst = people.find(conn, address), lists.find(conn, name)
            return members.find(conn, lst.id, person.id) if person and lst else None

        return self.store.read_now(unit)
