"""Authorisation: the one place that says who may do what."""

from enum import StrEnum

from sqlalchemy import Connection

from listserver.core.actor import Actor, Proof
from listserver.errors import Refused, Why
from listserver.store import members


class Verb(StrEnum):
    """What somebody may want to do to a list or to a membership of it."""

    MODERATE = "moderate"  # decide about what is held
    MANAGE_MEMBERS = "manage-members"  # add, remove and change others
    CONFIGURE = "configure"  # settings, roles, delete
    CREATE_LISTS = "create-lists"  # and delete them: the operator's
    SEE_PEOPLE = "see-people"  # all that is known of somebody, and erase it: the operator's
    OWN_MEMBERSHIP = "own-membership"  # join, leave and change oneself


_ROLES = {
    Verb.MODERATE: ("moderator", "owner"),
    Verb.MANAGE_MEMBERS: ("owner",),
    Verb.CONFIGURE: ("owner",),
    Verb.CREATE_LISTS: (),
    Verb.SEE_PEOPLE: (),
    Verb.OWN_MEMBERSHIP: ("owner",),
}


def may(conn: Connection, actor: Actor, verb: Verb, list_id: int, *, of_person: int | None = None) -> bool:
    """Whether the actor may do that. of_person: whose membership it is about, for OWN_MEMBERSHIP."""
    if actor.proof in (Proof.SHELL, Proof.SYSTEM):
        return True
    if not actor.proved or actor.person_id is None:
        return False
    if verb is Verb.OWN_MEMBERSHIP and of_person == actor.person_id:
        return True
    member = members.find(conn, list_id, actor.person_id)
    roles = _ROLES[verb]
    return member is not None and member.state != "unconfirmed" and member.role in roles


def require(conn: Connection, actor: Actor, verb: Verb, list_id: int, *, of_person: int | None = None) -> None:
    """Raise Refused where the actor may not do that."""
    if may(conn, actor, verb, list_id, of_person=of_person):
        return
    who = actor.address or "somebody unknown"
    what = _WORDS[verb]
    said = f"{who} may not {what}. Only {_WHO[verb]} may; write to the list's owners if that should change."
    raise Refused(said, why=Why.NOT_ALLOWED)


_WORDS = {
    Verb.MODERATE: "decide about held posts and requests of this list",
    Verb.MANAGE_MEMBERS: "change other members of this list",
    Verb.CONFIGURE: "change the settings of this list",
    Verb.CREATE_LISTS: "create or delete lists",
    Verb.SEE_PEOPLE: "see or erase all that is known of somebody",
    Verb.OWN_MEMBERSHIP: "change this membership",
}
_WHO = {
    Verb.MODERATE: "its moderators and owners",
    Verb.MANAGE_MEMBERS: "its owners",
    Verb.CONFIGURE: "its owners",
    Verb.CREATE_LISTS: "the operator",
    Verb.SEE_PEOPLE: "the operator",
    Verb.OWN_MEMBERSHIP: "the member, with a proof, and the list's owners",
}
