"""Rows of links into archives that were here before."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from listserver.store.fast import Fast
from listserver.store.tables import old_links, posts

_FIND = Fast(
    select(posts.c.identifier)
    .join(old_links, old_links.c.post_id == posts.c.id)
    .where(old_links.c.list_id == bindparam("list"), old_links.c.name == bindparam("name")),
    *("list", "name"),
)
_FORGET = delete(old_links).where(
    old_links.c.list_id == bindparam("list"), old_links.c.name.in_(bindparam("names", expanding=True))
)
_ADD = Fast(insert(old_links), "list_id", "name", "post_id")


def learn(conn: Connection, list_id: int, links: Sequence[tuple[str, int]]) -> None:
    """Remember (name, post id); a name that was known leads to the new post from now on."""
    latest = dict(links)
    if latest:
        conn.execute(_FORGET, {"list": list_id, "names": list(latest)})
        _ADD.many(conn, [{"list_id": list_id, "name": name, "post_id": post} for name, post in latest.items()])


def find(conn: Connection, list_id: int, name: str) -> str | None:
    """The identifier of the post with that name."""
    row = _FIND.first(conn, {"list": list_id, "name": name})
    return None if row is None else str(row[0])
