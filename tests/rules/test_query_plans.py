"""Statements that run with every post, or with every search, find their rows by an index on both engines."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from listserver.core.query import Query
from listserver.store import fast, search
from listserver.store.engine import Store
from listserver.store.search import Scope, Sort
from tests.actions.filing import NOW, file, mail, new_list

Seen = list[tuple[str, Any]]


@pytest.fixture
def seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """The statements of `store` with their parameters (of many at once the first)."""
    found: Seen = []

    def record(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            found.append((statement, parameters[0] if many else parameters))

    def execute(conn: Connection, sql: str, parameters: Any, *, many: bool = False) -> Any:
        record(conn, None, sql, parameters, None, many)
        return fast_execute(conn, sql, parameters, many=many)

    fast_execute = fast._execute
    monkeypatch.setattr(fast, "_execute", execute)
    for engine in store.engines:
        event.listen(engine, "before_cursor_execute", record)
    yield found
    for engine in store.engines:
        event.remove(engine, "before_cursor_execute", record)


def plans(store: Store, statements: Seen) -> list[str]:
    """How the database would run each statement."""

    def explain(conn: Connection) -> list[str]:
        word = "EXPLAIN QUERY PLAN " if store.dialect == "sqlite" else "EXPLAIN "
        if store.dialect == "postgresql":
            conn.execute(text("SET LOCAL enable_seqscan = off"))  # a test's tables are too small for indexes to pay
        told = []
        for statement, parameters in statements:
            rows = conn.connection.driver_connection.execute(word + statement, parameters)  # type: ignore[union-attr]
            told.append("\n".join([statement, *map(str, rows.fetchall())]))
        return told

    return store.write_now(explain)


# Reading a whole table; SQLite says SCAN also of an index in order, of a subquery and of the full-text index.
_WHOLE = re.compile(r"SCAN (?:posts|threads|awaited|bodies|raw|lists|addresses)(?! USING| AS)\b|Seq Scan on", re.I)
_LAST_ID = "max(posts.id)"  # SQLite: the last entry of the table's own index, though it is called a search


def test_filing_and_search_never_read_a_whole_table(store: Store, seen: Seen) -> None:
    lst = new_list(store, "talk")
    file(store, lst, mail("a"), mail("b", "Re: x", names="a"), mail("e", "Re: z", names="0 a2"))
    seen.clear()
    posts = [mail("c", "y"), mail("d", "Re: x", names="a b"), mail("f", "Re: y"), mail("g", "Re: q", names="0 1 2")]
    file(store, lst, *posts, mail("1", "q"), mail("a2", "z", names="b"), mail("0", "z"))
    queries = [
        Query(terms=("hello",)),
        Query(phrases=("hello there",), from_=("anna",), since=NOW - timedelta(days=1), until=NOW, answered=False),
        Query(excluded=("zebra",), has_file=False),
    ]
    for query in queries:
        for sort in Sort:
            store.read_now(lambda conn, q=query, s=sort: search.search(conn, [Scope(lst.id, "en")], q, sort=s))
    told = plans(store, list(seen))
    assert len(told) > 40
    whole = [plan for plan in told if _WHOLE.search(plan) and _LAST_ID not in plan]
    assert whole == []
