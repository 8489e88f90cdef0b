"""Verbs of people who sign in on the web: ask for a link, open it, sign out. No password is kept anywhere."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import notices
from listserver.actions import tokens as made
from listserver.core import address as addresses
from listserver.core import tokens
from listserver.core.actor import Actor, Proof
from listserver.core.notices import SignIn
from listserver.core.site import Site
from listserver.errors import UsageError
from listserver.store import events, people, sessions
from listserver.store import tokens as rows
from listserver.store.tokens import Grant

ACTION = "sign-in"
MINUTES = 15  # for which the link is good (standards W2)
DAYS = 30  # of a session


def ask(conn: Connection, site: Site, address: str, browser: str, now: datetime) -> None:
    """Mail a link to somebody we know; for anybody else as much is done, and the page says the same (standards C6).

    browser: a secret that only the asking browser has: the link is good there alone (standards W2).
    """
    try:
        address = addresses.valid(address)
    except UsageError:
        return
    person = people.find(conn, address)
    token = made.fresh()
    notice = SignIn(site.name, address, site.page(f"sign-in/{token}"), MINUTES)
    if person is None:
        notices.render(site, notice, site.language)
    else:
        notices.send(conn, site, notice, address, now, language=person.language, requested=True)
    # Also for who is not known, and then of no use: so that the time tells as little as the page.
    grant = Grant(
        action=ACTION,
        address=addresses.key(address) if person else "",
        person_id=person.id if person else None,
        arguments={"browser": _mark(browser)},
    )
    made.keep(conn, token, grant, now, timedelta(minutes=MINUTES))


def enter(conn: Connection, token: str, browser: str, now: datetime) -> str | None:
    """Use a link: the secret of a new session, for its cookie; None for a link that is used, late, or another's."""
    found = rows.find(conn, tokens.digest(token))
    if found is None or found.action != ACTION or found.person_id is None or not found.valid(now):
        return None
    same = browser and secrets.compare_digest(found.arguments["browser"], _mark(browser))
    if not same or not rows.use(conn, found, now):  # a second press may be faster, at another host
        return None
    secret = made.fresh()
    sessions.add(
        conn,
        hash=tokens.digest(secret),
        person_id=found.person_id,
        address=found.address,
        created_at=now,
        expires_at=now + timedelta(days=DAYS),
    )
    actor = Actor(Proof.SESSION, found.address, found.person_id, "web")
    events.record(conn, "signed-in", actor, now, person_id=found.person_id)
    return secret


def leave(conn: Connection, secret: str) -> None:
    """Sign out: the cookie is worth nothing from now on."""
    sessions.remove(conn, tokens.digest(secret))


def _mark(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
