"""Every release's database becomes the next one's: Alembic, without its command line and configuration.

A change of tables.py needs a file `versions/NNNN_what.py` (Alembic's own form; `op.batch_alter_table` where a column
changes, since SQLite makes such a table anew) and its number in `HEAD`. A test compares the outcome with tables.py.
Until 0.1.0 is released, 0001 follows tables.py by itself; the first change after that begins with writing 0001 out.
"""

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from listserver.errors import Refused
from listserver.store.engine import backend_of
from listserver.store.schema import HEAD, revision

_LOCK = 0x6C697374  # any number of our own


def upgrade(url: str, to: str = HEAD) -> tuple[str, str]:
    """Bring the database at `url` to `to`, making it if need be; (revision before, revision after), "" = empty.

    All in one transaction: it is done wholly or not at all. Raises Refused for a database of a newer release,
    Unavailable when the database fails.
    """
    backend = backend_of(url, create=True)
    try:
        with backend.writing.connect() as conn:
            if backend.name == "sqlite":  # a table made anew must not take the rows that point at it along
                _pragma(conn, "foreign_keys=OFF")
            backend.begin(conn, durable=True, alone=True)
            if backend.name == "postgresql":
                conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            outcome = _run(conn, to)
            conn.commit()
            return outcome
    except SQLAlchemyError as failure:
        raise backend.translate(failure) from failure
    finally:
        backend.close()


def _run(conn: Connection, to: str) -> tuple[str, str]:
    before = revision(conn)
    script = ScriptDirectory(str(Path(__file__).parent))
    if before > HEAD:
        raise Refused(
            f"The database is of a newer release (its schema is {before}, this program knows {HEAD}). "
            "Install that release, or restore a backup from before the upgrade."
        )
    context = MigrationContext.configure(
        conn, opts={"fn": lambda rev, _context: script._upgrade_revs(to, rev), "script": script}
    )
    with Operations.context(context):
        context.run_migrations()
    if conn.dialect.name == "sqlite" and (broken := conn.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise Refused(f"The upgrade would leave {len(broken)} rows that point nowhere; nothing was changed.")
    return before, revision(conn)


def _pragma(conn: Connection, text: str) -> None:
    raw = conn.connection.dbapi_connection
    assert raw is not None
    raw.cursor().execute(f"PRAGMA {text}")
