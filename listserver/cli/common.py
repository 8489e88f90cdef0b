"""What all commands share: the configuration, the database, printing, and groups that load a command when used."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

from listserver.errors import ListserverError, UsageError

if TYPE_CHECKING:
    from listserver.config import Settings
    from listserver.core.site import Site
    from listserver.store.engine import Store

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_config: ContextVar[Path | None] = ContextVar("config", default=None)


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and one-line helps, and imports a command's module when it is run.

    `entries`: name -> (module, attribute, help). The attribute is a typer.Typer: a group, or a single command.
    """

    entries: Mapping[str, tuple[str, str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.entries:
            return None
        module, attribute, _ = self.entries[cmd_name]
        return plain(typer.main.get_command(getattr(import_module(module), attribute)), cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, _, help_) in self.entries.items()])


def plain(command: Any, name: str) -> Any:
    """The command under that name; help and errors in plain text, so that they start fast and read well in a pipe."""
    command.name = name
    command.rich_markup_mode = None
    command.params = [one for one in command.params if one.name not in ("install_completion", "show_completion")]
    for inner, sub in getattr(command, "commands", {}).items():
        plain(sub, inner)
    return command


def use_config(path: Path | None) -> None:
    """Remember what --config said."""
    _config.set(path)


def settings() -> "Settings":
    """The settings of the site, from --config and the other places. Raises UsageError."""
    from listserver import config

    return config.load(_config.get())


def config_file() -> Path | None:
    """The configuration file in use; None where all comes from the environment."""
    from listserver import config

    return config.find(_config.get(), os.environ)


@contextmanager
def open_store() -> "Iterator[tuple[Settings, Store]]":
    """The settings and the database they name, opened and of the right schema. Raises UsageError, Unavailable."""
    from listserver.store import schema
    from listserver.store.engine import Store

    site = settings()
    with Store.open(site.database.url) as store:
        store.read_now(schema.require)
        yield site, store


def site(settings: "Settings", store: "Store") -> "Site":
    """The site as the verbs know it."""
    from listserver import config
    from listserver.store.site import secret

    return config.site_of(settings, store.read_now(secret))


def now() -> datetime:
    """The moment at which a command acts."""
    return datetime.now(UTC)


def moment(option: str, text: str) -> datetime:
    """The time that an option gives, UTC unless it says otherwise. Raises UsageError."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no time: write it like 2026-03-01T06:00.") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def say(line: str) -> None:
    """One line on standard output: what was changed."""
    typer.echo(line)


def print_json(value: Any) -> None:
    """One object or one array, with stable keys; moments in ISO 8601."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_jsonable))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Rows as JSON with all their keys, or as a table of these columns; `empty` says that there is none."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo(empty, err=True)
        return
    cells = [[cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [list(columns), *cells]:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def print_pairs(value: Mapping[str, Any], *, as_json: bool) -> None:
    """One object as JSON, or a line `key: value` for each of its keys."""
    if as_json:
        print_json(value)
        return
    for key, item in value.items():
        typer.echo(f"{key}: {cell(item)}")


def cell(value: Any) -> str:
    """A value as a person reads it, without control characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    return "".join(c if c.isprintable() else " " for c in str(value))


def confirm(question: str, yes: bool) -> None:
    """Ask before what cannot be undone. Ends the command (exit 1) unless the answer is yes or `yes` was given."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{question} Nothing was changed: say --yes to do it.")
    if not typer.confirm(question, err=True):
        fail("Nothing was changed.")


def told(error: ListserverError) -> str:
    """A failure in one line, for the operator: what the outside would be told, and what the log says."""
    return error.public if error.private == error.public else f"{error.public} {' '.join(error.private.split())}"


def fail(sentence: str) -> NoReturn:
    """End the command: one sentence on standard error, exit 1."""
    typer.echo(f"listserver: {sentence}", err=True)
    raise typer.Exit(1)


@contextmanager
def progress(items: Iterable[T], length: int | None, label: str) -> Iterator[Iterator[T]]:
    """The items, with a progress bar on a terminal and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield iter(items)
        return
    with typer.progressbar(items, length=length, label=label, file=sys.stderr) as bar:
        yield iter(bar)


def read_text(file: Path) -> str:
    """The text of a file, or of standard input for `-`. Raises UsageError where it is not UTF-8."""
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (octet {error.start}). Save it as UTF-8.") from error


def pairs(given: Iterable[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a mapping; ends the command as wrong usage (exit 2) where one is none."""
    result = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{item!r} is not KEY=VALUE, such as archive=public.")
        result[key.strip()] = value
    return result


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
