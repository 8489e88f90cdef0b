"""listserver member …"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.actions.membership import Entry
    from listserver.store.members import Member

app = typer.Typer(no_args_is_help=True)

ListName = Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")]
Addresses = Annotated[list[str] | None, typer.Argument(metavar="ADDRESS", help="Their addresses.")]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", help='A line each: address, or "Name" <address>; or CSV with a header; - reads standard input.'
    ),
]


@app.command()
def add(
    list_name: ListName,
    given: Addresses = None,
    file: FileOption = None,
    role: Annotated[str, typer.Option(help="member, moderator or owner")] = "member",
    mode: Annotated[str, typer.Option(help="each, digest, daily, weekly, monthly, index or nomail")] = "each",
    invite: Annotated[bool, typer.Option("--invite", help="Ask them first: who answers becomes a member.")] = False,
) -> None:
    """Add members, without mail to them; who is there already stays as they are."""
    from listserver.actions import lists, membership
    from listserver.core.actor import OPERATOR
    from listserver.errors import UsageError

    _one_of("--role", role, membership.ROLES)
    try:
        membership.mode_of(mode)
    except UsageError as wrong:
        raise typer.BadParameter(f"--mode: {wrong}") from None
    entries, now = _entries(given, file), common.now()
    if invite:
        _invite(list_name, [entry.address for entry in entries])
        return

    def unit(conn: "Connection") -> membership.Added:
        lists.refuse_ours(conn, settings.domain, [entry.address for entry in entries])
        return membership.add(conn, OPERATOR, lists.find(conn, list_name), entries, now, role=role, mode=mode)

    with common.open_store() as (settings, store):
        done = store.write_now(unit)
    common.say(f"{list_name}: {done.added} added, {done.already} there already.")


def _one_of(option: str, word: str, words: tuple[str, ...]) -> None:
    """End the command as wrong usage where an option has another word than it can have."""
    if word not in words:
        raise typer.BadParameter(f"{option} {word}: write one of {', '.join(words)}.")


def _invite(list_name: str, given: list[str]) -> None:
    from listserver.actions import asking, lists
    from listserver.core.actor import OPERATOR

    with common.open_store() as (settings, store):
        site, now = common.site(settings, store), common.now()

        def unit(conn: "Connection") -> list[str]:
            lst = lists.find(conn, list_name)
            return [one for one in given if not asking.invite(conn, site, OPERATOR, lst, one, now)]

        asked = store.write_now(unit)
    silent = f" Asked within a day already, so not again: {', '.join(asked)}." if asked else ""
    common.say(f"{list_name}: {len(given) - len(asked)} invited.{silent}")


@app.command(name="list")
def list_(
    list_name: ListName,
    role: Annotated[str, typer.Option(help="Only those: member, moderator or owner.")] = "",
    as_json: common.Json = False,
) -> None:
    """Print the members of a list."""
    from listserver.actions import lists, membership
    from listserver.store import members

    if role:
        _one_of("--role", role, membership.ROLES)
    with common.open_store() as (_, store):
        found = store.read_now(lambda conn: members.of_list(conn, lists.find(conn, list_name).id))
    rows = [_shown(member) for member in found if role in ("", member.role)]
    common.print_table(
        rows, ("address", "name", "role", "mode", "state", "joined"), as_json=as_json, empty=f"{list_name} has none."
    )


@app.command()
def remove(list_name: ListName, given: Addresses = None, file: FileOption = None) -> None:
    """End memberships. Addresses that are not on the list are named and skipped."""
    from listserver.actions import lists, membership
    from listserver.core.actor import OPERATOR
    from listserver.store import members, people

    entries, now = _entries(given, file), common.now()

    def unit(conn: "Connection") -> tuple[int, list[str]]:
        lst, absent = lists.find(conn, list_name), []
        for entry in entries:
            person = people.find(conn, entry.address)
            member = members.find(conn, lst.id, person.id) if person else None
            if member is None:
                absent.append(entry.address)
            else:
                membership.remove(conn, OPERATOR, lst, member, now)
        return len(entries) - len(absent), absent

    with common.open_store() as (_, store):
        removed, absent = store.write_now(unit)
    common.say(f"{list_name}: {removed} removed." + (f" Not on the list: {', '.join(absent)}." if absent else ""))


@app.command(name="set")
def set_(
    list_name: ListName,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Any address of the member.")],
    pairs: Annotated[list[str], typer.Argument(help="Such as mode=digest or own_copies=false.", metavar="KEY=VALUE")],
) -> None:
    """Change a member's settings: mode, pause_until, own_copies, concealed, moderated, zone, language, name, role."""
    from listserver.actions import lists, membership
    from listserver.core.actor import OPERATOR

    wanted, now = common.pairs(pairs), common.now()

    def unit(conn: "Connection") -> "Member":
        lst = lists.find(conn, list_name)
        return membership.change(conn, OPERATOR, lst, membership.find(conn, lst, address), wanted, now)

    with common.open_store() as (_, store):
        member = store.write_now(unit)
    common.say(f"{list_name}: {member.address}: {', '.join(f'{k} = {v}' for k, v in wanted.items())}")


