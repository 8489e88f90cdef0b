"""listserver serve: the running service."""

from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer()


@app.command()
def serve(
    only: Annotated[
        str, typer.Option(help="Only these parts, comma-separated: smtp, lmtp, delivery, web, jobs, imap.")
    ] = "",
) -> None:
    """Run the server until SIGTERM; SIGHUP reads the configuration again."""
    from listserver import service

    service.run(common.settings, service.parts(only))
