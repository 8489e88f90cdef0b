"""Verbs on all that is known of a person: a copy for them, and erasing it (standards D2, D3)."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from listserver.actions import access, membership
from listserver.actions.access import Verb
from listserver.core import address as address_
from listserver.core import settings
from listserver.core.actor import Actor
from listserver.core.filing import Author, Prepared, prepare
from listserver.core.mbox import quote, separator
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.core.traces import NAME, anonymous, mark, taken_out_of_mail
from listserver.errors import Refused, UsageError
from listserver.store import events, lists, members, posts, traces
from listserver.store.engine import Store
from listserver.store.site import secret
from listserver.store.traces import Whom

PAGE = 200  # posts looked at, or changed, in one transaction


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done so far: posts of theirs, posts of others that named them, rows of other kinds (kind -> number)."""

    looked_at: int = 0
    own: int = 0
    naming: int = 0
    rows: tuple[tuple[str, int], ...] = ()


def known(conn: Connection, actor: Actor, address: str, *, erased: bool = False) -> dict[str, int]:
    """How much is known of who has that address: kind -> rows. Raises Refused where nothing is.

    erased: not for an address that was erased before.
    """
    access.require(conn, actor, Verb.SEE_PEOPLE, 0)
    found = traces.counts(conn, Whom(conn, address))
    if not found and not (erased and mark(secret(conn), address_.key(address)) in traces.remembered(conn)):
        raise Refused(f"Nothing is known here of anybody with the address {address}.")
    return found


def everything(conn: Connection, actor: Actor, address: str) -> dict[str, list[dict[str, Any]]]:
    """All rows on a person, by kind, but the texts of mails. Raises Refused where there are none."""
    known(conn, actor, address)
    return traces.everything(conn, Whom(conn, address))


