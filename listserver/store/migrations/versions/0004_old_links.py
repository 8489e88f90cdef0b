"""Links into the archive that was here before, kept so that they still lead to their posts."""

from alembic import op

from listserver.store import tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has it already.
    tables.old_links.create(op.get_bind(), checkfirst=True)
