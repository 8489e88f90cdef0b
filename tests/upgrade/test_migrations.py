"""Migrations lead from any release's database to the schema of tables.py, on both engines."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from listserver.errors import Refused, UsageError
from listserver.store import migrations, schema, tables
from listserver.store.engine import Store

FOLDER = Path(migrations.__file__).parent


def differences(store: Store) -> list[Any]:
    """What Alembic would do to bring the database to the schema of tables.py."""

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in tables.metadata.tables

    def default_differs(_context: Any, _found: Any, _wanted: Any, found: str | None, *wanted: Any) -> bool | None:
        # Alembic takes the empty text of SQLite for another one than the empty text of the metadata.
        return False if found == "('')" and wanted[1] == "" else None

    def wanted_here(thing: Any, _name: str | None, kind: str, *_: Any) -> bool:
        return not (kind == "index" and store.dialect == "sqlite" and "gin" in thing.dialect_kwargs.values())

    def compare(conn: Connection) -> list[Any]:
        opts = {"compare_type": True, "compare_server_default": default_differs}
        opts |= {"include_name": ours, "include_object": wanted_here}
        return list(compare_metadata(MigrationContext.configure(conn, opts=opts), tables.metadata))

    return store.read_now(compare)


def test_migrations_lead_to_the_schema_of_tables_py(store: Store) -> None:
    assert differences(store) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(FOLDER)).get_current_head() == schema.HEAD


def test_upgrade_is_safe_to_repeat(database_url: str) -> None:
    assert migrations.upgrade(database_url) == (schema.HEAD, schema.HEAD)


def test_an_upgrade_that_fails_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(conn: Connection, to: str) -> tuple[str, str]:
        conn.execute(text("CREATE TABLE half (id INTEGER)"))
        raise Refused("half way")

    monkeypatch.setattr(migrations, "_run", broken)
    with pytest.raises(Refused, match="half way"):
        migrations.upgrade(database_url)
    with Store.open(database_url) as store:
        assert not store.read_now(lambda conn: inspect(conn).has_table("half"))


def test_upgrade_makes_what_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    assert migrations.upgrade(url) == ("", schema.HEAD)
    with Store.open(url) as store:
        store.read_now(schema.require)


def test_a_newer_database_is_refused(store: Store, database_url: str) -> None:
    store.write_now(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Refused, match="newer release"):
        migrations.upgrade(database_url)
    with pytest.raises(UsageError, match="newer release"):
        store.read_now(schema.require)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "db upgrade"),
        ("DELETE FROM alembic_version", "is empty"),
        ("DROP TABLE alembic_version", "is empty"),
    ],
)
def test_an_older_or_empty_database_is_said_with_what_to_do(store: Store, statement: str, said: str) -> None:
    store.write_now(lambda conn: conn.execute(text(statement)))
    with pytest.raises(UsageError, match=said):
        store.read_now(schema.require)
