"""Fixtures of the doors."""

import ssl
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.doors.browser import NOW, Browser, member_browser
from tests.relay import certified


@pytest.fixture(scope="session")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS context with a certificate made for the occasion."""
    return certified(tmp_path_factory.mktemp("tls"))[0]


@pytest.fixture
def talk(store: Store) -> List:
    """A list for members, with Anna its owner, Kim a moderator, Ben a member; a hidden one without them."""

    def build(conn: Connection) -> List:
        talk = lists.create(conn, OPERATOR, "talk", {"title": "Talk", "moderation": "all"}, NOW).list
        for name, role in (("anna", "owner"), ("kim", "moderator"), ("ben", "member")):
            entry = [Entry(f"{name.title()}@example.org", name.title())]
            membership.add(conn, OPERATOR, talk, entry, NOW, role=role)
        board = lists.create(conn, OPERATOR, "board", {}, NOW, preset="private").list
        membership.add(conn, OPERATOR, board, [Entry("zoe@example.org")], NOW, role="owner")
        return talk

    return store.write_now(build)


@pytest.fixture
def browser(store: Store, talk: List) -> Callable[[str], Browser]:
    """A browser in which somebody has signed in."""

    return lambda address: member_browser(store, address)
