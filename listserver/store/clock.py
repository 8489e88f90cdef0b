"""The database's own clock, in microseconds since 1970: one for all hosts, however wrong theirs are."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class microseconds(FunctionElement[int]):  # noqa: N801 (it reads as a function of SQL)
    """The present moment when the statement runs, not when its transaction began."""

    type = BigInteger()
    inherit_cache = True


@compiles(microseconds, "postgresql")
def _postgresql(*_: Any, **__: Any) -> str:
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@compiles(microseconds, "sqlite")
def _sqlite(*_: Any, **__: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
