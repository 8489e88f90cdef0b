"""listserver archive …: import, export, search and look at posts; hide and delete them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.store.engine import Store
    from listserver.store.lists import List
    from listserver.store.search import Hit, Results

app = typer.Typer(no_args_is_help=True)

ListName = Annotated[str, typer.Argument(metavar="LIST", help="Its name.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The post's number in the list.")]


@app.command(name="import")
def import_(
    list_name: ListName,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH …", help="mbox (.gz, .xz), Maildir, folder of .eml.")],
    links: Annotated[
        Literal["", "pipermail", "hyperkitty", "mhonarc"],
        typer.Option("--old-links", help="Links of that program to these posts shall lead here; needs its whole mbox."),
    ] = "",
    first: Annotated[int, typer.Option(help="With --old-links: the number of the first mail.")] = 0,
    as_json: common.Json = False,
) -> None:
    """File the posts of another archive. Posts that are there already are passed over: run it again to go on."""
    from listserver.actions import importing
    from listserver.actions.importing import Imported, OldLinks
    from listserver.core.actor import OPERATOR
    from listserver.core.old_links import Numbering

    done = Imported()
    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        old = OldLinks(Numbering(links), first) if links else None
        steps = importing.run(store, OPERATOR, lst, paths, common.now(), links=old)
        with common.progress(steps, None, "batches") as states:
            for state in states:
                done = state
    for place in done.failed:
        typer.echo(f"listserver: {place}", err=True)
    if as_json:
        common.print_json({"filed": done.filed, "present": done.present, "failed": list(done.failed)})
    else:
        there = f", {done.present} were there already" if done.present else ""
        common.say(f"{lst.name}: {done.filed} posts filed{there}.")
    if done.failed:
        common.fail(f"{len(done.failed)} mails could not be read; please report what stands above.")


@app.command()
def export(
    list_name: ListName,
    out: Annotated[Path, typer.Option(help="The folder to write to; made if it is not there.")],
    form: Annotated[Literal["mbox", "maildir", "html"], typer.Option("--format", help="How to write.")] = "mbox",
    url: Annotated[str, typer.Option(help="html: where it will be served; else web.base_url.")] = "",
    private: Annotated[bool, typer.Option("--private", help="html: also an archive that is for members.")] = False,
) -> None:
    """Write all posts of a list to files: as they arrived, or as pages that any web server can serve."""
    if form == "html":
        _copy(list_name, out, url, private)
        return
    from listserver.actions import exporting
    from listserver.core.actor import OPERATOR

    count = 0
    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        with common.progress(exporting.export(store, OPERATOR, lst, form, out), None, "pages") as counts:
            for so_far in counts:
                count = so_far
    common.say(f"{lst.name}: {count} posts written to {out}.")


def _copy(list_name: str, out: Path, url: str, private: bool) -> None:
    from dataclasses import replace

    from listserver.web import copy

    with common.open_store() as (settings, store):
        lst = _list(store, list_name)
        site = common.site(settings, store)
        site = replace(site, base_url=url.rstrip("/")) if url else site
        steps = copy.write(store, site, lst, out, common.now(), private=private)
        with common.progress(steps, None, "threads") as states:
            for state in states:
                done = state
    gone = f", {done.removed} that are gone removed" if done.removed else ""
    common.say(f"{lst.name}: {done.written} of {done.threads} threads written to {out}{gone}.")


# "-word" is no option but a word that must not occur.
@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def search(
    list_name: ListName,
    words: Annotated[list[str], typer.Argument(metavar="WORDS …", help='Also from:anna since:2024 "a phrase" -not.')],
    sort: Annotated[Literal["new", "best"], typer.Option(help="The order of what is found.")] = "new",
    page: Annotated[int, typer.Option(help="20 posts a page.")] = 1,
    as_json: common.Json = False,
) -> None:
    """Print the posts in which all words occur."""
    from listserver.core.query_text import read_query
    from listserver.store.search import Scope, Sort
    from listserver.store.search import search as find

    query = read_query(" ".join(words), common.now().date())
    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        scopes = [Scope(lst.id, lst.settings.language)]
        unit = partial(find, scopes=scopes, query=query, sort=Sort(sort), page=page, by_thread=False)
        results: Results = store.read_now(unit)
    rows = [_found(hit) for hit in results.hits]
    columns = ("number", "date", "from", "subject", "extract")
    common.print_table(rows, columns, as_json=as_json, empty="Nothing found.")
    if not as_json and results.pages > 1:
        more = "more than " if results.more else ""
        typer.echo(f"Page {results.page} of {results.pages}: {more}{results.posts} posts.", err=True)


@app.command()
def show(
    list_name: ListName,
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail as it came, octet for octet.")] = False,
    as_json: common.Json = False,
) -> None:
    """Print a post."""
    from listserver.actions import archive
    from listserver.core.message import read

    def unit(conn: "Connection") -> tuple[Any, bytes]:
        row = archive.find(conn, lst, number)
        return row, archive.raw(conn, row.id)

    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        row, octets = store.read_now(unit)
    if raw:
        typer.echo(octets, nl=False)
        return
    value = {
        "number": row.number,
        "identifier": row.identifier,
        "message_id": row.message_id,
        "from": _author(row.author_name, row.author_address),
        "subject": row.subject,
        "date": row.sent_at,
        "state": row.state,
        "size": row.size,
        "files": row.files,
    }
    text = read(octets).text
    if as_json:
        common.print_json({**value, "text": text})
        return
    common.print_pairs(value, as_json=False)
    typer.echo("\n" + "\n".join(common.cell(line) for line in text.splitlines()))


@app.command()
def hide(
    list_name: ListName,
    number: Number,
    undo: Annotated[bool, typer.Option("--undo", help="Show it again.")] = False,
) -> None:
    """Take a post out of the readers' sight; it is kept."""
    from listserver.actions import archive
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        new = store.write_now(lambda conn: archive.hide(conn, OPERATOR, lst, number, now, hidden=not undo))
    done = ("is shown again" if undo else "is hidden") if new else ("was shown" if undo else "was hidden already")
    common.say(f"{lst.name}: post {number} {done}.")


@app.command()
def delete(list_name: ListName, number: Number, yes: common.Yes = False) -> None:
    """Remove a post for good: text, author, files. Its place in the thread stays."""
    from listserver.actions import archive
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        lst = _list(store, list_name)
        row = store.read_now(lambda conn: archive.find(conn, lst, number))
        common.confirm(f"Delete post {number} of {lst.name}, {common.cell(row.subject)!r}, for good?", yes)
        store.write_now(lambda conn: archive.delete(conn, OPERATOR, lst, number, now))
    common.say(f"{lst.name}: post {number} is deleted.")


def _list(store: "Store", name: str) -> "List":
    from listserver.actions import lists

    return store.read_now(lambda conn: lists.find(conn, name))


def _author(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address else name or address


def _found(hit: "Hit") -> dict[str, Any]:
    return {
        "number": hit.number,
        "message_id": hit.message_id,
        "subject": hit.subject,
        "from": _author(hit.author_name, hit.author_address),
        "date": hit.sent_at,
        "extract": "".join(piece.text for piece in hit.extract),
    }
