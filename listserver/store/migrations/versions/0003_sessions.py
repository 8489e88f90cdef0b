"""Sessions of people who signed in on the web."""

from alembic import op

from listserver.store import tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has it already.
    tables.sessions.create(op.get_bind(), checkfirst=True)
