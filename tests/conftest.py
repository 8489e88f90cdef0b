"""Fixtures that all tests share."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from listserver.store import fast, migrations
from listserver.store.engine import Store
from listserver.store.tables import metadata
from tests import postgres

SHARED = Path(__file__).parent.parent.parent / "shared"
WAITING = ("crash", "stories", "upgrade")  # folders whose tests wait more than they work


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait come first: beside others they cost little time, alone at the end they cost all of theirs."""
    items.sort(key=lambda item: item.path.parent.name not in WAITING)


def need(present: object, reason: str) -> None:
    """Skip the test with `reason` where something is absent; under CI=true that is a failure."""
    if not present:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real mail beside the checkout."""
    need(SHARED.is_dir(), "no ../shared beside this checkout: the tests on the large collection of real mail need it")
    return SHARED


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("template") / "listserver.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server with a migrated database `template`, to be copied."""
    need(postgres.binaries(), "no PostgreSQL server installed (Debian: apt install postgresql)")
    with postgres.Server() as server:
        _admin(server, "CREATE DATABASE template")
        migrations.upgrade(server.url("template"))
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a fresh migrated SQLite database."""
    path = tmp_path / "listserver.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


# DELETE, since TRUNCATE makes new files for each table and index: a hundred times slower for a few rows.
_EMPTY = ";".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
_SHAPE = "SELECT count(*), sum(relnatts) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def postgres_emptied(postgres_server: postgres.Server) -> Iterator[Callable[[], str]]:
    """Gives the URL of the session's database, emptied: a new database for each test takes a hundred times as long."""

    def connect() -> psycopg.Connection:
        return psycopg.connect(host=str(postgres_server.folder), user="postgres", dbname="tests", autocommit=True)

    def emptied() -> str:
        nonlocal conn
        try:
            conn.execute(_END_OTHERS)
        except psycopg.OperationalError:  # a test has ended all connections, ours as well
            conn = connect()
        if conn.execute(_SHAPE).fetchone() != shape:  # a restore or a migration was tried
            raise AssertionError("A test has left another schema behind: let it use postgres_own_url.")
        conn.execute(_EMPTY)
        return postgres_server.url("tests")

    _admin(postgres_server, "CREATE DATABASE tests TEMPLATE template")
    conn = connect()
    shape = conn.execute(_SHAPE).fetchone()
    yield emptied
    conn.close()


@pytest.fixture
def postgres_url(postgres_emptied: Callable[[], str]) -> str:
    """The URL of a migrated PostgreSQL database without rows."""
    return postgres_emptied()


@pytest.fixture
def postgres_own_url(postgres_server: postgres.Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The same for a test that changes the schema, or needs a second database."""
    name = f"t{abs(hash(request.node.nodeid)):x}"
    _admin(postgres_server, f"CREATE DATABASE {name} TEMPLATE template")
    yield postgres_server.url(name)
    _admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path
) -> Callable[[], AbstractContextManager[str]]:
    """Makes fresh migrated databases, each for as long as its URL is in use; the test runs once on each engine."""
    count = itertools.count()

    @contextmanager
    def sqlite() -> Iterator[str]:
        path = tmp_path / f"{next(count)}.db"
        shutil.copyfile(sqlite_template, path)
        yield f"sqlite:///{path}"
        for file in tmp_path.glob(f"{path.name}*"):
            file.unlink()

    @contextmanager
    def postgresql() -> Iterator[str]:
        server, name = request.getfixturevalue("postgres_server"), f"fresh{next(count)}"
        _admin(server, f"CREATE DATABASE {name} TEMPLATE template")
        yield server.url(name)
        _admin(server, f"DROP DATABASE {name} WITH (FORCE)")

    return sqlite if request.param == "sqlite" else postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh migrated database; the test runs once on each engine."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh migrated database, opened; the test runs once on each engine."""
    with Store.open(database_url) as opened:
        yield opened


class Statements(list[str]):
    """The SQL statements run since the last clear(); `len(statements)` counts them. Nothing of BEGIN and COMMIT."""


@pytest.fixture
def statements(store: Store) -> Iterator[Statements]:
    """Counts the SQL statements of `store`."""
    seen = Statements()

    def record(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL")):
            seen.append(statement)

    for engine in store.engines:
        event.listen(engine, "before_cursor_execute", record)
    fast.watchers.append(seen.append)
    yield seen
    fast.watchers.remove(seen.append)


def _admin(server: postgres.Server, statement: str) -> None:
    with psycopg.connect(host=str(server.folder), user="postgres", dbname="postgres", autocommit=True) as conn:
        conn.execute(statement)  # type: ignore[call-overload]
