"""The whole database to a file and back, by each engine's own means."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from listserver.errors import Refused, Unavailable
from listserver.ownership import make_file


def backup(url: str, target: Path) -> None:
    """Write the database at `url`, as it is at one moment, to `target`, while it is in use.

    The file is there whole or not at all, and readable by its owner only. Raises Refused, Unavailable.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite" and target.resolve() in _beside(Path(where.database or "").resolve()):
        raise Refused(f"{target} is the database itself: nothing was done. Name another file, best on another disk.")
    if not target.parent.is_dir():
        raise Refused(f"There is no folder {target.parent} for {target.name}. Make it, or name another file.")
    part = target.with_name(f"{target.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        if where.get_backend_name() == "sqlite":
            _sqlite_copy(Path(where.database or ""), part)
        else:
            _postgres("pg_dump", where, "--format=custom", "--no-owner", f"--file={part}")
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _beside(database: Path) -> set[Path]:
    """A SQLite database and the files that belong to it."""
    return {database, *(database.with_name(f"{database.name}{suffix}") for suffix in ("-wal", "-shm", ".lock"))}


def restore(url: str, source: Path) -> None:
    """Make the database at `url` what `source`, written by `backup`, holds; what it held is lost, newer tables too.

    Done wholly or not at all. Raises Refused if `source` is no backup for this engine, Unavailable.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        _restore_sqlite(Path(where.database or ""), source)
        return
    with source.open("rb") as head:
        if head.read(5) != b"PGDMP":
            raise Refused(f"{source} is not a backup of a PostgreSQL database, made by `listserver db backup`.")
    _restore_postgres(where, source)


def compact(url: str) -> None:
    """Write the file of a SQLite database anew, so that it holds nothing but its rows; PostgreSQL does so by itself."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(where.database or "")) as conn:
            conn.execute("VACUUM")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _restore_sqlite(database: Path, source: Path) -> None:
    part = database.with_name(f"{database.name}.part")
    part.unlink(missing_ok=True)
    os.close(make_file(part, database if database.exists() else database.parent))
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


# The backup drops what it knows (--clean), but not the tables of a newer release, which may refer to those.
_BEGIN = b"""
SET client_min_messages = warning;
BEGIN;
DO $$ DECLARE name regclass; BEGIN
  FOR name IN
    SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
  LOOP
    EXECUTE 'DROP TABLE IF EXISTS ' || name || ' CASCADE';
  END LOOP;
END $$;
"""


def _restore_postgres(url: URL, source: Path) -> None:
    # One transaction from the first DROP on, and COMMIT is said only once the whole file was read: psql takes the end
    # of its input for the end of a table.
    read = ["pg_restore", "--clean", "--if-exists", "--no-owner", "--file=-", str(source)]
    write = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", _dbname(url)]
    with (
        TemporaryFile() as read_said,
        TemporaryFile() as write_said,
        _started(read, url, stdout=subprocess.PIPE, stderr=read_said) as reader,
        _started(write, url, stdin=subprocess.PIPE, stderr=write_said) as writer,
    ):
        assert reader.stdout is not None and writer.stdin is not None
        with suppress(BrokenPipeError), writer.stdin as script:  # psql says itself why it stopped
            script.write(_BEGIN)
            script.writelines(_settings_of_any_server(reader.stdout))
            if reader.wait():
                raise Refused(f"{source} is damaged, and nothing was changed: {_text(read_said)}.")
            script.write(b"COMMIT;\n")
        if writer.wait():
            raise Unavailable(f"psql failed, and nothing was changed: {_text(write_said)}")


def _settings_of_any_server(script: IO[bytes]) -> Iterator[bytes]:
    """The script without the setting at its head that servers before 17 do not know, though newer programs set it."""
    return (line for n, line in enumerate(script) if n > 20 or not line.startswith(b"SET transaction_timeout"))


def _postgres(program: str, url: URL, *args: str) -> None:
    with TemporaryFile() as said, _started([program, *args, _dbname(url)], url, stderr=said) as running:
        if running.wait():
            raise Unavailable(f"{program} failed: {_text(said)}")


def _started(command: list[str], url: URL, **pipes: Any) -> subprocess.Popen[bytes]:
    program, *args = command
    env = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})  # not where `ps` shows it
    try:
        return subprocess.Popen([_newest(program), *args], env=env, **pipes)
    except FileNotFoundError:
        raise Refused(f"{program} is not installed (Debian: apt install postgresql-client).") from None


def _dbname(url: URL) -> str:
    return f"--dbname={url.set(drivername='postgresql', password=None).render_as_string()}"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()


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
