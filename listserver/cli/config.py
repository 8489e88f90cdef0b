"""listserver config: the configuration in effect, and lines for mail servers in front."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listserver.cli import common
from listserver.config import Endpoint

if TYPE_CHECKING:
    from listserver.config import Settings

app = typer.Typer(no_args_is_help=True, help="Show and check the configuration; lines for mail servers.")


class Mta(StrEnum):
    """The mail servers that we have lines for."""

    POSTFIX = "postfix"
    EXIM = "exim"
    OPENSMTPD = "opensmtpd"


MAIN = {Mta.POSTFIX: "main.cf", Mta.EXIM: "exim.conf", Mta.OPENSMTPD: "smtpd.conf"}


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
    from listserver import config

    site = common.settings()
    config.checks_of(site)
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
    program: Annotated[Mta, typer.Argument(metavar="PROGRAM", help="postfix, exim or opensmtpd")],
    file: Annotated[str, typer.Option(help="Another of its files; a comment in the first names them.")] = "",
) -> None:
    """Print the lines by which a mail server hands mail to us and takes our copies out."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from listserver import resources

    folder = resources.folder("config") / program.value
    there = {path.name.removesuffix(".j2"): path for path in sorted(folder.glob("*.j2"))}
    wanted = file or MAIN[program]
    if wanted not in there:
        raise typer.BadParameter(f"--file {file}: there is {', '.join(there)}.")
    environment = Environment(  # noqa: S701 (no HTML)
        loader=FileSystemLoader(folder), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    typer.echo(environment.get_template(f"{wanted}.j2").render(_places(common.settings())), nl=False)


def _places(site: "Settings") -> dict[str, object]:
    """What the templates in config/ are told."""
    return {
        "domain": site.domain,
        "smtp": _reached(site.smtp.listen),
        "lmtp": _reached(site.smtp.lmtp_listen),
        "max_size": site.smtp.max_size,
        "believed": site.auth.believed,
        "program": Path(sys.prefix, "bin", "listserver"),
        "config": (common.config_file() or Path("/etc/listserver/listserver.toml")).absolute(),
    }


def _reached(listen: "Sequence[Endpoint]") -> "Endpoint | None":
    """Where a mail server on the same host reaches the first of these; None if there is none."""
    for host, port in listen:
        return Endpoint({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
    return None
