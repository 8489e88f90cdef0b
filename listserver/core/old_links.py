"""How other archives name their posts, so that links to them can be followed after a move."""

import base64
import hashlib
import re
from enum import StrEnum


class Numbering(StrEnum):
    """Programs whose links we know."""

    PIPERMAIL = "pipermail"  # Mailman 2: /pipermail/LIST/2007-March/014567.html, counted from 0 over the whole archive
    MHONARC = "mhonarc"  # /LIST/msg00123.html, counted from 0
    HYPERKITTY = "hyperkitty"  # Mailman 3: /archives/list/LIST@DOMAIN/message/HASH/


_PIPERMAIL = re.compile(r"[0-9]{1,9}\.html")
_MHONARC = re.compile(r"msg[0-9]{1,9}\.html")
_HASH = re.compile(r"[A-Z2-7]{32}")
_MONTH = re.compile(r"([12][0-9]{3})-(\w{3,9})")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def name(numbering: Numbering, place: int, message_id: str) -> str:
    """The name under which that program knew a post. place: of the mail in its archive, from 0."""
    if numbering is Numbering.HYPERKITTY:
        digest = hashlib.sha1(message_id.encode("utf-8", "replace"), usedforsecurity=False).digest()
        return base64.b32encode(digest).decode()
    return f"{numbering.value}/{place}"


def read(parts: list[str]) -> tuple[str, str] | None:
    """(list, name) that a path in pieces means, None if it is no such path. name "": the list; "2007/03": a month."""
    match parts:
        case ["pipermail", lst, month, page] if _PIPERMAIL.fullmatch(page) and _MONTH.fullmatch(month):
            return lst.lower(), f"{Numbering.PIPERMAIL.value}/{int(page[:-5])}"
        case ["pipermail", lst, month, *rest] if (found := _MONTH.fullmatch(month)) and len(rest) < 2:
            return lst.lower(), f"{found[1]}/{_MONTHS.index(found[2]) + 1:02}" if found[2] in _MONTHS else ""
        case ["pipermail", lst, *rest] if lst and len(rest) < 2:
            return lst.lower(), ""
        case ["archives" | "hyperkitty", "list", address, "message" | "thread", code, *_] if _HASH.fullmatch(code):
            return address.lower().partition("@")[0], code
        case ["archives" | "hyperkitty", "list", address, *_] if address:
            return address.lower().partition("@")[0], ""
        case [*_, lst, page] if _MHONARC.fullmatch(page) and lst:
            return lst.lower(), f"{Numbering.MHONARC.value}/{int(page[3:-5])}"
    return None