def export(store: Store, actor: Actor, address: str, out: Path) -> None:
    """Write all that is known of a person to a zip file: person.json, posts.mbox, held.mbox.

    Raises Refused where nothing is known, UsageError where the file is there already.
    """
    value = store.read_now(lambda conn: everything(conn, actor, address))
    if out.exists():
        raise UsageError(f"{out} is there already. Name another file with --out, or move it away.")
    part = out.with_name(f"{out.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
            part.chmod(0o600)
            file.writestr("person.json", json.dumps(value, indent=2, ensure_ascii=False, default=str))
            with file.open("posts.mbox", "w") as mbox:
                for page in _own_posts(store, address):
                    mbox.writelines(_entries(page))
            held = store.read_now(lambda conn: traces.held_mails(conn, Whom(conn, address)))
            file.writestr("held.mbox", b"".join(_entries(held)))
        part.rename(out)
    finally:
        part.unlink(missing_ok=True)


def _own_posts(store: Store, address: str) -> Iterator[list[Row[Any]]]:
    def next_page(conn: Connection, after: int) -> list[Row[Any]]:
        return traces.mails(conn, Whom(conn, address), after, PAGE)

    after = 0
    while page := store.read_now(partial(next_page, after=after)):
        yield page
        after = page[-1].id


def _entries(rows: Iterable[Row[Any]]) -> Iterator[bytes]:
    for row in rows:
        yield separator(row.author_address, row.received_at) + quote(unpack(row.enc, row.bytes))


# --- erasing ----------------------------------------------------------------------------------------------------------


def erase(store: Store, actor: Actor, address: str, now: datetime, *, delete_posts: bool = False) -> Iterator[Erased]:
    """Take out all that is known of who has that address; gives how far it is, the last time when all is done.

    In portions, the posts first, so that it can be repeated after a failure. Their posts stay, by "a former member",
    or go (delete_posts); who quotes them quotes "a former member". Raises Refused for the last owner of a list, and
    where nothing is known.
    """
    store.read_now(lambda conn: _may_go(conn, actor, address))
    whom = store.read_now(lambda conn: Whom(conn, address))
    done = Erased()
    after = 0
    while page := store.read_now(partial(traces.page, after=after, limit=PAGE)):
        own = [row for row in page if whom.wrote(row)]
        naming = [row for row in page if not whom.wrote(row) and _names(row, whom)]
        changed = [(row, _without(row, whom)) for row in [*own, *naming] if not (delete_posts and whom.wrote(row))]
        deleted = own if delete_posts else []
        if changed or deleted:
            store.write_now(partial(_change, changed=changed, deleted=deleted))
        after = page[-1].id
        done = Erased(done.looked_at + len(page), done.own + len(own), done.naming + len(naming))
        yield done
    rows = store.write_now(lambda conn: _forget(conn, actor, whom, now, done, delete_posts))
    more = store.write_now(lambda conn: _merge(conn, first=True))
    while more:
        more = store.write_now(lambda conn: _merge(conn, first=False))
    yield Erased(done.looked_at, done.own, done.naming, tuple(rows.items()))


def again(store: Store, actor: Actor, erased: Mapping[str, traces.Erased], now: datetime) -> int:
    """Erase anew whom a backup from before has brought back; how many addresses. erased: as `store.traces` keeps it."""

    def back(conn: Connection) -> list[tuple[str, bool]]:
        key = secret(conn)
        marks = [(address, since, mark(key, address_.key(address))) for address, since in traces.first_seen(conn)]
        return [(a, erased[one].deleted) for a, since, one in marks if one in erased and since <= erased[one].at]

    there = store.read_now(back) if erased else []
    store.write_now(lambda conn: traces.remember(conn, erased))
    for address, deleted in there:
        for _ in erase(store, actor, address, now, delete_posts=deleted):
            pass
    return len(there)


def _may_go(conn: Connection, actor: Actor, address: str) -> None:
    known(conn, actor, address, erased=True)
    for member in members.of_person(conn, Whom(conn, address).person_id):
        membership.other_owner_or_refuse(conn, lists.get(conn, member.list_id), member)


def _names(row: Row[Any], whom: Whom) -> bool:
    """Whether a post names them, in its fields or anywhere in its text."""
    octets = unpack(row.enc, row.bytes)
    seen = (octets.decode("utf-8", "replace"), unpack("zstd", row.content).decode("utf-8", "replace"))
    return any(map(whom.traces.perhaps_in, seen)) and whom.traces.in_mail(octets)


def _without(row: Row[Any], whom: Whom) -> Prepared:
    octets = unpack(row.enc, row.bytes)
    own = whom.wrote(row)
    left = anonymous(octets, whom.traces) if own else taken_out_of_mail(octets, whom.traces)
    author = Author(NAME, "") if own else Author(row.author_name, row.author_address)
    language = settings.from_stored(row.settings).language
    return prepare(read(left), row.list_id, language, row.received_at, author=author)


def _change(conn: Connection, changed: list[tuple[Row[Any], Prepared]], deleted: list[Row[Any]]) -> None:
    traces.overwrite(conn)
    for row, new in changed:
        posts.rewrite(conn, row, new)
    for row in deleted:
        posts.empty(conn, row.list_id, row.thread_id, row.id)


def _forget(
    conn: Connection, actor: Actor, whom: Whom, now: datetime, done: Erased, delete_posts: bool
) -> dict[str, int]:
    traces.overwrite(conn)
    rows = traces.counts(conn, whom)
    key = secret(conn)
    marks = {one: mark(key, one) for one in whom.keys}
    for member in members.of_person(conn, whom.person_id):
        members.remove(conn, member)
    traces.hide_bans(conn, whom, marks)
    traces.forget(conn, whom)
    traces.take_out(conn, whom.traces)
    traces.remember(conn, dict.fromkeys(marks.values(), traces.Erased(now, delete_posts)))
    said = {"posts": done.own, "deleted": delete_posts, "naming": done.naming}
    events.record(conn, "person-erased", actor, now, data=said)
    return rows


def _merge(conn: Connection, *, first: bool) -> bool:
    traces.overwrite(conn)
    return traces.merge_words(conn, first=first)
