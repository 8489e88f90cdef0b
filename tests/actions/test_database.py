"""Backup while in use, restore into nothing else, on both engines."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from listserver.actions import database
from listserver.core.actor import OPERATOR
from listserver.errors import Refused, Unavailable, UsageError
from listserver.store import copies, lock, schema, sqlite, tables
from listserver.store.engine import Store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def postgres_url(postgres_own_url: str) -> str:
    """A database of its own: a restore makes all tables anew."""
    return postgres_own_url


def add_list(conn: Connection, name: str = "talk", posts: int = 0) -> None:
    conn.execute(insert(tables.lists), {"name": name, "settings": {}, "created_at": NOW, "posts": posts})


def names(url: str) -> list[str]:
    with Store.open(url) as store:
        return store.read_now(lambda conn: list(conn.execute(select(tables.lists.c.name)).scalars()))


def test_backup_and_restore(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    assert database.is_empty(database_url)
    with Store.open(database_url) as store:
        store.write_now(add_list)
    assert database.backup(database_url, file, OPERATOR, NOW) == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    with Store.open(database_url) as store:
        store.write_now(lambda conn: add_list(conn, "later"))
    assert not database.is_empty(database_url)
    assert database.restore(database_url, file, OPERATOR, NOW) == schema.HEAD
    assert names(database_url) == ["talk"]
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_a_file_that_is_no_backup_is_refused_and_changes_nothing(database_url: str, tmp_path: Path) -> None:
    with Store.open(database_url) as store:
        store.write_now(add_list)
    file = tmp_path / "letter.txt"
    file.write_text("Dear database, " * 1000)
    with pytest.raises(Refused, match=r"letter.txt"):
        database.restore(database_url, file, OPERATOR, NOW)
    assert names(database_url) == ["talk"]


def test_another_sqlite_database_is_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/other.db", create=True) as other:
        other.write_now(lambda conn: None)
    with pytest.raises(Refused, match="not a backup made by"):
        database.restore(sqlite_url, tmp_path / "other.db", OPERATOR, NOW)


@pytest.mark.parametrize("there", [b"", b"no database any more " * 500])
def test_a_backup_is_restored_where_the_database_is_lost_or_damaged(
    sqlite_url: str, tmp_path: Path, there: bytes
) -> None:
    with Store.open(sqlite_url) as store:
        store.write_now(add_list)
    database.backup(sqlite_url, tmp_path / "backup", OPERATOR, NOW)
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(there)
    assert database.restore(sqlite_url, tmp_path / "backup", OPERATOR, NOW) == schema.HEAD
    assert names(sqlite_url) == ["talk"]


def test_a_database_is_compacted_only_while_no_server_runs_on_it(sqlite_url: str) -> None:
    with lock.exclusive(sqlite_url):
        assert not database.compact(sqlite_url)
    assert database.compact(sqlite_url)


def test_restore_is_refused_while_a_server_runs(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    database.backup(database_url, file, OPERATOR, NOW)
    with lock.exclusive(database_url), Store.open(database_url) as running:
        running.read_now(lambda conn: None)
        with pytest.raises(Refused, match=r"Another `listserver serve`|stop every `listserver serve`"):
            database.restore(database_url, file, OPERATOR, NOW)


def test_a_database_that_takes_no_writes_is_backed_up_all_the_same(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 10)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert database.backup(sqlite_url, tmp_path / "backup", OPERATOR, NOW) > 0
    assert (tmp_path / "backup").is_file()


def test_backup_into_no_folder_fails(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"There is no folder .* for backup"):
        database.backup(database_url, tmp_path / "no" / "backup", OPERATOR, NOW)


def test_an_absent_postgres_is_unavailable(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="pg_dump failed"):
        copies.backup(postgres_url.replace("/?", "/nothing?").replace("/t", "/x"), tmp_path / "backup")


def test_check_and_status(database_url: str) -> None:
    assert database.check(database_url) == []
    with Store.open(database_url) as store:
        store.write_now(lambda conn: add_list(conn, "wrong", posts=3))
    assert database.check(database_url) == ["List wrong counts its posts wrongly."]
    found = database.status(database_url)
    assert (found.schema, found.wanted, found.lists, found.posts) == (schema.HEAD, schema.HEAD, 1, 0)
    assert found.size > 10_000


def test_status_of_an_empty_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    with pytest.raises(UsageError, match="no database"):
        database.status(url)
    assert database.is_empty(url)
    assert database.status(url).schema == ""
    assert database.upgrade(url, OPERATOR, NOW) == ("", schema.HEAD)
    assert database.upgrade(url, OPERATOR, NOW) == (schema.HEAD, schema.HEAD)


def test_a_second_serve_on_one_sqlite_database_is_told_so(sqlite_url: str) -> None:
    with lock.exclusive(sqlite_url), pytest.raises(UsageError, match="Another `listserver serve`"):
        with lock.exclusive(sqlite_url):
            pass
    with lock.exclusive(sqlite_url):
        pass
