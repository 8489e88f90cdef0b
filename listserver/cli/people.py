"""listserver person …"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common
from listserver.cli.members import memberships

if TYPE_CHECKING:
    from sqlalchemy import Connection

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="Any address of theirs.")]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def person() -> None:
    """People: whoever we know, by any of their addresses."""


@app.command()
def show(
    address: Address,
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


@app.command()
def export(
    address: Address,
    out: Annotated[Path | None, typer.Option(help="The file to write; otherwise ADDRESS.zip here.")] = None,
    as_json: common.Json = False,
) -> None:
    """Write all that is known of a person to one file, for them: person.json, and their mails as mbox files."""
    from listserver.actions import traces
    from listserver.core.actor import OPERATOR

    with common.open_store() as (_, store):
        if as_json:
            common.print_json(store.read_now(lambda conn: traces.everything(conn, OPERATOR, address)))
            return
        target = out or Path(address.replace("/", "_") + ".zip")
        traces.export(store, OPERATOR, address, target)
    common.say(f"{target}: all that is known of {address}.")


@app.command()
def erase(
    address: Address,
    delete_posts: Annotated[
        bool, typer.Option("--delete-posts", help="Delete their posts; otherwise they stay, by “a former member”.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is known of them.")] = False,
    yes: common.Yes = False,
) -> None:
    """Take out all that is known of a person: memberships, name, addresses, events, what others quote of them."""
    from listserver.actions import database, traces
    from listserver.core.actor import OPERATOR

    with common.open_store() as (settings, store):
        known = store.read_now(lambda conn: traces.known(conn, OPERATOR, address, erased=True))
        told = _told(known)
        if dry_run:
            common.say(f"Of {address} there is: {told}. Nothing was changed.")
            return
        common.confirm(f"Erase all that is known of {address} ({told})? This cannot be undone.", yes)
        done = traces.Erased()
        steps = traces.erase(store, OPERATOR, address, common.now(), delete_posts=delete_posts)
        with common.progress(steps, None, "posts") as states:
            for state in states:
                done = state
    posts = f"{done.own} posts {'deleted' if delete_posts else 'are by “a former member” now'}"
    common.say(f"Erased: {_told(dict(done.rows))}; {posts}, {done.naming} others no longer name them.")
    if not database.compact(settings.database.url):
        common.say("Stop the server and repeat this, to overwrite what deleted rows have left in the database's file.")


def _told(kinds: dict[str, int]) -> str:
    return ", ".join(f"{kind.replace('_', ' ')} {number}" for kind, number in kinds.items()) or "nothing more"
