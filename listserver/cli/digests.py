"""listserver digest …"""

from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Send digests before their time."""


@app.command()
def send(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")],
    everything: Annotated[
        bool, typer.Option("--now", help="All open editions of every period; without it those whose time has come.")
    ] = False,
) -> None:
    """Send the digests of a list. Nothing new, nothing sent."""
    from listserver.actions import digests, lists
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        made = store.write_now(
            lambda conn: digests.send(conn, OPERATOR, lists.find(conn, list_name), now, everything=everything)
        )
    for edition in made:
        first, last = edition.after + 1, edition.upto
        said = f"post {last} is on its way" if first == last else f"posts {first} to {last} are on their way"
        common.say(f"{list_name}: {edition.stream}: {said}.")
    if not made:
        common.say(f"{list_name}: nothing new, nothing sent.")
