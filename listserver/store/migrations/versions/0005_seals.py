"""What an ARC seal says of a post, kept beside what its author's domain asks for."""

from alembic import op
from sqlalchemy import Column, Text, inspect

revision = "0005"
down_revision = "0004"

NEW = (("chain", "none"), ("results", ""))


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has them already.
    there = {column["name"] for column in inspect(op.get_bind()).get_columns("origins")}
    for name, default in NEW:
        if name not in there:
            op.add_column("origins", Column(name, Text, nullable=False, server_default=default))
