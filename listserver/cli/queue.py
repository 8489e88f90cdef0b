"""listserver queue …"""

from dataclasses import asdict
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True)

SHOWN = 20  # entries of each kind below the totals

Id = Annotated[str, typer.Argument(metavar="ID", help="As `queue status` shows it: d12 (a delivery), s7 (one mail).")]
MaybeId = Annotated[str, typer.Argument(metavar="ID", help="Without it: everything.")]


@app.command()
def status(as_json: common.Json = False) -> None:
    """How many copies are on their way out, and the oldest of them."""
    from listserver.actions import delivery
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        totals = store.read_now(lambda conn: delivery.status(conn, OPERATOR, now))
        entries = [] if as_json else store.read_now(lambda conn: delivery.entries(conn, OPERATOR, SHOWN))
    common.print_pairs(asdict(totals), as_json=as_json)
    if entries:
        common.say("")
        columns = ("id", "list", "what", "number", "recipient", "attempts", "due", "state", "reply")
        common.print_table([asdict(entry) for entry in entries], columns, as_json=False, empty="")


@app.command()
def show(entry_id: Id, as_json: common.Json = False) -> None:
    """One entry of the queue, and what the relay said last."""
    from listserver.actions import delivery
    from listserver.core.actor import OPERATOR

    with common.open_store() as (_, store):
        entry = store.read_now(lambda conn: delivery.show(conn, OPERATOR, entry_id))
    common.print_pairs(asdict(entry), as_json=as_json)


@app.command()
def retry(entry_id: MaybeId = "") -> None:
    """Try again at once: one entry, or everything that waits or was given up."""
    from listserver.actions import delivery
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        count = store.write_now(lambda conn: delivery.retry(conn, OPERATOR, entry_id or None, now))
    common.say(f"{count} {'entry is' if count == 1 else 'entries are'} due now.")


@app.command()
def cancel(entry_id: Id, yes: common.Yes = False) -> None:
    """Take an entry out of the queue: who has not got it will not."""
    from listserver.actions import delivery
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        store.read_now(lambda conn: delivery.show(conn, OPERATOR, entry_id))
        common.confirm(f"Whoever has not got {entry_id} will never get it. Go on?", yes)
        store.write_now(lambda conn: delivery.cancel(conn, OPERATOR, entry_id, now))
    common.say(f"{entry_id} is out of the queue.")
