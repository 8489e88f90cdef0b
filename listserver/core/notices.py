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


@dataclass(frozen=True, slots=True)
class YourDecision:
    """To a moderator who answered a notice: what was done."""

    list_name: str
    list_title: str
    author: str
    subject: str
    done: str  # approved, edited, trusted, rejected, discarded, spam, banned, claimed
    reason: str  # that the author was told
    number: int  # of the post, 0 unless it went out
    until: str  # when a claim ends, "" for other decisions


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """To a moderator whose answer came second: who decided, what and when."""

    list_name: str
    list_title: str
    author: str
    subject: str
    decision: str  # approved, rejected, discarded, expired
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class HowToDecide:
    """To a moderator whose answer we could not read as a decision: nothing was done, and how to decide."""

    list_name: str
    list_title: str
    author: str
    subject: str
    said: str  # how the answer began, "" if it was empty
    problem: str  # empty, unclear, edit (no marker lines, or too long to edit), password, refused
    approve: str
    reject: str
    discard: str


@dataclass(frozen=True, slots=True)
class HeldClaimed:
    """To the other moderators: one of them takes care of a held post."""

    list_name: str
    list_title: str
    author: str
    subject: str
    by: str
    until: str


@dataclass(frozen=True, slots=True)
class AnswerFromElsewhere:
    """To a moderator: another address answered with a token of theirs; a yes to this mail makes it count."""

    list_name: str
    list_title: str
    author: str
    subject: str
    sender: str
    said: str
    approve: str
    reject: str
    discard: str


@dataclass(frozen=True, slots=True)
class TokenExpired:
    """To somebody whose answer came with a token that is used up, too old, or not ours."""

    list_name: str
    list_title: str
    request: str
    owner: str


Notice = (
    HeldPost
    | HeldBatch
    | YourPostWaits
    | YourPostRejected
    | YourPostRefused
    | Welcome
    | YourDecision
    | AlreadyDecided
    | HowToDecide
    | HeldClaimed
    | AnswerFromElsewhere
    | TokenExpired
)
