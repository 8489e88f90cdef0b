"""Who reads: the cookies of a browser (standards W2)."""

import secrets
from datetime import datetime

from sqlalchemy import Connection

from listserver.actions.signing_in import DAYS, MINUTES
from listserver.core import tokens
from listserver.core.site import Site
from listserver.store import sessions
from listserver.web import forms
from listserver.web.http import Request
from listserver.web.visit import VISITOR, Viewer

SESSION, BROWSER = "session", "browser"


def viewer(conn: Connection, site: Site, request: Request, now: datetime) -> Viewer:
    """Who reads; who brings no cookie costs no statement."""
    secret = secret_of(site, request)
    found = sessions.find(conn, tokens.digest(secret), now) if secret else None
    if found is None:
        return VISITOR
    roles = frozenset(found.roles.items())
    return Viewer(found.person_id, found.address, found.name, roles, forms.token(site, secret), found.language)


def secret_of(site: Site, request: Request) -> str:
    """What the cookie of the session holds, "" if there is none."""
    return request.cookie(_name(site, SESSION))


def browser_of(site: Site, request: Request) -> str:
    """What the browser was given when it asked for a link, "" if it did not ask."""
    return request.cookie(_name(site, BROWSER))


def begun(site: Site, secret: str) -> dict[str, str]:
    """The header that begins a session, or ends it ("")."""
    return {"set-cookie": _cookie(site, SESSION, secret, DAYS * 86_400 if secret else 0)}


def asked(site: Site) -> tuple[str, dict[str, str]]:
    """A secret for the browser that asks for a link, and the header that gives it."""
    secret = secrets.token_urlsafe(16)
    return secret, {"set-cookie": _cookie(site, BROWSER, secret, MINUTES * 60)}


def _name(site: Site, name: str) -> str:
    # __Host-: no other host of the domain can set it (RFC 6265bis §4.1.3.2); it asks for https.
    return f"__Host-{name}" if site.base_url.startswith("https:") else name


def _cookie(site: Site, name: str, value: str, seconds: int) -> str:
    secure = "; Secure" if site.base_url.startswith("https:") else ""
    return f"{_name(site, name)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