@app.command()
def show(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Any address of theirs.")],
    as_json: common.Json = False,
) -> None:
    """Print a person's memberships and their settings."""
    from listserver.store import people

    def unit(conn: "Connection") -> list[dict[str, Any]]:
        person = people.find(conn, address)
        return memberships(conn, person.id) if person else []

    with common.open_store() as (_, store):
        rows = store.read_now(unit)
    if not rows:
        common.fail(f"{address} is not a member of any list.")
    if as_json:
        common.print_json(rows)
        return
    for at, row in enumerate(rows):
        if at:
            typer.echo()
        common.print_pairs(row, as_json=False)


@app.command()
def sync(
    list_name: ListName,
    file: FileOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    yes: common.Yes = False,
    as_json: common.Json = False,
) -> None:
    """Make the members equal to a file; moderators and owners that it does not name stay."""
    from listserver.actions import lists, membership
    from listserver.core.actor import OPERATOR

    entries, now = _entries(None, file), common.now()
    if not entries and not dry_run:  # most often whatever should have written it has failed
        common.confirm(f"{file} names nobody, so all members of {list_name} would be removed.", yes)

    def unit(conn: "Connection") -> membership.Synced:
        lists.refuse_ours(conn, settings.domain, [entry.address for entry in entries])
        return membership.sync(conn, OPERATOR, lists.find(conn, list_name), entries, now, dry_run=dry_run)

    with common.open_store() as (settings, store):
        done = store.write_now(unit)
    if as_json:
        common.print_json({"added": done.added, "removed": done.removed, "dry_run": dry_run})
        return
    for sign, addresses in (("+", done.added), ("-", done.removed)):
        for one in addresses if dry_run else ():
            typer.echo(f"{sign} {one}")
    would = "would be " if dry_run else ""
    common.say(f"{list_name}: {len(done.added)} {would}added, {len(done.removed)} {would}removed.")


def memberships(conn: "Connection", person_id: int) -> list[dict[str, Any]]:
    """What lists a person is on, and their settings there."""
    from listserver.store import lists, members

    return [
        {"list": lists.get(conn, member.list_id).name, **_shown(member), **_options(member)}
        for member in members.of_person(conn, person_id)
    ]


def _entries(given: list[str] | None, file: Path | None) -> "tuple[Entry, ...]":
    from listserver.actions.membership import Entry
    from listserver.core import address, member_file

    if not given and file is None:
        raise typer.BadParameter("Name addresses, or a file of them: --file FILE.")
    found = [address.parse_member_line(one) for one in given or []]
    if file is not None:
        found += member_file.read(common.read_text(file), str(file))
    return tuple(Entry(address, name) for name, address in found)


def _shown(member: "Member") -> dict[str, Any]:
    return {
        "address": member.address,
        "name": member.name,
        "role": member.role,
        "mode": member.mode,
        "state": member.state,
        "joined": member.joined_at,
    }


def _options(member: "Member") -> dict[str, Any]:
    names = ("pause_until", "own_copies", "concealed", "moderated", "known", "digest_form", "zone", "language")
    return {name: getattr(member, name) for name in names}
