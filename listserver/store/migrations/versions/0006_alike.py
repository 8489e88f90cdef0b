"""Threads that are like one another: the words of their subjects, and the result for each thread that is there."""

import sqlalchemy as sa
from alembic import op

from listserver.core.similar import telling
from listserver.core.words import words
from listserver.store import lists, similar, tables

revision = "0006"
down_revision = "0005"

AT_ONCE = 1_000  # threads


def upgrade() -> None:
    conn = op.get_bind()
    if "alike" in {column["name"] for column in sa.inspect(conn).get_columns("threads")}:
        return  # a new database was made by 0001 from tables.py, which has it already
    op.add_column("threads", sa.Column("alike", sa.Text(), nullable=False, server_default=""))
    tables.thread_words.create(conn)
    threads = tables.threads.c
    for lst in lists.everything(conn):
        after = 0
        some = sa.select(threads.id, threads.subject).where(threads.list_id == lst.id).order_by(threads.id).limit(AT_ONCE)
        while rows := conn.execute(some.where(threads.id > after)).all():
            language = lst.settings.language
            similar.learn(conn, lst.id, {row.id: telling(words(row.subject, language)) for row in rows})
            after = rows[-1].id
