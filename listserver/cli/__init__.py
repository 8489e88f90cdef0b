"""The command line: parse, call an action, print. No logic."""

import typer

app = typer.Typer(no_args_is_help=True, help="A mailing list server for communities of practice.")


def main() -> None:
    """Entry point of the `listserver` script."""
    app()
