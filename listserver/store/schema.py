"""Which schema a database has, without loading what can change it."""

from sqlalchemy import Connection, Text, column, inspect, select, table

from listserver.errors import UsageError

HEAD = "0008"  # the newest of migrations/versions

_REVISION = select(column("version_num", Text)).select_from(table("alembic_version"))


def revision(conn: Connection) -> str:
    """The revision of the database, "" if it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return conn.execute(_REVISION).scalar() or ""


def require(conn: Connection) -> None:
    """Raise UsageError unless the database has the schema of this program."""
    found = revision(conn)
    if found == HEAD:
        return
    if not found:
        raise UsageError("The database is empty. `listserver init` or `listserver db upgrade` makes its tables.")
    if found < HEAD:
        raise UsageError(
            f"The database is of an older release (schema {found}, this program needs {HEAD}). "
            "Make a backup with `listserver db backup FILE`, then run `listserver db upgrade`."
        )
    raise UsageError(
        f"The database is of a newer release (schema {found}, this program knows {HEAD}). Install that release."
    )
