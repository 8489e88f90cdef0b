"""The secret that our return addresses and links are signed with, kept with the rows that they point at."""

from sqlalchemy import Connection

from listserver.errors import UsageError
from listserver.store.lists import set_site_value, site_value

_NAME = "site_secret"


def make_secret(conn: Connection, fresh: bytes) -> None:
    """Keep `fresh` (32 random octets) as the site's secret, unless it has one."""
    if site_value(conn, _NAME) is None:
        set_site_value(conn, _NAME, fresh.hex())


def secret(conn: Connection) -> bytes:
    """The site's secret. Raises UsageError where `listserver init` was never run."""
    value = site_value(conn, _NAME)
    if value is None:
        raise UsageError("The database has no site secret yet. `listserver init` makes it.")
    return bytes.fromhex(value)
