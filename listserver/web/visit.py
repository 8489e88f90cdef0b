"""One reader's request for a page of the archive, and what they may read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy import Connection

from listserver.core.actor import Actor, Proof
from listserver.core.masking import masked
from listserver.core.site import Site
from listserver.store.lists import List
from listserver.web import forms
from listserver.web.http import Request


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads. person_id: None for a visitor who has not signed in. roles: of the lists that they are on.

    address: where their link was mailed. language: which they chose, "" if none. form: what the forms on their pages
    hold (web.forms).
    """

    person_id: int | None = None
    address: str = ""
    name: str = ""
    roles: frozenset[tuple[int, str]] = frozenset()
    form: str = ""
    language: str = ""

    def may_read(self, lst: List) -> bool:
        """Whether the archive of a list is open to them."""
        if lst.settings.archive == "public":
            return True
        return lst.settings.archive == "members" and bool(self.role(lst))

    def role(self, lst: List) -> str:
        """Their role on a list, "" if they are not on it."""
        return dict(self.roles).get(lst.id, "")

    def sees_addresses(self, lst: List) -> bool:
        """Whether pages of the list show them whole addresses: where it lets see who its members are (W8)."""
        role, visible = self.role(lst), lst.settings.members_visible_to
        return role == "owner" or bool(role and visible == "members")

    def is_shown(self, lst: List) -> bool:
        """Whether pages of the whole site show them the list: those they may read, and know of without its name."""
        return self.may_read(lst) and (lst.settings.advertised or bool(self.role(lst)))

    def knows(self, lst: List) -> bool:
        """Whether they may know that the list is there."""
        return lst.settings.advertised or lst.settings.archive == "public" or bool(self.role(lst))


VISITOR = Viewer()


@dataclass(frozen=True, slots=True)
class Copy:
    """What a static copy of the archive has: its lists, and of each author's address the end of their page's path."""

    lists: frozenset[str]
    authors: Mapping[str, str]


@dataclass(frozen=True)  # no slots: cached_property keeps its value in __dict__
class Visit:
    """All that a page depends on. conn: one state of the database."""

    conn: Connection
    site: Site
    request: Request
    viewer: Viewer
    now: datetime
    copy: Copy | None = None  # for files: no page may lead to what is worked out when it is asked for

    @cached_property
    def root(self) -> str:
        """What stands before each path of ours: "" unless the archive has only a part of its host."""
        return urlsplit(self.site.base_url).path.rstrip("/")

    @cached_property
    def base(self) -> str:
        """The archive's URL, no slash at its end."""
        return self.site.base_url.rstrip("/")

    @property
    def posted(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    def field(self, name: str, most: int = 254) -> str:
        """What stands in a field of the form, at most so many characters."""
        return self.request.form.get(name, "").strip()[:most]

    @cached_property
    def form(self) -> str:
        """What the forms of the page hold."""
        return self.viewer.form or forms.token(self.site)

    @property
    def actor(self) -> Actor:
        """Who acts by a form of the page."""
        proof = Proof.NONE if self.viewer.person_id is None else Proof.SESSION
        return Actor(proof, self.viewer.address, self.viewer.person_id, "web")

    def mask(self, lst: List) -> Callable[[str], str]:
        """What hides addresses in texts of a list from this reader."""
        return str if self.viewer.sees_addresses(lst) else masked

    def may_read(self, lst: List) -> bool:
        """Whether this reader may read that list's archive."""
        return self.viewer.may_read(lst)
