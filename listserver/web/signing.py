"""Signing in by a mailed link, and out again (standards W2)."""

from dataclasses import replace

from listserver.actions import signing_in
from listserver.web import session
from listserver.web.http import Response, redirect
from listserver.web.render import own, said
from listserver.web.visit import Visit
from listserver.web.words import acting


def sign_in(visit: Visit) -> Response:
    """Ask for an address; the answer is the same whoever it is."""
    if not visit.posted:
        return own(visit, "sign-in")
    address = visit.field("address")
    browser, header = session.asked(visit.site)
    signing_in.ask(visit.conn, visit.site, address, browser, visit.now)
    text = (
        "If {address} is known here, a mail with a link is on its way to it. Open the link in this browser within "
        "{minutes} minutes. If no mail comes: look into the spam folder, and whether this is the address to which the "
        "list writes."
    )
    answer = said(visit, "Look into your mailbox", text, address=address or "…", minutes=signing_in.MINUTES)
    return replace(answer, headers={**answer.headers, **header})


def link(visit: Visit, token: str) -> Response:
    """The page behind the mailed link: a button, for programs open links too."""
    if not visit.posted:
        return own(visit, "sign-in-link")
    secret = signing_in.enter(visit.conn, token, session.browser_of(visit.site, visit.request), visit.now)
    if secret is None:
        text = (
            "A link is good once, for {minutes} minutes, and only in the browser in which it was asked for. Please ask "
            "for another one."
        )
        return own(visit, "sign-in", status=403, problem=acting(visit).say(text, minutes=signing_in.MINUTES))
    answer = redirect(f"{visit.root}/me/")
    return replace(answer, headers={**answer.headers, **session.begun(visit.site, secret), "cache-control": "no-store"})


def sign_out(visit: Visit) -> Response:
    """End the session."""
    if not visit.posted:
        return redirect(f"{visit.root}/me/")
    signing_in.leave(visit.conn, session.secret_of(visit.site, visit.request))
    answer = redirect(f"{visit.root}/")
    return replace(answer, headers={**answer.headers, **session.begun(visit.site, ""), "cache-control": "no-store"})
