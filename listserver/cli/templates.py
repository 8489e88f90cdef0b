"""listserver template …: the texts of our mails."""

import os
import shlex
import subprocess
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True)

ListOption = Annotated[str, typer.Option("--list", help="As this list writes them, with its own texts.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As `template list` shows it, such as welcome.")]
Language = Annotated[str, typer.Option(help="Of the text, such as de.")]


@app.command(name="list")
def list_(list_name: ListOption = "", as_json: common.Json = False) -> None:
    """Print all texts, and whose each one is."""
    from listserver.actions import texts

    with common.open_store() as (settings, store):
        found = texts.everything(common.site(settings, store), list_name)
    rows = [
        {"name": one.name, "language": one.language, "whose": "own" if one.own else "ours", "file": str(one.path)}
        for one in found
    ]
    common.print_table(rows, ("name", "language", "whose", "file"), as_json=as_json, empty="There are none.")


@app.command()
def show(name: Name, language: Language = "en", list_name: ListOption = "") -> None:
    """Print one text."""
    from listserver.actions import texts

    with common.open_store() as (settings, store):
        text = texts.find(common.site(settings, store), name, language, list_name)
    typer.echo(text.path.read_text("utf-8"), nl=False)


@app.command()
def edit(name: Name, language: Language = "en", list_name: ListOption = "") -> None:
    """Change one text in $EDITOR: ours is copied first, into the folder for texts of your own."""
    from listserver.actions import texts

    with common.open_store() as (settings, store):
        site = common.site(settings, store)
    text = texts.find(site, name, language, list_name)
    path = texts.own_path(site, text, list_name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.path.read_text("utf-8"), "utf-8")
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    subprocess.run([*shlex.split(editor), str(path)], check=True)
    _check(texts.check(site, list_name))
    common.say(f"{path} is used from now on; delete it to have ours again.")


@app.command()
def check(list_name: ListOption = "") -> None:
    """Read all texts and say what is wrong with them."""
    from listserver.actions import texts

    with common.open_store() as (settings, store):
        site = common.site(settings, store)
    _check(texts.check(site, list_name))
    common.say(f"{len(texts.everything(site, list_name))} texts are in order.")


def _check(problems: list[str]) -> None:
    for problem in problems:
        typer.echo(f"listserver: {problem}", err=True)
    if problems:
        common.fail(f"{len(problems)} things are wrong with the texts.")
