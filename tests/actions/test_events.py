"""Audit rows have the names of the log, and a line is written only for what is committed."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.log import Event
from listserver.store import events
from listserver.store.engine import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = Actor(Proof.TOKEN, "anna@example.org", 7, "smtp")


def test_record_since_forget(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "listserver")

    def unit(conn: Connection) -> None:
        events.record(conn, Event.LIST_CREATED, OPERATOR, NOW, list_id=1, data={"list": "talk"})
        events.record(conn, Event.MEMBER_JOINED, ANNA, NOW + timedelta(days=1), list_id=1)
        events.record(conn, Event.MEMBER_REMOVED, ANNA, NOW + timedelta(days=2), list_id=2, person_id=8)

    store.write_now(unit)
    everything = store.read_now(lambda conn: list(events.since(conn, NOW)))
    assert [(e.name, e.actor, e.door, e.person_id) for e in everything] == [
        ("list-created", "operator", "cli", None),
        ("member-joined", "anna@example.org", "smtp", 7),
        ("member-removed", "anna@example.org", "smtp", 8),
    ]
    assert everything[0] == events.Recorded(NOW, "list-created", 1, None, "operator", "cli", {"list": "talk"})
    assert [e.name for e in store.read_now(lambda conn: list(events.since(conn, NOW, list_id=2)))] == ["member-removed"]
    assert [e.name for e in store.read_now(lambda conn: list(events.since(conn, NOW, person_id=7)))] == [
        "member-joined"
    ]
    assert [r.getMessage() for r in caplog.records] == ["list-created", "member-joined", "member-removed"]
    assert store.write_now(lambda conn: events.forget(conn, NOW + timedelta(days=1))) == 1


def test_what_is_not_committed_is_not_said(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "listserver")

    def unit(conn: Connection) -> None:
        events.record(conn, Event.LIST_CREATED, OPERATOR, NOW)
        raise ValueError

    with pytest.raises(ValueError):
        store.write_now(unit)
    store.write_now(lambda conn: None)
    assert caplog.records == []
