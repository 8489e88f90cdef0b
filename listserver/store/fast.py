"""Core statements without Core's cost per execution: compiled once for each database, then handed to its driver.

For the statements of each post and each copy, of which there are thousands a second: 3 µs instead of 20 to 60. They are
ordinary Core statements with bind parameters, and their types convert values as always.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.types import TypeEngine

T = TypeVar("T")
Convert = Callable[[Any], Any]

watchers: list[Callable[[str], None]] = []  # called with each statement that is run: tests count them


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one driver wants it. order: names of positional parameters; None where the driver takes names.

    lists: the names of parameters that are lists, and into how many single ones each was unfolded.
    """

    sql: str
    order: tuple[str, ...] | None
    constants: dict[str, Any]
    lists: tuple[tuple[str, int], ...]
    into: tuple[tuple[str, Convert], ...]
    out: tuple[tuple[int, Convert], ...]
    row: Callable[[Iterable[Any]], Any]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """What the driver is given for these values."""
        given = {**self.constants, **values}
        for name, count in self.lists:
            items = given.pop(name)
            given.update((f"{name}_{i + 1}", items[min(i, len(items) - 1)]) for i in range(count))
        for name, convert in self.into:
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]

    def rows(self, found: list[tuple[Any, ...]]) -> list[Any]:
        """What the driver gave, in Python's types, with the columns' names."""
        if not self.out:
            return [self.row(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place, convert in self.out:
                values[place] = convert(values[place])
            rows.append(self.row(values))
        return rows


class Fast:
    """One statement. names: of the parameters that every call gives; for an insert they are its columns.

    A parameter that is a list (`in_(bindparam(name, expanding=True))`) needs one item at least.
    """

    def __init__(self, core: Any, *names: str) -> None:
        self._core = core
        self._names = list(names)
        self._lists = list(dict.fromkeys(bind.key for bind in _binds(core) if bind.expanding))
        self._compiled: dict[tuple[object, ...], _Compiled] = {}

    def all(self, conn: Connection, values: Mapping[str, Any]) -> list[Any]:
        """All rows, as named tuples."""
        return self.ask(conn, values)()

    def ask(self, conn: Connection, values: Mapping[str, Any]) -> Callable[[], list[Any]]:
        """`all`, whose rows are taken later, once: on PostgreSQL they are asked for with others in one trip.

        They are what was there when they were asked for, whatever is changed until they are taken.
        """
        compiled = self._for(conn, values)
        cursor = _execute(conn, compiled.sql, compiled.parameters(values))
        if "pipelining" in conn.info:
            return lambda: compiled.rows(_tried(conn, compiled.sql, cursor.fetchall))
        rows = compiled.rows(_tried(conn, compiled.sql, cursor.fetchall))
        return lambda: rows

    def first(self, conn: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first row, None if there is none."""
        rows = self.all(conn, values)
        return rows[0] if rows else None

    def run(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """Change rows; gives how many."""
        compiled = self._for(conn, values)
        return int(_execute(conn, compiled.sql, compiled.parameters(values), waits=True).rowcount)

    def put(self, conn: Connection, *rows: Mapping[str, Any]) -> None:
        """Run it once for each of these, without a word about what was changed: nothing waits for the answers.

        On PostgreSQL a failure may be raised by a later statement of the transaction, or before its commit.
        """
        if rows:
            compiled = self._for(conn, rows[0])
            given = [compiled.parameters(values) for values in rows]
            _execute(conn, compiled.sql, given if len(rows) > 1 else given[0], many=len(rows) > 1)

    def many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it once for each of these; gives how many rows were changed in all."""
        if not rows:
            return 0
        compiled = self._for(conn, rows[0])
        given = [compiled.parameters(values) for values in rows]
        return int(_execute(conn, compiled.sql, given, many=True, waits=True).rowcount)

    def _for(self, conn: Connection, values: Mapping[str, Any]) -> _Compiled:
        dialect = conn.dialect
        # Lists are filled up to a power of two, so that few statements serve all lengths.
        counts = [1 << (len(values[name]) - 1).bit_length() for name in self._lists]
        key = (dialect.name, *counts)
        compiled = self._compiled.get(key)
        if compiled is None:
            lists = tuple(zip(self._lists, counts, strict=True))
            compiled = self._compiled[key] = _compile(self._core, self._names, lists, dialect)
        return compiled


def _binds(core: Any) -> list[BindParameter[Any]]:
    return [each for each in visitors.iterate(core) if isinstance(each, BindParameter)]


def _execute(conn: Connection, sql: str, parameters: Any, *, many: bool = False, waits: bool = False) -> Any:
    """The driver's cursor. waits: it must know what was changed; else the answer may come later (store.postgres)."""
    for watch in watchers:
        watch(sql)
    driver = conn.connection.driver_connection
    assert driver is not None
    if pipelining := conn.info.get("pipelining"):
        pipelining(not waits)
    cursor = driver.cursor()
    execute = cursor.executemany if many else cursor.execute
    _tried(conn, sql, lambda: execute(sql, parameters))
    return cursor


def _tried(conn: Connection, sql: str, work: Callable[[], T]) -> T:
    """The result of `work`; what the driver raises is raised as SQLAlchemy would."""
    try:
        return work()
    except conn.dialect.loaded_dbapi.Error as failure:
        raise DBAPIError.instance(
            sql, None, failure, conn.dialect.loaded_dbapi.Error, dialect=conn.dialect
        ) from failure


def _compile(core: Any, names: list[str], lists: tuple[tuple[str, int], ...], dialect: Dialect) -> _Compiled:
    if lists:
        core = core.params({name: None for name in names} | {name: [None] * count for name, count in lists})
    keys = names if getattr(core, "is_insert", False) else None
    compiled = core.compile(dialect=dialect, column_keys=keys, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    kinds = {name: bind.type for name, bind in compiled.binds.items()}
    for name, count in lists:
        kind = kinds.pop(name)
        kinds.update((f"{name}_{i + 1}", kind) for i in range(count))
    constants = {name: bind.value for name, bind in compiled.binds.items() if name not in names}
    for column in compiled.insert_prefetch:  # Python-side defaults
        default: Any = column.default
        constants[column.key] = default.arg(None) if default.is_callable else default.arg
    into = [(name, _bind(kind, dialect)) for name, kind in kinds.items()]
    columns = list(core.exported_columns) if isinstance(core, ReturnsRows) else []
    out = [(place, _result(column.type, dialect)) for place, column in enumerate(columns)]
    return _Compiled(
        sql=str(compiled),
        order=tuple(compiled.positiontup) if compiled.positional and compiled.positiontup is not None else None,
        constants=constants,
        lists=lists,
        into=tuple((name, convert) for name, convert in into if convert is not None),
        out=tuple((place, convert) for place, convert in out if convert is not None),
        row=namedtuple("Row", [column.key or "_" for column in columns], rename=True)._make,  # type: ignore[attr-defined]
    )


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
