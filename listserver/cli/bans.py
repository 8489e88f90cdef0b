"""listserver ban …"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.store.lists import List

app = typer.Typer(no_args_is_help=True)

Words = Annotated[
    list[str], typer.Argument(metavar="[LIST] PATTERN", help="An address, or one with *, such as *@example.net.")
]


@app.command()
def add(words: Words) -> None:
    """Refuse posts from an address or pattern, on one list or (without LIST) on all."""
    from listserver.actions import bans
    from listserver.core.actor import OPERATOR

    list_name, pattern = _split(words)
    now = common.now()
    with common.open_store() as (_, store):
        new = store.write_now(lambda conn: bans.add(conn, OPERATOR, _list(conn, list_name), pattern, now))
    common.say(f"{list_name or 'all lists'}: {pattern} {'banned' if new else 'was banned already'}.")


@app.command()
def remove(words: Words) -> None:
    """Lift a ban."""
    from listserver.actions import bans
    from listserver.core.actor import OPERATOR

    list_name, pattern = _split(words)
    now = common.now()
    with common.open_store() as (_, store):
        was = store.write_now(lambda conn: bans.remove(conn, OPERATOR, _list(conn, list_name), pattern, now))
    common.say(f"{list_name or 'all lists'}: {pattern} {'is no longer banned' if was else 'was not banned'}.")


@app.command(name="list")
def list_(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="Without it: every ban there is.")] = "",
    as_json: common.Json = False,
) -> None:
    """Print the bans of a list, or (without LIST) every ban there is."""
    from listserver.store import bans

    def unit(conn: "Connection") -> Sequence[tuple[str | None, str]]:
        lst = _list(conn, list_name)
        return [(lst.name, pattern) for pattern in bans.of(conn, lst.id)] if lst else bans.everything(conn)

    with common.open_store() as (_, store):
        everywhere = None if as_json else "all lists"
        rows = [{"list": name or everywhere, "pattern": pattern} for name, pattern in store.read_now(unit)]
    common.print_table(rows, ("list", "pattern"), as_json=as_json, empty="There are no bans.")


def _split(words: list[str]) -> tuple[str, str]:
    if len(words) > 2:
        raise typer.BadParameter("Write [LIST] PATTERN.")
    return ("", words[0]) if len(words) == 1 else (words[0], words[1])


def _list(conn: "Connection", name: str) -> "List | None":
    from listserver.actions import lists

    return lists.find(conn, name) if name else None
