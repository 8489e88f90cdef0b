"""The mails that we write: one type each, one template of the same name in templates/mail/<language>/."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeldPost:
    """To a moderator: a post waits. Answered at Reply-To (email-interface §4)."""

    list_name: str
    list_title: str
    author: str  # "Anna Berg <anna@example.org>"
    subject: str
    reasons: tuple[str, ...]
    history: str  # one line on this author
    expires: str  # date
    on_expiry: str  # discard, reject
    approve: str  # addresses that decide when mail arrives there
    reject: str
    discard: str
    page: str  # web link that asks, "" if there is no web
    excerpt: str  # the post's text, as far as fits
    waiting: int  # how many wait in all


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """To a moderator who got many notices within an hour: one for all that came since."""

    list_name: str
    list_title: str
    waiting: int


@dataclass(frozen=True, slots=True)
class YourPostWaits:
    """To an author: the post is held, why, and what happens next. Never quotes the post (RFC 3834 §3.2)."""

    list_name: str
    list_title: str
    subject: str
    reasons: tuple[str, ...]
    expires: str
    owner: str


@dataclass(frozen=True, slots=True)
class YourPostRejected:
    """To an author: a moderator said no, with the moderator's words."""

    list_name: str
    list_title: str
    subject: str
    reason: str
    owner: str


@dataclass(frozen=True, slots=True)
class YourPostRefused:
    """To an author whose post several lists got at once, this one refusing it (standards S16)."""

    list_name: str
    list_title: str
    subject: str
    reasons: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """To a new member: what the list is, how to post, how to leave."""

    list_name: str
    list_title: str
    description: str
    list_address: str
    request: str
    unsubscribe: str
    owner: str
    archive: str


Notice = HeldPost | HeldBatch | YourPostWaits | YourPostRejected | YourPostRefused | Welcome
