"""An index of posts by their authors, for the pages of authors."""

from alembic import op

revision = "0002"
down_revision = "0001"

NAME = "ix_posts_list_id_author_address_received_at"


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has it already.
    op.create_index(NAME, "posts", ["list_id", "author_address", "received_at"], if_not_exists=True)
