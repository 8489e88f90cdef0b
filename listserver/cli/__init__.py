"""The command line: parse, call an action, print. No logic.

Every command is a small module with a typer `app`, loaded only when it is used, so that `listserver --help` is quick.
A new one needs its line in COMMANDS, and imports what is heavy (the database, the service) inside its functions.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from listserver import __version__
from listserver.cli import common
from listserver.errors import ListserverError

COMMANDS = {
    "init": ("listserver.cli.init", "app", "Make configuration and database; never overwrites."),
    "list": ("listserver.cli.lists", "app", "Make, show, set, rename and delete a list."),
    "lists": ("listserver.cli.lists", "overview", "Print all lists."),
    "member": ("listserver.cli.members", "app", "Add, list, change and remove members."),
    "hold": ("listserver.cli.holds", "app", "Show and decide what waits for a decision."),
    "explain": ("listserver.cli.inbound", "explain_app", "Print every check's answer for a mail."),
    "receive": ("listserver.cli.inbound", "receive_app", "Take a mail from standard input, for a mail server's pipe."),
    "person": ("listserver.cli.people", "app", "Show what we know of a person."),
    "queue": ("listserver.cli.queue", "app", "Show, retry and cancel what is on its way out."),
    "ban": ("listserver.cli.bans", "app", "Refuse posts from addresses."),
    "archive": ("listserver.cli.archive", "app", "Import, export, search, show, hide and delete posts."),
    "digest": ("listserver.cli.digests", "app", "Send digests before their time."),
    "template": ("listserver.cli.templates", "app", "List, show, edit and check the texts of our mails."),
    "demo": ("listserver.cli.demo", "app", "Run a demonstration community, with a page to read its mails."),
    "serve": ("listserver.cli.serve", "app", "Run the server: all of it, or some parts."),
    "doctor": ("listserver.cli.doctor", "app", "Check DNS, relay, ports, database, disk, clock; say what to do."),
    "bounce": ("listserver.cli.bounces", "app", "Show what came back from members; forget it."),
    "jobs": ("listserver.cli.jobs", "app", "List and run the periodic jobs."),
    "events": ("listserver.cli.events", "app", "Print who did what, when, by which door."),
    "db": ("listserver.cli.db", "app", "Upgrade, check, back up and restore the database."),
    "dkim": ("listserver.cli.dkim", "app", "Make, show and rotate the keys that sign our copies."),
    "config": ("listserver.cli.config", "app", "Show and check the configuration; lines for mail servers."),
}


class Commands(common.LazyGroup):
    """All commands."""

    entries = COMMANDS


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"listserver {__version__}")
        raise typer.Exit


@app.callback()
def root(
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file; else $LISTSERVER_CONFIG, ./listserver.toml, /etc/listserver/…"),
    ] = None,
    traceback: Annotated[bool, typer.Option(help="Show where a fault of the program itself lies.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """A mailing list server for communities of practice."""
    common.use_config(config)


def main(args: list[str] | None = None) -> None:
    """Entry point of the `listserver` script. Exits 0 done, 1 refused or failed, 2 wrong usage."""
    given = sys.argv[1:] if args is None else args
    try:
        app(given, prog_name="listserver")
    except ListserverError as error:
        _end(common.told(error))
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}." if error.filename else f"{error}.")
    except Exception as error:
        if "--traceback" in given:
            raise
        _end(f"A fault of this program, please report it: {error!r}. With `listserver --traceback …` it says where.")


def _end(sentence: str) -> None:
    typer.echo(f"listserver: {sentence}", err=True)
    sys.exit(1)
