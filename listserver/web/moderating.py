"""What waits for a moderator, and deciding about it: the same verbs as by mail."""

from collections.abc import Callable
from typing import Any

from listserver.actions import moderation
from listserver.actions.moderation import AlreadyDecided
from listserver.actions.posting import MAX_EXCERPT
from listserver.core import reason_words, tokens
from listserver.core.actor import Actor, Proof
from listserver.core.filing import is_file
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.core.policy import Finding, Verdict
from listserver.errors import Refused
from listserver.store import holds
from listserver.store import tokens as rows
from listserver.store.holds import Hold
from listserver.store.lists import List
from listserver.web.http import Response
from listserver.web.render import missing, own, refusal, said
from listserver.web.visit import Visit
from listserver.web.words import acting

MOST = 200  # on a page


def held(visit: Visit, lst: List) -> Response:
    """All that waits on a list, the oldest first."""
    rows = [(row, _reasons(visit, lst, row)) for row in holds.waiting(visit.conn, lst.id)[:MOST]]
    return own(visit, "held", lst, rows=rows)


def hold(visit: Visit, lst: List, hold_id: int) -> Response:
    """One held post or request, for a moderator who has signed in."""
    found = holds.find(visit.conn, hold_id)
    if found is None or found.list_id != lst.id:
        return missing(visit)
    return _page(visit, lst, found, visit.actor)


def by_token(visit: Visit, lst: List, token: str) -> Response:
    """The same behind the link in a moderator's mail, which proves them as their answer would."""
    row = rows.find(visit.conn, tokens.digest(token))
    if row is None or row.action != "moderate" or row.list_id != lst.id or row.hold_id is None:
        return missing(visit)
    found = holds.find(visit.conn, row.hold_id)
    if found is None or not row.valid(visit.now):
        text = "Too much time has passed. What waits is decided by mail, or on the list's pages after signing in."
        return said(visit, "This link is not good any more", text, status=410)
    return _page(visit, lst, found, Actor(Proof.TOKEN, row.address, row.person_id, "web"))


def _page(visit: Visit, lst: List, found: Hold, actor: Actor) -> Response:
    if found.decision is not None:
        return _decided(visit, lst, found)
    if visit.posted and (decide := _DECIDE.get(visit.field("do"))):
        try:
            done = decide(visit, lst, found, actor)
        except Refused as refused:
            return said(visit, "Nothing was done", "{why}", lst, 403, why=refusal(visit, lst, refused))
        if isinstance(done, AlreadyDecided):
            return _decided(visit, lst, done.hold)
        return said(visit, _SAID[visit.field("do")], "{about}", lst, about=_about(visit, lst, found))
    post = read(unpack(found.enc, found.bytes)) if found.bytes is not None else None
    values: dict[str, Any] = {
        "found": found,
        "author": found.author,
        "subject": _subject(visit, lst, found),
        "reasons": _reasons(visit, lst, found),
        "text": post.text if post else "",
        "files": [part.filename or part.content_type for part in post.parts if is_file(part)] if post else [],
        "editable": post is not None and len(post.text) <= MAX_EXCERPT,
    }
    return own(visit, "hold", lst, **values)


def _decided(visit: Visit, lst: List, found: Hold) -> Response:
    words = acting(visit, lst)
    values = {
        "about": _about(visit, lst, found),
        "decision": words.say(_DECIDED[found.decision or "expired"]),
        "by": found.decided_by or words.say("the program"),
        "at": words.dates.full(found.decided_at, year=True) if found.decided_at else "",
    }
    text = "{about}. {decision} by {by}, {at}."
    return said(visit, "This is decided already", text, lst, 409 if visit.posted else 200, **values)


def _approve(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    return moderation.approve(visit.conn, visit.site, actor, found.id, visit.now)


def _trust(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    return moderation.approve(visit.conn, visit.site, actor, found.id, visit.now, trust=True)


def _edit(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    text = visit.field("text", 10 * MAX_EXCERPT)
    if found.kind == "join" or not text:
        raise Refused("There is no text to send. Write one, or decide otherwise.")
    changed = moderation.with_text(lst, found, text)
    return moderation.approve(visit.conn, visit.site, actor, found.id, visit.now, edited=changed)


def _reject(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    return moderation.reject(visit.conn, visit.site, actor, found.id, visit.field("reason", 2_000), visit.now)


def _discard(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    return moderation.discard(visit.conn, actor, found.id, visit.now)


def _ban(visit: Visit, lst: List, found: Hold, actor: Actor) -> moderation.Decision:
    return moderation.ban(visit.conn, actor, lst, found.id, visit.now)


_DECIDE: dict[str, Callable[[Visit, List, Hold, Actor], moderation.Decision]] = {
    "approve": _approve,
    "always": _trust,
    "edit": _edit,
    "reject": _reject,
    "discard": _discard,
    "ban": _ban,
}
_SAID = {
    "approve": "It is on its way",
    "always": "It is on its way, and this author's posts do not wait again",
    "edit": "The changed text is on its way",
    "reject": "It was rejected, and the author is told",
    "discard": "It was discarded, and nobody is told",
    "ban": "It was discarded, and this address may not write here again",
}


_DECIDED = {
    "approved": "It was approved",
    "rejected": "It was rejected",
    "discarded": "It was discarded",
    "expired": "Its time ran out",
}


def _subject(visit: Visit, lst: List, found: Hold) -> str:
    say = acting(visit, lst).say
    return say("wants to join") if found.kind == "join" else found.subject or say("(no subject)")


def _reasons(visit: Visit, lst: List, found: Hold) -> list[str]:
    """Why it waits: in English by short names, else in the sentences of our mails."""
    plain = [Finding(code, Verdict.HOLD, "", code.replace("-", " ")) for code in found.reasons]
    return [each.rstrip(".") for each in reason_words.to_moderator(plain, acting(visit, lst).language)]


def _about(visit: Visit, lst: List, found: Hold) -> str:
    return f"{found.author}: {_subject(visit, lst, found)}"
