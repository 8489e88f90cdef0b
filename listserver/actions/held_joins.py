"""Requests to join that wait for a moderator: held like posts, answered like posts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import notices, posting, tokens
from listserver.core.actor import PROGRAM
from listserver.core.notices import HeldJoin
from listserver.core.site import Site
from listserver.store import events, holds
from listserver.store.lists import List


def hold(  # noqa: PLR0913
    conn: Connection, site: Site, lst: List, address: str, name: str, options: Mapping[str, str], now: datetime
) -> int:
    """Keep a request until a moderator decides, and tell them; a second one of the same address is the first."""
    there = [one for one in holds.waiting(conn, lst.id) if one.kind == "join" and one.address == address]
    if there:
        return there[0].id
    expires = now + timedelta(days=lst.settings.hold_days)
    hold_id = holds.add(
        conn,
        list_id=lst.id,
        kind="join",
        address=address,
        name=name,
        subject="",
        reasons=["wants-to-join"],
        envelope={"options": dict(options)},
        held_at=now,
        expires_at=expires,
    )
    data = {"hold": hold_id, "author": address}
    events.record(conn, "join-held", PROGRAM, now, list_id=lst.id, data=data)
    for moderator in posting.deciders(conn, lst):
        token = tokens.fresh()
        notice = HeldJoin(
            list_name=lst.name,
            list_title=lst.settings.title or lst.name,
            author=f"{name} <{address}>" if name else address,
            expires=f"{expires:%-d %B %Y}",
            approve=site.address(f"{lst.name}+approve.{token}"),
            reject=site.address(f"{lst.name}+reject.{token}"),
            discard=site.address(f"{lst.name}+discard.{token}"),
        )
        sent = notices.send(
            conn,
            site,
            notice,
            moderator.address,
            now,
            lst=lst,
            language=moderator.language,
            reply_to=site.address(f"{lst.name}+confirm.{token}"),
            limit=posting.NOTICES_PER_HOUR,
        )
        if sent:
            posting.keep_token(conn, lst, moderator, hold_id, token, now)
    return hold_id
