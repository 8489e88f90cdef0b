"""listserver hold …: what waits for a decision."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol, assert_never

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.actions.moderation import Decision
    from listserver.core.site import Site
    from listserver.store.holds import Hold

app = typer.Typer(no_args_is_help=True)


class Verb(Protocol):
    """What is done to one hold."""

    def __call__(self, conn: "Connection", *, site: "Site", hold_id: int) -> "Decision":
        """In one transaction."""


Ids = Annotated[list[int], typer.Argument(metavar="ID", help="Numbers, as `hold list` shows them.")]


@app.command(name="list")
def list_(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="Only what waits on this list.")] = "",
    as_json: common.Json = False,
) -> None:
    """Print what waits for a decision, oldest first."""
    from listserver.actions import lists
    from listserver.store import holds

    def unit(conn: "Connection") -> "list[Hold]":
        return holds.waiting(conn, lists.find(conn, list_name).id if list_name else None)

    with common.open_store() as (_, store):
        rows = [_shown(hold) for hold in store.read_now(unit)]
    columns = ("id", "list", "kind", "from", "subject", "reasons", "since")
    common.print_table(rows, columns, as_json=as_json, empty="Nothing waits.")


@app.command()
def show(
    hold_id: Annotated[int, typer.Argument(metavar="ID", help="Its number.")],
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail as it came, octet for octet.")] = False,
    as_json: common.Json = False,
) -> None:
    """Print one of them: who, why, and its text."""
    from listserver.actions import moderation
    from listserver.core.message import read
    from listserver.core.packing import unpack

    with common.open_store() as (_, store):
        hold = store.read_now(lambda conn: moderation.find(conn, hold_id))
    octets = unpack(hold.enc, hold.bytes) if hold.bytes is not None else b""
    if raw:
        typer.echo(octets, nl=False)
        return
    decided = {"decision": hold.decision, "decided_by": hold.decided_by, "decided_at": hold.decided_at}
    value = {**_shown(hold), "expires": hold.expires_at, "size": hold.size, **decided, "text": read(octets).text}
    if as_json:
        common.print_json(value)
        return
    text = value.pop("text")
    common.print_pairs(value, as_json=False)
    typer.echo("\n" + "\n".join(common.cell(line) for line in text.splitlines()))


@app.command()
def approve(ids: Ids) -> None:
    """Let held posts out to the list."""
    from listserver.actions import moderation
    from listserver.core.actor import OPERATOR

    now = common.now()
    _decide(ids, lambda conn, *, site, hold_id: moderation.approve(conn, site, OPERATOR, hold_id, now))


@app.command()
def reject(ids: Ids, reason: Annotated[str, typer.Option(help="What its author is told.")]) -> None:
    """Turn held posts down; each author is told why."""
    from listserver.actions import moderation
    from listserver.core.actor import OPERATOR

    now = common.now()
    _decide(ids, lambda conn, *, site, hold_id: moderation.reject(conn, site, OPERATOR, hold_id, reason, now))


@app.command()
def discard(ids: Ids) -> None:
    """Drop held posts; nobody is told."""
    from listserver.actions import moderation
    from listserver.core.actor import OPERATOR

    now = common.now()
    _decide(ids, lambda conn, *, site, hold_id: moderation.discard(conn, OPERATOR, hold_id, now))


def _decide(ids: list[int], verb: "Verb") -> None:
    """Decide each in a transaction of its own, and say what came of it."""
    with common.open_store() as (settings, store):
        site = common.site(settings, store)
        for hold_id in ids:
            decision = store.write_now(partial(verb, site=site, hold_id=hold_id))
            common.say(f"{hold_id}: {_said(decision)}")


def _said(decision: "Decision") -> str:
    from listserver.actions.moderation import AlreadyDecided, Approved, Dropped, TurnedDown

    match decision:
        case Approved(hold, number):
            return f"approved, post {number} of {hold.list_name}."
        case TurnedDown(hold):
            return f"rejected, {hold.address or 'nobody'} is told."
        case Dropped():
            return "discarded."
        case AlreadyDecided(hold):
            when = common.cell(hold.decided_at)
            return f"was {hold.decision} already by {hold.decided_by}, {when}; nothing was changed."
        case _:
            assert_never(decision)


def _shown(hold: "Hold") -> dict[str, Any]:
    return {
        "id": hold.id,
        "list": hold.list_name,
        "kind": hold.kind,
        "from": hold.address,
        "subject": hold.subject,
        "reasons": hold.reasons,
        "since": hold.held_at,
    }
