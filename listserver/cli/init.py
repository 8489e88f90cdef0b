"""listserver init: three commands to a working list begin here."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer()


@app.command()
def init(
    domain: Annotated[str, typer.Option(help="Domain of the lists' addresses, such as lists.example.org.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where listserver.toml goes.")] = Path(),
    database: Annotated[str, typer.Option(help="URL of the database; by default SQLite in that folder.")] = "",
) -> None:
    """Make configuration and database; what is there already is never overwritten."""
    from listserver import config
    from listserver.store import migrations, site
    from listserver.store.engine import Store

    given = {"domain": domain} | ({"database.url": database} if database else {})
    wanted = config.build(_nested(given), base=directory.absolute())
    file = directory / "listserver.toml"
    directory.mkdir(parents=True, exist_ok=True)
    found = config.load(file, {}) if file.exists() else wanted
    if (found.domain, found.database.url) != (wanted.domain, wanted.database.url):
        common.fail(
            f"{file} is there already, for {found.domain} with another domain or database. "
            "Nothing was changed: edit that file, or choose another --dir."
        )
    before, after = migrations.upgrade(found.database.url)
    with Store.open(found.database.url) as store:
        store.write_now(lambda conn: site.make_secret(conn, secrets.token_bytes(32)))
    made = _write(file, config.sample(given))  # last, so that a database which cannot be had does not stay in it
    common.say(f"{file}: {'made' if made else 'there already, left as it is'}.")
    common.say(f"Database: {'made' if not before else 'there already' if before == after else 'upgraded'}.")


def _nested(given: dict[str, str]) -> dict[str, object]:
    result: dict[str, object] = {"domain": given["domain"]}
    if "database.url" in given:
        result["database"] = {"url": given["database.url"]}
    return result


def _write(file: Path, text: str) -> bool:
    """Write a new file that only its owner can read (it may hold passwords); False if it is there."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    return True
