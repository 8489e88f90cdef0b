"""Mail for people behind an address of ours: the owners of a list, the operator. It goes on unchanged."""

from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import notices
from listserver.actions.posting import Arrived
from listserver.core.actor import PROGRAM
from listserver.core.envelope import Reply
from listserver.core.policy import MAX_RECEIVED
from listserver.core.site import Site
from listserver.store import events, members
from listserver.store.lists import List

MARK = b"X-Loop"
_LOOP = Reply(554, "5.4.6", "This mail goes round in circles.")
_TAKEN = Reply(250, "2.6.0", "Thank you, it is passed on.")


def to_owners(conn: Connection, site: Site, lst: List, arrived: Arrived, now: datetime) -> Reply:
    """Pass a mail on to the owners of a list, or to the operator where it has none."""
    owners = [owner.address for owner in members.with_role(conn, lst.id, "owner")]
    return _pass_on(conn, site, arrived, owners or [site.admin_email], now, lst=lst)


def to_operator(conn: Connection, site: Site, arrived: Arrived, now: datetime) -> Reply:
    """Pass a mail on to who runs the site (postmaster@, abuse@: RFC 2142 §4, §5)."""
    return _pass_on(conn, site, arrived, [site.admin_email], now, lst=None)


def _pass_on(
    conn: Connection, site: Site, arrived: Arrived, to: list[str], now: datetime, *, lst: List | None
) -> Reply:
    own = site.address(f"{lst.name}+owner" if lst else "postmaster")
    if len(arrived.post.all("Received")) > MAX_RECEIVED or own in arrived.post.all("X-Loop"):
        return _LOOP
    list_id = lst.id if lst else None
    if arrived.post.automatic or not arrived.envelope.sender:
        # RFC 3834 §2: nobody answers a program; and a bounce of what we sent must not travel round.
        events.record(conn, "mail-dropped", PROGRAM, now, list_id=list_id, data={"to": own, "why": "automatic"})
        return _TAKEN
    raw = MARK + b": " + own.encode() + b"\r\n" + arrived.post.raw
    for address in to:
        if address:
            sender = site.address(f"{lst.name}-bounces" if lst else "postmaster")
            notices.queue(conn, raw, address, now, name="forwarded", list_id=list_id, sender=sender)
    events.record(conn, "mail-forwarded", PROGRAM, now, list_id=list_id, data={"to": own, "people": len(to)})
    return _TAKEN
