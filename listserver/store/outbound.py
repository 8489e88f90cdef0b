"""What composing reads of a post."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, select

from listserver.core.packing import unpack
from listserver.store.tables import posts, raw


@dataclass(frozen=True, slots=True)
class Filed:
    """A post as it was filed. raw: the octets that arrived. answers: the Message-ID of its parent, or ""."""

    list_id: int
    identifier: str
    raw: bytes
    answers: str


parents = posts.alias()
_POST = (
    select(posts.c.list_id, posts.c.identifier, raw.c.enc, raw.c.bytes, parents.c.message_id.label("answers"))
    .join(raw, raw.c.post_id == posts.c.id)
    .outerjoin(parents, and_(parents.c.id == posts.c.parent_id, posts.c.distance == 0))
    .where(posts.c.id == bindparam("post"))
)


def post(conn: Connection, post_id: int) -> Filed | None:
    """The post with that id; None if it was deleted meanwhile. Raises Unavailable where its octets are damaged."""
    row = conn.execute(_POST, {"post": post_id}).first()
    return None if row is None else Filed(row.list_id, row.identifier, unpack(row.enc, row.bytes), row.answers or "")
