"""Changes of who runs a list are told to all its owners at once, and can be taken back for a week (standards C4)."""

from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import asking, notices
from listserver.core.actor import Actor
from listserver.core.notices import OwnersChanged
from listserver.core.site import Site
from listserver.store import members
from listserver.store.lists import List
from listserver.store.members import Member


def tell(  # noqa: PLR0913
    conn: Connection, site: Site, actor: Actor, lst: List, member: Member, now: datetime, *, to: str = ""
) -> None:
    """Tell the owners of a list what became of a moderator or owner; of a plain member, nobody.

    member: as it was. to: the new address; "" if they left or were removed. The old address is told as well.
    """
    if member.role == "member":
        return
    change = "moved" if to else "left" if actor.person_id == member.person_id else "removed"
    notice = OwnersChanged(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        address=member.address,
        role=member.role,
        change=change,
        to=to,
        by=actor.address,
        days=asking.UNDO_DAYS,
    )
    back = {"list": lst.id, "address": member.address, "name": member.name, "role": member.role}
    step = {**back, "do": "move-back", "person": member.person_id} if to else {**back, "do": "role-back"}
    owners = {one.address: one.language for one in members.with_role(conn, lst.id, "owner")}
    for address, language in {**owners, member.address: member.language}.items():
        token = asking.keep(conn, lst, asking.UNDO, address, now, {"steps": [step]}, days=asking.UNDO_DAYS)
        reply_to = asking.reply_address(site, lst, token)
        notices.send(conn, site, notice, address, now, lst=lst, language=language, reply_to=reply_to)
