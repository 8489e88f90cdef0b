"""listserver dkim …"""

from typing import TYPE_CHECKING

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from listserver.config import Settings
    from listserver.dkim_keys import Stored

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(as_json: common.Json = False) -> None:
    """Make one RSA and one Ed25519 key; print the DNS records that they need."""
    from listserver import dkim_keys

    site = common.settings()
    keys = dkim_keys.create(site.data_dir / "dkim", site.domain, common.now())
    _print(keys, as_json=as_json)
    if not as_json:
        common.say("Copies are signed from the next start of `serve` on; publish these records before.")


@app.command()
def show(as_json: common.Json = False) -> None:
    """Print each key's DNS record, and whether it signs (active), will (next), or did (old)."""
    _print(_all(common.settings()), as_json=as_json)


@app.command()
def rotate(as_json: common.Json = False) -> None:
    """Make new keys to publish; run again when the DNS has them, and they sign. Old ones stay for 7 days."""
    from listserver import dkim_keys

    site = common.settings()
    if site.dkim.key_file is not None:
        from listserver.errors import UsageError

        raise UsageError(
            "dkim.key_file names a key of your own: put a new one there, and its selector in dkim.selector."
        )
    keys = dkim_keys.rotate(site.data_dir / "dkim", site.domain, common.now())
    _print(keys, as_json=as_json)
    if as_json:
        return
    if keys[0].state == "next":
        common.say("Publish these records, wait until they are seen, then run `listserver dkim rotate` again.")
    else:
        common.say("These keys sign from the next start of `serve` on. Leave the old records in the DNS for 7 days.")


def _all(site: "Settings") -> "list[Stored]":
    from listserver import dkim_keys

    own = site.dkim.key_file
    if own is None:
        return dkim_keys.stored(site.data_dir / "dkim", site.domain)
    (key,) = dkim_keys.signing(site.data_dir / "dkim", site.domain, own, site.dkim.selector)
    return [dkim_keys.Stored(key, "active", own)]


def _print(keys: "Sequence[Stored]", *, as_json: bool) -> None:
    rows = [
        {
            "name": one.key.name,
            "value": one.key.record,
            "selector": one.key.selector,
            "algorithm": one.key.algorithm,
            "state": one.state,
        }
        for one in keys
    ]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        common.say(f"; {row['algorithm']}, {row['state']}")
        common.say(f"{row['name']}. IN TXT {_zone_text(row['value'])}\n")
    if not rows:
        common.say("There are no DKIM keys. `listserver dkim create` makes them.")


def _zone_text(value: str) -> str:
    """Strings of at most 255 octets, as zone files need them (RFC 1035 §3.3)."""
    pieces = [value[n : n + 250] for n in range(0, len(value), 250)]
    return f'"{pieces[0]}"' if len(pieces) == 1 else "( " + " ".join(f'"{piece}"' for piece in pieces) + " )"
