"""What members see and change of themselves: their lists, and their options on each."""

import re

from listserver.actions import joining, membership
from listserver.errors import Refused, UsageError
from listserver.store import holds, lists, members
from listserver.store.lists import List
from listserver.store.members import Member
from listserver.web.http import Response, redirect
from listserver.web.render import missing, own, refusal, said
from listserver.web.visit import Visit

MODES = {
    "each": "Each post as it comes",
    "digest": "Digests: several posts in one mail, once a day or when enough have come",
    "daily": "One digest a day",
    "weekly": "One digest a week",
    "monthly": "One digest a month",
    "index": "Subjects only, once a day",
    "nomail": "No mail",
}
FORMS = {
    "": "As the list has it",
    "html": "Text and HTML, by thread",
    "plain": "Plain text",
    "mime": "Each post as an attached mail",
}
LANGUAGES = {"": "As the list has it", "en": "English", "de": "Deutsch", "fr": "Français"}
ROLES = {"member": "Member", "moderator": "Moderator", "owner": "Owner"}
STATES = {
    "active": "gets mail",
    "paused": "paused",
    "suspended": "suspended: mail came back",
    "unconfirmed": "has not confirmed yet",
}


def mine(visit: Visit) -> Response:
    """All lists of who has signed in, and those that they could join."""
    person = visit.viewer.person_id
    if person is None:
        return redirect(f"{visit.root}/sign-in")
    by_list = {member.list_id: member for member in members.of_person(visit.conn, person)}
    everything = lists.everything(visit.conn)
    waiting = {
        lst.id: holds.count_waiting(visit.conn, lst.id)
        for lst in everything
        if visit.viewer.role(lst) in ("moderator", "owner")
    }
    rows = [(lst, by_list[lst.id], waiting.get(lst.id, 0)) for lst in everything if lst.id in by_list]
    others = [lst for lst in everything if lst.id not in by_list and lst.settings.advertised]
    return own(visit, "me", rows=rows, others=others, modes=MODES, roles=ROLES, states=STATES)


def options(visit: Visit, lst: List) -> Response:
    """Their options on one list."""
    assert visit.viewer.person_id is not None
    member = members.find(visit.conn, lst.id, visit.viewer.person_id)
    if member is None:
        return missing(visit)
    if not visit.posted:
        return _form(visit, lst, member, saved="saved" in visit.request.query)
    try:
        if visit.field("do") == "leave":
            left = joining.leave_and_tell(visit.conn, visit.site, visit.actor, lst, member, visit.now)
            text = "{address} gets no more mail of this list. A mail on its way says the same, and how to come back."
            named = lst.settings.title or lst.name
            return said(visit, "You have left {list}", text, address=left.address, list=named)
        membership.change(visit.conn, visit.actor, lst, member, _wanted(visit, member), visit.now)
    except (Refused, UsageError) as wrong:
        return _form(visit, lst, member, problem=refusal(visit, lst, wrong))
    return redirect(f"{visit.root}/{lst.name}/options/?saved")


def _form(visit: Visit, lst: List, member: Member, *, saved: bool = False, problem: str = "") -> Response:
    return own(
        visit,
        "options",
        lst,
        400 if problem else 200,
        member=member,
        modes=MODES,
        forms=FORMS,
        languages=LANGUAGES,
        pause=member.paused_through,
        topics=_topics(member),
        saved=saved,
        problem=problem,
    )


def _wanted(visit: Visit, member: Member) -> dict[str, str]:
    """What the form asks for, as `membership.change` takes it; what stayed as it was is not asked for."""
    if visit.field("do") == "resume":
        return {"mode": member.mode}
    given = {name: visit.field(name) for name in ("mode", "digest_form", "name", "language", "zone")}
    there = {name: getattr(member, name) for name in given}
    wanted = {name: value for name, value in given.items() if value != there[name]}
    for name in ("own_copies", "concealed"):
        if (visit.field(name) == "on") != getattr(member, name):
            wanted[name] = "on" if visit.field(name) == "on" else "off"
    if visit.field("pause_until") != member.paused_through:
        wanted["pause_until"] = visit.field("pause_until")
    if visit.field("topics", 1_000) != _topics(member):
        wanted["topics"] = visit.field("topics", 1_000) or "all"
    return wanted


def _topics(member: Member) -> str:
    """Their choice as they may write it, "" for all."""
    written = membership.options_of(member)["topics"] if member.topics else ""
    return re.sub(r'"(\S+)"', r"\1", written)
