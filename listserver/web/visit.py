"""One reader's request for a page of the archive, and what they may read."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy import Connection

from listserver.core.site import Site
from listserver.store import members
from listserver.store.lists import List
from listserver.web.http import Request


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads. person_id: None for a visitor who has not signed in."""

    person_id: int | None = None

    def may_read(self, conn: Connection, lst: List) -> bool:
        """Whether the archive of a list is open to them; costs a statement only for who has signed in."""
        if lst.settings.archive == "public":
            return True
        if lst.settings.archive == "none" or self.person_id is None:
            return False
        member = members.find(conn, lst.id, self.person_id)
        return member is not None and member.state != "unconfirmed"


VISITOR = Viewer()


@dataclass(frozen=True)  # no slots: cached_property keeps its value in __dict__
class Visit:
    """All that a page depends on. conn: one state of the database."""

    conn: Connection
    site: Site
    request: Request
    viewer: Viewer
    now: datetime

    @cached_property
    def root(self) -> str:
        """What stands before each path of ours: "" unless the archive has only a part of its host."""
        return urlsplit(self.site.base_url).path.rstrip("/")

    @cached_property
    def base(self) -> str:
        """The archive's URL, no slash at its end."""
        return self.site.base_url.rstrip("/")

    def may_read(self, lst: List) -> bool:
        """Whether this reader may read that list's archive."""
        return self.viewer.may_read(self.conn, lst)
