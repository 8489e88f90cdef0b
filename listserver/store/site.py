"""What belongs to the whole site: so far the secret that our return addresses and links are signed with."""

from sqlalchemy import Connection, bindparam, insert, select

from listserver.errors import UsageError
from listserver.store.tables import site

_SECRET = "site_secret"  # noqa: S105 (the name of the row)
_GET = select(site.c.value).where(site.c.name == bindparam("name_"))
_ADD = insert(site).values(name=bindparam("name_"), value=bindparam("value_"))


def make_secret(conn: Connection, fresh: bytes) -> None:
    """Keep `fresh` (32 random octets) as the site's secret, unless it has one."""
    if conn.execute(_GET, {"name_": _SECRET}).scalar() is None:
        conn.execute(_ADD, {"name_": _SECRET, "value_": fresh.hex()})


def secret(conn: Connection) -> bytes:
    """The site's secret. Raises UsageError where `listserver init` was never run."""
    value = conn.execute(_GET, {"name_": _SECRET}).scalar()
    if value is None:
        raise UsageError("The database has no site secret yet. `listserver init` makes it.")
    return bytes.fromhex(value)
