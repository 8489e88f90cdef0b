"""The whole database to a file and back, by each engine's own means."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from listserver.errors import Refused, Unavailable


def backup(url: str, target: Path) -> None:
    """Write the database at `url`, as it is at one moment, to `target`, while it is in use.

    The file is there whole or not at all, and readable by its owner only. Raises Refused, Unavailable.
    """
    part = target.with_name(f"{target.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        where = make_url(url)
        if where.get_backend_name() == "sqlite":
            _sqlite_copy(Path(where.database or ""), part)
        else:
            _postgres("pg_dump", where, "--format=custom", "--no-owner", f"--file={part}")
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def restore(url: str, source: Path) -> None:
    """Make the database at `url` what `source`, written by `backup`, holds; what it held is lost.

    Done wholly or not at all. Raises Refused if `source` is no backup for this engine, Unavailable.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        _restore_sqlite(Path(where.database or ""), source)
        return
    with source.open("rb") as head:
        if head.read(5) != b"PGDMP":
            raise Refused(f"{source} is not a backup of a PostgreSQL database, made by `listserver db backup`.")
    _postgres("pg_restore", where, "--clean", "--if-exists", "--no-owner", "--single-transaction", str(source))


def _restore_sqlite(database: Path, source: Path) -> None:
    part = database.with_name(f"{database.name}.part")
    try:
        _sqlite_copy(source, part)
        _check_sqlite(part, source)
        _sync(part)
        # The log of the old file must not be played into the new one: it goes first.
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        if database.exists():
            shutil.copymode(database, part)
        part.replace(database)
        _sync(database.parent)
    finally:
        part.unlink(missing_ok=True)


def _sqlite_copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)  # in one step, so that writers need not stop and it need not begin again
            new.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    except sqlite3.OperationalError as failure:
        raise Unavailable(f"{source} could not be copied to {target}: {failure}.") from failure
    except sqlite3.DatabaseError as failure:
        raise Refused(f"{source} is not a whole SQLite database: {failure}.") from failure


def _check_sqlite(copy: Path, source: Path) -> None:
    with closing(sqlite3.connect(copy)) as conn:
        try:
            (answer,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
            conn.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as failure:
            raise Refused(f"{source} is not a backup made by `listserver db backup`: {failure}.") from failure
    if answer != "ok":
        raise Refused(f"{source} is damaged: {answer}.")


def _postgres(program: str, url: URL, *args: str) -> None:
    env = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})  # not where `ps` shows it
    database = url.set(drivername="postgresql", password=None).render_as_string()
    command = [_newest(program), *args, f"--dbname={database}"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Refused(f"{program} is not installed (Debian: apt install postgresql-client).") from None
    if done.returncode:
        raise Unavailable(f"{program} failed: {done.stderr.strip()}")


def _newest(program: str) -> str:
    # A server can be read by its own version's programs and newer ones.
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: float(path.parts[4]))
    return str(found[-1]) if found else program


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
