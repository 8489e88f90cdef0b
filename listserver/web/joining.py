"""How to join a list, and the page behind a link that asks "was it you?"."""

from listserver.actions import asking, joining, notices
from listserver.actions.asking import Question
from listserver.actions.joining import Joined, Waits
from listserver.core import address as addresses
from listserver.core import tokens
from listserver.core.notices import Result, YourCommands
from listserver.email_commands import door
from listserver.errors import Refused, UsageError
from listserver.store import tokens as rows
from listserver.store.lists import List
from listserver.web.http import Response, redirect
from listserver.web.render import own, refusal, said
from listserver.web.visit import Visit
from listserver.web.words import acting

SHUT = ("invite", "closed")


def join(visit: Visit, lst: List) -> Response:
    """How to take part, and a form that does the first step."""
    if not visit.posted or lst.settings.joining in SHUT:
        return _how(visit, lst)
    if visit.viewer.person_id is not None:
        return _join(visit, lst)
    try:
        address = addresses.valid(visit.field("address"))
    except UsageError as wrong:
        return _how(visit, lst, refusal(visit, lst, wrong))
    line = f"subscribe {lst.name}"
    asking.ask(visit.conn, visit.site, lst, address, Question((line,), (line,), asking.titles([lst])), visit.now)
    text = (
        "We have written to {address}. Answer that mail, or open the link in it: then you are a member. "
        "If it does not come: who was asked already today is not asked again."
    )
    return said(visit, "Look into your mailbox", text, lst, address=address)


def _join(visit: Visit, lst: List) -> Response:
    try:
        found = joining.join(visit.conn, visit.site, visit.actor, lst, visit.viewer.address, visit.now)
    except (Refused, UsageError) as wrong:
        return _how(visit, lst, refusal(visit, lst, wrong))
    match found:
        case Joined():
            return redirect(f"{visit.root}/{lst.name}/options/")
        case Waits():
            text = "A moderator looks at it first. You get a mail when it is decided; you need not do anything."
            return said(visit, "Your request waits", text, lst)
        case _:
            return _how(visit, lst)


def _how(visit: Visit, lst: List, problem: str = "") -> Response:
    status = 400 if problem else 200
    shut = lst.settings.joining in SHUT
    return own(visit, "join", lst, status, address=visit.site.address, shut=shut, problem=problem)


def confirm(visit: Visit, token: str) -> Response:
    """What a mail of ours asked: show it, and do it when the button is pressed."""
    found = rows.find(visit.conn, tokens.digest(token))
    if found is None or found.action not in (asking.COMMANDS, asking.INVITE) or not found.valid(visit.now):
        text = "It was used already, or too much time has passed. Ask again, by the same mail or form as before."
        return said(visit, "This link is not good any more", text, status=404)
    if not visit.posted:
        asked = found.arguments.get("asked", [])
        return own(visit, "confirm", asked=asked, lists=found.arguments.get("lists", []), to=found.address)
    done = door.confirm(visit.conn, visit.site, token, visit.now, yes=visit.field("do") != "no")
    return told(visit, done or ())


def told(visit: Visit, results: tuple[Result, ...], lst: List | None = None) -> Response:
    """The page that says what came of commands, in the words of the mail that would say it."""
    if not results:
        return said(visit, "Done", "A mail with the details is on its way to you.", lst)
    notice = YourCommands(results, asking.robot(visit.site, lst), undo=False)
    words = acting(visit, lst)
    _, text = notices.render(visit.site, notice, words.language)
    return own(visit, "done", lst, title=words.say("Done"), text=text, letter=True)
