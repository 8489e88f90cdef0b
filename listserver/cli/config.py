"""listserver config: the configuration in effect, and lines for mail servers in front."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True, help="Show and check the configuration; lines for mail servers.")


class Mta(StrEnum):
    """The mail servers that we have lines for."""

    POSTFIX = "postfix"
    EXIM = "exim"
    OPENSMTPD = "opensmtpd"


@app.command()
def show(as_json: common.Json = False) -> None:
    """Print every setting in effect, from file and environment; passwords are masked."""
    from listserver import config

    shown = config.shown(common.settings())
    if as_json:
        common.print_json(shown)
    else:
        typer.echo(config.toml(shown), nl=False)


@app.command()
def check() -> None:
    """Read configuration and environment, and say whether all of it is right."""
    site = common.settings()
    for path in (site.smtp.tls_cert, site.smtp.tls_key, site.dkim.key_file):
        if path is not None and not path.is_file():
            common.fail(f"There is no file {path}, which the configuration names.")
    common.say(f"The configuration of {site.domain} is right.")


@app.command()
def sample(
    domain: Annotated[str, typer.Option(help="The domain to write into it.")] = "lists.example.org",
) -> None:
    """Print a configuration file that names every setting with its default."""
    from listserver import config

    typer.echo(config.sample({"domain": domain}), nl=False)


@app.command()
def mta(
    program: Annotated[Mta, typer.Argument(help="postfix, exim or opensmtpd")],
    file: Annotated[str, typer.Option(help="Which of its files, where it needs more than one.")] = "",
) -> None:
    """Print the lines by which a mail server hands mail to us and takes our copies out."""
    from listserver import mta as lines

    typer.echo(lines.lines(program.value, common.settings(), file), nl=False)
