"""listserver events: who did what, when, by which door."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer()

_AGO = {"h": timedelta(hours=1), "d": timedelta(days=1)}


@app.command()
def events(
    list_: Annotated[str, typer.Option("--list", help="Only what concerns this list.")] = "",
    person: Annotated[str, typer.Option(help="Only what concerns the person with this address.")] = "",
    since: Annotated[str, typer.Option(help="A time such as 2026-03-01 or 2026-03-01T06:00 (UTC), or 12h, 7d.")] = "7d",
    as_json: common.Json = False,
) -> None:
    """Print what happened, oldest first: who did what, when, by which door."""
    from listserver.actions import lists
    from listserver.store import events as rows
    from listserver.store import people

    begin = _moment(since, common.now())

    def unit(conn: "Connection") -> list[dict[str, Any]]:
        list_id = lists.find(conn, list_).id if list_ else None
        found = people.find(conn, person) if person else None
        if person and found is None:
            common.fail(f"Nobody here has the address {person}.")
        return [
            {"at": one.at, "name": one.name, "actor": one.actor, "door": one.door, "data": one.data}
            for one in rows.since(conn, begin, list_id=list_id, person_id=found.id if found else None)
        ]

    with common.open_store() as (_, store):
        found = store.read_now(unit)
    common.print_table(
        found, ("at", "name", "actor", "door", "data"), as_json=as_json, empty="Nothing happened since then."
    )


def _moment(text: str, now: datetime) -> datetime:
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and unit in _AGO:
        return now - int(number) * _AGO[unit]
    return common.moment("--since", text)
