"""What owners see and change of their list: its settings and its members."""

from typing import Any

from listserver.actions import lists as verbs
from listserver.core import address as addresses
from listserver.core import settings as core
from listserver.core.command_values import Command
from listserver.core.command_words import Do
from listserver.email_commands.run import run
from listserver.errors import Refused, UsageError
from listserver.store import members as rows
from listserver.store.lists import List
from listserver.web.http import Response, redirect
from listserver.web.joining import told
from listserver.web.options import FORMS, MODES, ROLES, STATES
from listserver.web.render import own, refusal
from listserver.web.visit import Visit

LONG = ("description", "footer")
GROUPS = {  # heading -> the settings under it, each of them once
    "About the list": ("title", "description", "language", "archive", "advertised", "members_visible_to"),
    "Joining and leaving": ("joining", "leaving"),
    "Who may post": ("posting", "non_members", "moderation", "first_posts", "hourly_posts", "daily_posts"),
    "What a post may be": ("max_size", "max_recipients", "attachments", "html", "empty_subject"),
    "What waits for a moderator": ("hold_days", "on_expiry", "empty_reply"),
    "The copies that members get": ("reply_to", "subject_tag", "footer", "topics", "copies", "from"),
    "Digests": ("digest_at", "digest_zone", "digest_size", "digest_form"),
}
_HOLD, _REFUSE, _DROP = "it waits for a moderator", "it is refused, and the author is told", "it is dropped in silence"
CHOICES = {  # setting -> its words -> what they mean
    "archive": {"public": "everybody", "members": "members who have signed in", "none": "nobody"},
    "advertised": {"true": "yes", "false": "no"},
    "members_visible_to": {"owners": "the owners", "members": "the members", "nobody": "nobody"},
    "joining": {
        "confirm": "who answers our mail",
        "open": "everybody, at once",
        "approve": "whom a moderator lets in",
        "confirm+approve": "who answers, and whom a moderator then lets in",
        "invite": "who is invited",
        "closed": "nobody",
    },
    "leaving": {"open": "no, at once", "confirm": "yes, by an answer to our mail"},
    "posting": {"members": "the members", "anyone": "everybody", "moderators": "moderators and owners"},
    "non_members": {"hold": _HOLD, "reject": _REFUSE, "accept": "it goes out", "discard": _DROP},
    "moderation": {"none": "nobody's", "first-posts": "those of new members", "all": "everybody's"},
    "html": {"keep": "it goes out", "hold": _HOLD, "reject": _REFUSE},
    "empty_subject": {"accept": "it goes out", "hold": _HOLD, "reject": _REFUSE},
    "copies": {"each": "each copy is its member's own", "batch": "all copies are equal"},
    "reply_to": {"author": "to the author", "list": "to the list", "both": "to both"},
    "from": {
        "auto": "only where needed",
        "keep": "never",
        "rewrite": "always",
        "wrap": "the post is enclosed in a mail of the list",
    },
    "digest_form": {key: text for key, text in FORMS.items() if key},
    "on_expiry": {"discard": _DROP, "reject": _REFUSE},
    "empty_reply": {"ask": "nothing yet; we ask", "approve": "yes"},
}
PER_PAGE = 100
_DO = {"add": Do.ADD, "invite": Do.INVITE, "remove": Do.DELETE}


def settings(visit: Visit, lst: List) -> Response:
    """All settings of the list, each with its sentence."""
    if not visit.posted:
        return _settings(visit, lst, saved="saved" in visit.request.query)
    known = {name: _shown(core.value(lst.settings, name)) for name in core.names()}
    given = {name: visit.field(name, 10_000) for name in known if name in visit.request.form}
    wanted = {name: value for name, value in given.items() if value != known[name]}
    try:
        verbs.change(visit.conn, visit.actor, lst, wanted, visit.now)
    except (Refused, UsageError) as wrong:
        return _settings(visit, lst, problem=refusal(visit, lst, wrong), given=given)
    return redirect(f"{visit.root}/{lst.name}/settings/?saved")


def _settings(
    visit: Visit, lst: List, *, saved: bool = False, problem: str = "", given: dict[str, str] | None = None
) -> Response:
    def field(name: str) -> dict[str, Any]:
        return {
            "name": name,
            "value": (given or {}).get(name, _shown(core.value(lst.settings, name))),
            "choices": CHOICES.get(name, {}),
            "long": name in LONG,
            "doc": core.doc(name),
        }

    groups = [(heading, [field(name) for name in names]) for heading, names in GROUPS.items()]
    return own(visit, "settings", lst, 400 if problem else 200, groups=groups, saved=saved, problem=problem)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def members(visit: Visit, lst: List) -> Response:
    """Who is on the list; adding, inviting, removing as by mail."""
    if visit.posted and visit.field("do") in _DO:
        command = Command(_DO[visit.field("do")], lst.name, visit.field("address"), visit.field("name"))
        return told(visit, tuple(run(visit.conn, visit.site, visit.actor, lst, [command], visit.now).results), lst)
    after = visit.request.query.get("after", "")[:320]
    found = rows.following(visit.conn, lst.id, after.casefold(), PER_PAGE + 1)
    shown = found[:PER_PAGE]
    more = addresses.key(shown[-1].address) if len(found) > PER_PAGE else ""
    return own(visit, "members", lst, members=shown, after=after, more=more, modes=MODES, roles=ROLES, states=STATES)
