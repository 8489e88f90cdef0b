"""What somebody looks for, as read from their words."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Query:
    """Words and phrases that must occur (a phrase is text with spaces), and what narrows the search.

    from_: words of an author's name. since, until: aware; since <= sent < until.
    has_file, answered: None where it does not matter. answered: True, its asker said that it is solved; False, nobody
    but its asker has written yet.
    """

    terms: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    has_file: bool | None = None
    answered: bool | None = None
