"""listserver person …"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common
from listserver.cli.members import memberships

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(no_args_is_help=True)


@app.callback()
def person() -> None:
    """People: whoever we know, by any of their addresses."""


@app.command()
def show(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Any address of theirs.")],
    as_json: common.Json = False,
) -> None:
    """Print all addresses of a person, and what lists they are on."""
    from listserver.store import people

    def unit(conn: "Connection") -> dict[str, Any] | None:
        found = people.find(conn, address)
        if found is None:
            return None
        return {
            "name": found.name,
            "addresses": people.addresses_of(conn, found.id),
            "language": found.language,
            "zone": found.zone,
            "memberships": memberships(conn, found.id),
        }

    with common.open_store() as (_, store):
        value = store.read_now(unit)
    if value is None:
        common.fail(f"Nobody here has the address {address}.")
    if not as_json:
        value["memberships"] = [
            f"{row['list']} ({row['role']}, {row['mode']}, {row['state']})" for row in value["memberships"]
        ]
    common.print_pairs(value, as_json=as_json)
