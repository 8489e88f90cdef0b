"""Private answers to an author whose From was rewritten: passed on, within bounds (standards A7)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import notices
from listserver.actions.posting import Arrived
from listserver.core import address, mitigation
from listserver.core.actor import PROGRAM
from listserver.core.envelope import AuthResult, Reply
from listserver.core.policy import MAX_RECEIVED
from listserver.core.site import Site
from listserver.store import events, origins
from listserver.store import notices as notice_rows
from listserver.store.origins import Alias

ANSWERS_PER_HOUR = 20  # passed on to one author
ANSWER = "private-answer"  # the name of their rows among the notices
_TAKEN = Reply(250, "2.6.0", "Thank you, it is passed on.")
_LOOP = Reply(554, "5.4.6", "This mail goes round in circles.")
_FORGED = Reply(550, "5.7.26", "The policy (DMARC) of the domain in From says that this mail is not from there.")
_LATER = Reply(450, "4.7.1", "Too many private answers to this author within an hour. Please try again later.")


def find(conn: Connection, site: Site, recipient: str) -> Alias | None:
    """The alias that a recipient address of our domain is."""
    local, domain = address.split(recipient)
    if address.key(f"x@{domain}") != address.key(f"x@{site.domain}"):
        return None
    return origins.alias_at(conn, local.lower())


def pass_on(conn: Connection, site: Site, arrived: Arrived, to: Alias, now: datetime) -> Reply:
    """A private answer, unchanged, to the author behind an alias; whoever wrote it is not told their address."""
    own = site.address(to.local)
    if len(arrived.post.all("Received")) > MAX_RECEIVED or own in arrived.post.all("X-Loop"):
        return _LOOP
    found = arrived.envelope.authenticity
    if found.dmarc is AuthResult.FAIL and found.dmarc_policy in mitigation.STRICT:
        return _FORGED
    if arrived.post.automatic or not arrived.envelope.sender:
        events.record(conn, "mail-dropped", PROGRAM, now, data={"to": own, "why": "automatic"})
        return _TAKEN
    if notice_rows.sent_since(conn, to.address, ANSWER, now - timedelta(hours=1)) >= ANSWERS_PER_HOUR:
        return _LATER
    raw = b"X-Loop: " + own.encode() + b"\r\n" + arrived.post.raw
    notices.queue(conn, raw, to.address, now, name=ANSWER, list_id=None)
    events.record(conn, "mail-forwarded", PROGRAM, now, data={"to": own, "people": 1})
    return _TAKEN
