"""Why a delivery was put off or stopped, kept with it."""

from alembic import op
from sqlalchemy import Column, Text, inspect

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # A new database was made by 0001 from tables.py, which has it already.
    if "reply" not in {column["name"] for column in inspect(op.get_bind()).get_columns("deliveries")}:
        op.add_column("deliveries", Column("reply", Text, nullable=False, server_default=""))
