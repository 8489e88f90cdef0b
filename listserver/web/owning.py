"""What owners see and change of their list: its settings and its members."""

from typing import Any

from markupsafe import Markup

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
from listserver.web.options import MODES, ROLES, STATES
from listserver.web.render import own
from listserver.web.visit import Visit
from listserver.web.words import acting

LONG = ("description", "footer")
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
        return _settings(visit, lst, problem=wrong.public, given=given)
    return redirect(f"{visit.root}/{lst.name}/settings/?saved")


def _settings(
    visit: Visit, lst: List, *, saved: bool = False, problem: str = "", given: dict[str, str] | None = None
) -> Response:
    fields = [
        {
            "name": name,
            "value": (given or {}).get(name, _shown(core.value(lst.settings, name))),
            "choices": core.choices(name),
            "long": name in LONG,
            "doc": core.doc(name),
        }
        for name in core.names()
    ]
    words = acting(visit, lst)
    english = "" if words.language == "en" else Markup(' lang="en"')
    values = {"fields": fields, "saved": saved, "problem": words.english(problem), "english": english}
    return own(visit, "settings", lst, 400 if problem else 200, **values)


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
