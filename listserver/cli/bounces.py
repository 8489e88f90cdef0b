"""listserver bounce …"""

from dataclasses import asdict
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True)

ListName = Annotated[str, typer.Argument(metavar="LIST")]


@app.command(name="list")
def list_(list_name: ListName, as_json: common.Json = False) -> None:
    """Print the members of whom something came back within 30 days, and who is suspended for it."""
    from listserver.actions import bounces, lists

    now = common.now()
    with common.open_store() as (_, store):
        found = store.read_now(lambda conn: bounces.of_list(conn, lists.find(conn, list_name), now))
    columns = ("address", "kind", "score", "state", "last", "text")
    common.print_table([asdict(one) for one in found], columns, as_json=as_json, empty="Nothing came back.")


@app.command()
def reset(list_name: ListName, address: Annotated[str, typer.Argument(metavar="ADDRESS")]) -> None:
    """Forget what came back of a member; who was suspended gets copies again."""
    from listserver.actions import bounces, lists
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        member = store.write_now(lambda conn: bounces.reset(conn, OPERATOR, lists.find(conn, list_name), address, now))
    again = ", and gets copies again" if member.state == "suspended" else ""
    common.say(f"{list_name}: {member.address} starts anew{again}.")
