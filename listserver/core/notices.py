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
    history: int | None  # posts of this author that went out; None: not a member
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
    """To an author: a moderator said no, with the moderator's words. expired: nobody said anything in time."""

    list_name: str
    list_title: str
    subject: str
    reason: str
    expired: bool
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
class SignIn:
    """To somebody who wants to sign in on the web: a link that is good once, for minutes."""

    site_name: str
    address: str
    link: str
    minutes: int


@dataclass(frozen=True, slots=True)
class MailCameBack:
    """To a suspended member: asks whether mail arrives. It is itself the probe."""

    list_name: str
    list_title: str
    address: str
    why: str  # dead, full, temporary, unknown
    text: str  # what the other host said
    until: str  # date on which the membership ends if nothing arrives
    owner: str


@dataclass(frozen=True, slots=True)
class MailResumed:
    """To a member who answered while suspended: copies come again."""

    list_name: str
    list_title: str
    address: str
    archive: str  # where to read what was missed, "" if there is no page
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class PausedAfterComplaint:
    """To a member whose mail program reported our mail as spam: it is paused; a reply resumes it."""

    list_name: str
    list_title: str
    address: str
    unsubscribe: str
    owner: str


@dataclass(frozen=True, slots=True)
class MemberSuspended:
    """To the owners: a member's copies came back too often, so that nothing is sent to them for now."""

    list_name: str
    list_title: str
    address: str
    why: str  # dead, full, temporary, unknown
    text: str
    until: str


@dataclass(frozen=True, slots=True)
class MemberUnreachable:
    """To the owners: a member whom no mail reached for a month is no member any more."""

    list_name: str
    list_title: str
    address: str
    since: str
    probes: int  # mails that asked in vain


@dataclass(frozen=True, slots=True)
class PostRefusedByMany:
    """To the owners: many hosts did not want a post. stopped: the rest of its copies wait for a decision."""

    list_name: str
    list_title: str
    author: str
    subject: str
    refused: int
    copies: int  # handed over or refused so far
    waiting: int  # members whose copies wait, 0 unless stopped
    texts: tuple[str, ...]  # what the first hosts said
    stopped: bool
    by_reply: bool  # whether an answer decides; else only the command line does


@dataclass(frozen=True, slots=True)
class PostsNotSent:
    """To the owners and who runs the server: copies of posts do not go out. stopped: nor will they by themselves."""

    list_name: str
    list_title: str
    posts: tuple[tuple[str, str], ...]  # author ("" = it is a digest), subject ("" = none)
    more: int  # of them
    copies: int  # that wait
    since: str
    until: str  # when they are given up
    stopped: bool
    why: str  # what the next mail server said, "" if it does not answer
    operator: str  # who can mend it


@dataclass(frozen=True, slots=True)
class StoppedPostDecided:
    """To an owner who answered about a post that many refused: what was done."""

    list_name: str
    list_title: str
    author: str
    subject: str
    done: str  # goes-on, dropped, already (nothing is stopped any more), unclear


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
    """To a moderator whose answer came second: who decided (by, "" = they themselves), what and when."""

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
    problem: str  # empty, unclear, edit (no marker lines, or too long to edit), unchanged, password, refused
    approve: str
    reject: str
    discard: str


@dataclass(frozen=True, slots=True)
class NoMoreAnswers:
    """To a moderator whose answers we could not read several times within an hour: we stop saying so for a while."""

    list_name: str
    list_title: str
    count: int  # of mails that said so
    owner: str


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


@dataclass(frozen=True, slots=True)
class HeldJoin:
    """To a moderator: somebody wants to join a list whose members are let in by hand."""

    list_name: str
    list_title: str
    author: str
    expires: str
    approve: str
    reject: str
    discard: str


@dataclass(frozen=True, slots=True)
class YourJoinRejected:
    """To somebody who wanted to join: a moderator said no. expired: nobody said anything in time."""

    list_name: str
    list_title: str
    reason: str
    expired: bool
    owner: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """To somebody who left by the link in a mail: done, and how to come back."""

    list_name: str
    list_title: str
    address: str
    subscribe: str
    owner: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one command; `what` chooses the words (macro `result` of templates/mail/<language>/parts.j2).

    rows: lines of a table, such as a member's settings or posts.
    """

    what: str
    list_name: str = ""
    list_title: str = ""
    address: str = ""
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class YourCommands:
    """To somebody who wrote commands: the one answer to that mail, what was done and how to undo it."""

    results: tuple[Result, ...]
    request: str  # the address for more commands
    undo: bool  # whether an answer with "undo" takes it back


@dataclass(frozen=True, slots=True)
class ConfirmCommands:
    """To an address that has to prove itself: what was asked in its name; any answer but "no" does it (C1, C4, C7)."""

    asked: tuple[str, ...]  # commands, in our own words
    lists: tuple[str, ...]  # the titles of their lists
    address: str
    sender: str  # the other address that asked for it, "" if this one did
    days: int  # for which the answer counts
    page: str  # web link that asks, "" if there is no page
    results: tuple[Result, ...]  # of the other commands in the same mail
    request: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """To somebody whom an owner invites: any answer but "no" joins."""

    list_name: str
    list_title: str
    description: str
    address: str
    days: int
    page: str
    owner: str


@dataclass(frozen=True, slots=True)
class WaitingPosts:
    """To a moderator: all that waits, numbered, to be answered with lines like `ok 1 3-5`. reminder: unasked."""

    list_name: str
    list_title: str
    items: tuple[tuple[int, str, str, str], ...]  # number, author, subject ("" = wants to join), since when
    more: int  # that wait besides
    reminder: bool


@dataclass(frozen=True, slots=True)
class MembershipReminder:
    """To a member, because an owner asked for it: that they are one, with which settings, and how to leave."""

    list_name: str
    list_title: str
    address: str
    settings: tuple[tuple[str, str], ...]
    request: str
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class OwnersChanged:
    """To the owners of a list: who may decide there was changed, by whom, and how to take it back (C4)."""

    list_name: str
    list_title: str
    address: str
    role: str  # that it had: moderator or owner
    change: str  # left, removed, moved
    to: str  # the new address, if it moved
    by: str
    days: int


@dataclass(frozen=True, slots=True)
class WhichItem:
    """To a member who answered a digest: which of its posts do they mean? Answered with a number."""

    list_name: str
    list_title: str
    subject: str
    items: tuple[tuple[int, str, str], ...]  # number, author, subject
    days: int  # for which their text is kept
    list_address: str


@dataclass(frozen=True, slots=True)
class ThreadMarked:
    """To a member: that a thread is muted, followed, or neither any more (mark ""), and how to take it back."""

    list_name: str
    list_title: str
    subject: str
    mark: str
    address: str


Notice = (
    HeldPost
    | SignIn
    | HeldBatch
    | YourPostWaits
    | YourPostRejected
    | YourPostRefused
    | Welcome
    | MailCameBack
    | MailResumed
    | PausedAfterComplaint
    | MemberSuspended
    | MemberUnreachable
    | PostRefusedByMany
    | PostsNotSent
    | StoppedPostDecided
    | YourDecision
    | AlreadyDecided
    | HowToDecide
    | NoMoreAnswers
    | HeldClaimed
    | AnswerFromElsewhere
    | TokenExpired
    | HeldJoin
    | YourJoinRejected
    | Goodbye
    | YourCommands
    | ConfirmCommands
    | Invitation
    | WaitingPosts
    | MembershipReminder
    | OwnersChanged
    | WhichItem
    | ThreadMarked
)
