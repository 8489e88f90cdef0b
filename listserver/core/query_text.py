"""What somebody looks for, as they typed it in the archive's search field or in a mail. Nothing typed is an error.

`"a phrase" -word from:anna subject:drift since:2024 until:2025-06 has:file answered:yes`
"""

import re
from datetime import UTC, date, datetime, time

from listserver.core.dates import read_days
from listserver.core.query import Query

MOST_CHARACTERS = 256  # standards W7
MOST_TERMS = 20
_TERM = re.compile(r'(-?)(?:(from|by|subject|since|until|has|answered|is):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_ANSWERED = {  # what stands behind "answered:" or "is:"
    **{f"answered:{word}": True for word in ("yes", "true", "1")},
    **{f"answered:{word}": False for word in ("no", "false", "0")},
    "is:answered": True,
    "is:unanswered": False,
}


def read_query(text: str, today: date) -> Query:
    """The query in the first 256 characters, at most 20 terms; a value that does not fit its field is a word."""
    words: dict[str, list[str]] = {"terms": [], "phrases": [], "excluded": [], "from": [], "subject": []}
    since = until = None
    has_file = answered = None
    for found in list(_TERM.finditer(text[:MOST_CHARACTERS]))[:MOST_TERMS]:
        minus, field, value = found[1], (found[2] or "").lower(), _plain(found[3] if found[3] is not None else found[4])
        days = read_days(value, today) if field in ("since", "until") else None
        if not value:
            continue
        if days and field == "since":
            since = midnight(days[0])
        elif days:
            until = midnight(days[1])
        elif field == "has" and value.lower() in ("file", "files", "attachment"):
            has_file = not minus
        elif f"{field}:{value.lower()}" in _ANSWERED:
            answered = _ANSWERED[f"{field}:{value.lower()}"] is not bool(minus)
        else:
            words[_kind(minus, field, value)].append(value)
    return Query(
        tuple(words["terms"]), tuple(words["phrases"]), tuple(words["excluded"]), tuple(words["from"]),
        tuple(words["subject"]), since, until, has_file, answered,
    )  # fmt: skip


def midnight(day: date) -> datetime:
    """The beginning of a day, in UTC."""
    return datetime.combine(day, time(), UTC)


def _kind(minus: str, field: str, value: str) -> str:
    if minus:
        return "excluded"
    if field in ("from", "by"):
        return "from"
    if field == "subject":
        return "subject"
    return "phrases" if " " in value else "terms"


def _plain(value: str) -> str:
    """Without controls and the marks that could mean something to a search engine's own syntax."""
    return " ".join(re.sub(r'[\x00-\x1f\x7f"]', " ", value).split()).strip("*^:()-")
