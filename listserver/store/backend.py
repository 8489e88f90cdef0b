"""What the store needs of a database; sqlite.py and postgres.py have it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine


class Backend(Protocol):
    """One kind of database."""

    name: str
    reading: Engine
    writing: Engine
    cursors: Path | None  # the file for those of ranges under way (cursors.py), where it is of use

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Both engines."""

    def begin(self, conn: Connection, durable: bool, alone: bool) -> None:
        """Begin the transaction of one unit (`alone`) or of several."""

    def before_commit(self, conn: Connection) -> None:
        """Raise Unavailable if the database has ended the transaction by itself."""

    def retryable(self, failure: BaseException) -> bool:
        """Whether the same unit may succeed at once if run again."""

    def translate(self, failure: BaseException) -> BaseException:
        """Unavailable for what passes or the operator can mend, else `failure` itself."""

    def watch(self, changed: Callable[[], None]) -> None:
        """From now on call `changed` (from any thread) when another process may have written work."""

    def poll(self, conn: Connection) -> None:
        """Called by the writer, with its connection outside a transaction, about ten times a second."""

    def close(self) -> None:
        """Let go of all connections and threads."""
