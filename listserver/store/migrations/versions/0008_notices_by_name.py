"""An index of the mails that we wrote by their names, for how many of a kind there were in an hour."""

from alembic import op

revision = "0008"
down_revision = "0007"

NAME = "ix_notices_name_created_at_list_id"


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has it already.
    op.create_index(NAME, "notices", ["name", "created_at", "list_id"], if_not_exists=True)
