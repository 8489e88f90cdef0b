"""listserver list …, listserver lists."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.store.lists import List

app = typer.Typer(no_args_is_help=True)
overview = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="NAME", help="The list's name.")]
Pairs = Annotated[
    list[str], typer.Argument(help="KEY=VALUE; `listserver list settings` shows all.", metavar="KEY=VALUE")
]


@app.command()
def create(
    name: Name,
    pairs: Annotated[list[str] | None, typer.Argument(help="Settings, KEY=VALUE.", metavar="KEY=VALUE")] = None,
    title: Annotated[str, typer.Option(help="One line that says what it is for.")] = "",
    owner: Annotated[list[str] | None, typer.Option(help="Address of an owner; may be given several times.")] = None,
    preset: Annotated[str, typer.Option(help="discussion, announce, private or support")] = "discussion",
) -> None:
    """Make a list. Repeated with the same arguments it changes nothing."""
    from listserver.actions import lists as actions
    from listserver.actions import membership
    from listserver.core import address
    from listserver.core.actor import OPERATOR
    from listserver.store import lists

    wanted = common.pairs(pairs or []) | ({"title": title} if title else {})
    named = [address.parse_member_line(one) for one in owner or []]
    owners = [membership.Entry(found, called) for called, found in named]
    now = common.now()

    def unit(conn: "Connection") -> bool:
        there = lists.find(conn, name)
        if there is None:
            actions.refuse_ours(conn, site.domain, [one.address for one in owners])
            made = actions.create(conn, OPERATOR, name, wanted, now, preset=preset).list
            if owners:
                membership.add(conn, OPERATOR, made, owners, now, role="owner")
        elif not _has(there, wanted):
            common.fail(f"There is a list {name} already. `listserver list set {name} KEY=VALUE` changes it.")
        return there is None

    with common.open_store() as (site, store):
        made = store.write_now(unit)
    common.say(f"{name}@{site.domain}: " + ("made." if made else "there already, nothing was changed."))
    if made and not owners:
        hint = (
            f"It has no owner, so nobody is told of posts that wait: listserver member add {name} ADDRESS --role owner"
        )
        typer.echo(hint, err=True)


def _has(lst: "List", wanted: dict[str, str]) -> bool:
    from listserver.core import settings

    return all(settings.value(lst.settings, key) == settings.parse(key, text) for key, text in wanted.items())


@app.command()
def show(name: Name, as_json: common.Json = False) -> None:
    """Print a list: its counts, and every setting in effect."""
    from listserver.actions import lists as actions
    from listserver.core import settings
    from listserver.store import holds

    with common.open_store() as (site, store):
        lst = store.read_now(lambda conn: actions.find(conn, name))
        held = store.read_now(lambda conn: holds.count_waiting(conn, lst.id))
    value: dict[str, Any] = {
        "name": lst.name,
        "address": f"{lst.name}@{site.domain}",
        "created": lst.created_at,
        "members": lst.members,
        "posts": lst.posts,
        "threads": lst.threads,
        "held": held,
        "last_post": lst.last_post_at,
    }
    values = {key: settings.value(lst.settings, key) for key in settings.names()}
    if as_json:
        common.print_json({**value, "settings": values})
    else:
        common.print_pairs({**value, **values}, as_json=False)


@app.command(name="set")
def set_(name: Name, pairs: Pairs) -> None:
    """Change settings, all of those given or none."""
    from listserver.actions import lists as actions
    from listserver.core import settings
    from listserver.core.actor import OPERATOR

    wanted, now = common.pairs(pairs), common.now()
    with common.open_store() as (_, store):
        lst = store.write_now(lambda conn: actions.change(conn, OPERATOR, actions.find(conn, name), wanted, now))
    common.say(f"{lst.name}: {_said({key: settings.value(lst.settings, key) for key in wanted})}")


@app.command()
def unset(name: Name, keys: Annotated[list[str], typer.Argument(metavar="KEY", help="Names of settings.")]) -> None:
    """Give settings their defaults again."""
    from listserver.actions import lists as actions
    from listserver.core import settings
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        lst = store.write_now(lambda conn: actions.reset(conn, OPERATOR, actions.find(conn, name), keys, now))
    common.say(f"{lst.name}: {_said({key: settings.value(lst.settings, key) for key in keys})} (the default)")


@app.command()
def delete(name: Name, yes: common.Yes = False) -> None:
    """Delete a list with its members and its archive, for good."""
    from listserver.actions import lists as actions
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (_, store):
        lst = store.read_now(lambda conn: actions.find(conn, name))
        common.confirm(f"Delete {lst.name} with its {lst.members} members and {lst.posts} posts?", yes)
        store.write_now(lambda conn: actions.delete(conn, OPERATOR, actions.find(conn, name), now))
    common.say(f"{lst.name}: deleted.")


@app.command()
def rename(name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")]) -> None:
    """Give a list another name, and so another address."""
    from listserver.actions import lists as actions
    from listserver.core.actor import OPERATOR

    now = common.now()
    with common.open_store() as (site, store):
        lst = store.write_now(lambda conn: actions.rename(conn, OPERATOR, actions.find(conn, name), new, now))
    common.say(f"{name}: now {lst.name}@{site.domain}.")


@app.command()
def settings(as_json: common.Json = False) -> None:
    """Print every setting there is, one a line: name, default, choices, meaning."""
    from listserver.core import settings

    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "default": settings.default(name),
            "choices": list(settings.choices(name)),
            "doc": settings.doc(name),
        }
        for name in settings.names()
    ]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        choices = f" ({', '.join(row['choices'])})" if row["choices"] else ""
        typer.echo(f"{row['name']} = {common.cell(row['default'])}{choices}: {row['doc']}")


@overview.command()
def lists(as_json: common.Json = False) -> None:
    """Print all lists."""
    from listserver.store import holds
    from listserver.store import lists as rows_of

    def unit(conn: "Connection") -> list[dict[str, Any]]:
        return [
            {
                "name": lst.name,
                "title": lst.settings.title,
                "members": lst.members,
                "posts": lst.posts,
                "threads": lst.threads,
                "held": holds.count_waiting(conn, lst.id),
            }
            for lst in rows_of.everything(conn)
        ]

    with common.open_store() as (_, store):
        rows = store.read_now(unit)
    columns = ("name", "members", "posts", "threads", "held", "title")
    common.print_table(
        rows, columns, as_json=as_json, empty="There are no lists. To make one: listserver list create NAME"
    )


def _said(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {common.cell(value)}" for key, value in values.items())
