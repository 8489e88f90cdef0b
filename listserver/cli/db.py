"""listserver db: the database as a whole."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from listserver.cli import common
from listserver.core.actor import OPERATOR

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to this release's schema; make it if it is not there."""
    from listserver.actions import database

    before, after = database.upgrade(_url(), OPERATOR, common.now())
    if before == after:
        common.say(f"The database has schema {after} already.")
    else:
        common.say(
            f"The database was {f'upgraded from schema {before} to' if before else 'made, with schema'} {after}."
        )


@app.command()
def status(as_json: common.Json = False) -> None:
    """Show engine, schema, size and numbers."""
    from listserver.actions import database

    common.print_pairs(asdict(database.status(_url())), as_json=as_json)


@app.command()
def check(as_json: common.Json = False) -> None:
    """Read all of the database and say what is wrong; exit 1 if anything is."""
    from listserver.actions import database

    problems = database.check(_url())
    if as_json:
        common.print_json(problems)
    for problem in problems if not as_json else []:
        common.say(problem)
    if problems:
        raise typer.Exit(1)
    if not as_json:
        common.say("The database is sound.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where it goes; an older file of that name is replaced.")],
) -> None:
    """Write the whole database to FILE while the server runs."""
    from listserver.actions import database

    size = database.backup(_url(), file, OPERATOR, common.now())
    common.say(f"{file}: {size} octets.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Made by `listserver db backup`.")],
    yes: common.Yes = False,
) -> None:
    """Make the database what FILE holds; the server must not run."""
    from listserver.actions import database

    url = _url()
    if not database.is_empty(url):
        common.confirm("The database is not empty, and all that it holds will be lost.", yes)
    schema = database.restore(url, file, OPERATOR, common.now())
    common.say(f"The database is what {file} holds (schema {schema} when it was written).")


def _url() -> str:
    return common.settings().database.url
