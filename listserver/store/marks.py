"""Rows of what members said about threads."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from listserver.store.tables import thread_marks

_GONE = delete(thread_marks).where(
    thread_marks.c.member_id == bindparam("member"), thread_marks.c.thread_id == bindparam("thread")
)
_ADD = insert(thread_marks)
_SAID = select(thread_marks.c.mark).where(
    thread_marks.c.member_id == bindparam("member"), thread_marks.c.thread_id == bindparam("thread")
)
_OF_MEMBER: Any = (
    select(thread_marks.c.thread_id, thread_marks.c.mark)
    .where(thread_marks.c.member_id == bindparam("member"))
    .order_by(thread_marks.c.thread_id)
)


def set_mark(conn: Connection, member_id: int, thread_id: int, mark: str) -> None:
    """follow or mute a thread; "" takes back what was said."""
    conn.execute(_GONE, {"member": member_id, "thread": thread_id})
    if mark:
        conn.execute(_ADD, {"member_id": member_id, "thread_id": thread_id, "mark": mark})


def follow(conn: Connection, member_id: int, thread_id: int) -> None:
    """Follow a thread that they take part in, unless they said something about it."""
    if conn.execute(_SAID, {"member": member_id, "thread": thread_id}).first() is None:
        conn.execute(_ADD, {"member_id": member_id, "thread_id": thread_id, "mark": "follow"})


def of_member(conn: Connection, member_id: int) -> dict[int, str]:
    """Thread -> mark."""
    return {row.thread_id: row.mark for row in conn.execute(_OF_MEMBER, {"member": member_id})}
