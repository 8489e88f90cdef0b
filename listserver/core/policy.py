"""Judging a post: small checks over the post and the facts. The strongest finding wins: their order cannot matter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase

from listserver.core.envelope import Envelope
from listserver.core.message import Post
from listserver.core.settings import ListSettings


class Verdict(IntEnum):
    """What becomes of a post, weakest first."""

    ACCEPT = 0
    HOLD = 1
    REJECT = 2
    DISCARD = 3


@dataclass(frozen=True, slots=True)
class Author:
    """What we know of an address in From. role: "" if not a member of the list."""

    address: str
    key: str
    person_id: int | None = None
    member_id: int | None = None
    name: str = ""
    role: str = ""
    state: str = ""
    moderated: bool | None = None
    known: bool = False
    accepted_posts: int = 0
    topics: str = ""  # what they chose (core.topics)
    ban: str = ""  # the pattern that bans it, "" if none does

    @property
    def member(self) -> bool:
        """Whether this address belongs to a member, whatever they receive."""
        return bool(self.role) and self.state != "unconfirmed"

    @property
    def moderator(self) -> bool:
        """Whether this address belongs to somebody who decides about posts."""
        return self.role in ("moderator", "owner")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a judgement may depend on besides the post itself (store.facts.gather reads it).

    authors: one for each mailbox in From. addresses: keys of the list's own addresses. marks: loop marks of its copies.
    duplicate: this very post is in the archive or waits. hour_posts: of the (first) author here in the last hour;
    day_posts: of the whole list in the last 24 h. misdirected: the command that it is, "" if none.
    """

    list_name: str
    settings: ListSettings
    envelope: Envelope
    authors: tuple[Author, ...]
    addresses: frozenset[str]
    marks: frozenset[str]
    duplicate: bool = False
    hour_posts: int = 0
    day_posts: int = 0
    misdirected: str = ""

    @property
    def author(self) -> Author | None:
        """The author that the post counts for, None where From names nobody usable."""
        return self.authors[0] if self.authors else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer. author and moderator: a sentence for each, complete in itself."""

    code: str
    verdict: Verdict
    author: str
    moderator: str


Check = Callable[[Post, Facts], Finding | None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings, and the verdict that follows: the strongest one, ACCEPT if there is none."""

    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings as strong as the verdict: what the author is told."""
        return tuple(f for f in self.findings if f.verdict == self.verdict)


def judge(post: Post, facts: Facts, checks: Sequence[Check] = ()) -> Judgement:
    """Ask every check (ours and the site's own `checks`)."""
    findings = tuple(f for check in (*CHECKS, *checks) if (f := check(post, facts)) is not None)
    return Judgement(max((f.verdict for f in findings), default=Verdict.ACCEPT), findings)


def explain(post: Post, facts: Facts, checks: Sequence[Check] = ()) -> tuple[tuple[str, Finding | None], ...]:
    """Every check's code and answer, None where it has nothing to say."""
    return tuple((code_of(check), check(post, facts)) for check in (*CHECKS, *checks))


def code_of(check: Check) -> str:
    """A check's code is its name."""
    return str(getattr(check, "__name__", "check")).replace("_", "-")


def matches(key: str, pattern: str) -> bool:
    """Whether an address key falls under a ban: an address, one with * for any characters, or a whole domain."""
    pattern = pattern.strip().casefold()
    if "@" not in pattern and "*" not in pattern:
        pattern = f"*@{pattern}"
    return fnmatchcase(key, pattern.replace("[", "[[]").replace("?", "[?]"))


def _trusted(facts: Facts) -> bool:
    """Moderators and owners are not moderated."""
    return facts.author is not None and facts.author.moderator


_CHOICE = {"hold": Verdict.HOLD, "reject": Verdict.REJECT, "discard": Verdict.DISCARD}


# --- it comes round again, or nobody wrote it -------------------------------------------------------------------------
MAX_RECEIVED = 100
LOOP_FIELDS = ("List-Id", "X-Loop")  # not Delivered-To: our own MTA may write it before it hands the post to us


def loop(post: Post, facts: Facts) -> Finding | None:
    """L4: our own copy comes back, or the mail has been relayed without end (RFC 5321 §6.3)."""
    marks = {v.strip().casefold().rpartition("<")[2].rstrip(">") for name in LOOP_FIELDS for v in post.all(name)}
    if marks & facts.marks:
        said = "This mail has been through the list already, so it was not sent out again."
        return Finding("loop", Verdict.DISCARD, said, "It carries this list's own mark: a copy of ours came back.")
    if len(post.all("Received")) > MAX_RECEIVED:
        said = f"This mail was passed on more than {MAX_RECEIVED} times: it seems to go round in circles."
        return Finding("loop", Verdict.REJECT, said, said)
    return None


def automatic(post: Post, facts: Facts) -> Finding | None:
    """L5: what a program sent by itself (RFC 3834 §2) is not distributed."""
    sign = post.automatic or ("null sender" if not facts.envelope.sender and facts.envelope.door != "import" else "")
    if not sign:
        return _bulk(post)
    said = f"A program sent this mail by itself ({sign}); lists carry what people write."
    return Finding("automatic", Verdict.DISCARD, said, said)


def _bulk(post: Post) -> Finding | None:
    """L5: bulk mail is not distributed by itself; a moderator looks, for other lists put this on what people wrote."""
    if post.first("Precedence").strip().lower() != "bulk":
        return None
    said = "This mail says of itself that it is bulk mail (Precedence: bulk); lists carry what people write."
    return Finding("automatic", Verdict.HOLD, said, said)


def duplicate(post: Post, facts: Facts) -> Finding | None:
    """L11: the same Message-ID with the same content is the same post."""
    if not facts.duplicate:
        return None
    return Finding(
        "duplicate",
        Verdict.DISCARD,
        "This post has reached the list before, so it was not sent out again.",
        "The same post, with the same Message-ID, is in the archive or waits already.",
    )


def misdirected_command(post: Post, facts: Facts) -> Finding | None:
    """L12: a command for the robot that went to everybody's address."""
    if not facts.misdirected:
        return None
    return Finding(
        "misdirected-command",
        Verdict.HOLD,
        f"This mail looks like the command “{facts.misdirected}”. Commands go to {facts.list_name}-request.",
        f"It looks like the command “{facts.misdirected}”, sent to the list's address by mistake.",
    )


# --- who wrote it -----------------------------------------------------------------------------------------------------
def unusable_author(post: Post, facts: Facts) -> Finding | None:
    """R2, R3, R4: From names nobody, or there are two From fields, so nobody can be answered or held to it."""
    if "two-from" in post.findings:
        said = "This mail has two From fields, so nobody can tell who wrote it. Please send it again with one."
        return Finding("unusable-author", Verdict.REJECT, said, "It has two From fields.")
    if "group-from" in post.findings:  # RFC 6854: for mail that nobody can answer
        said = "The From field of this mail names a group, not who wrote it. A moderator will look at it."
        return Finding("unusable-author", Verdict.HOLD, said, "From names a group, not a person.")
    if post.authors:
        return None
    said = "The From field of this mail has no usable address. Please check the address in your mail program."
    return Finding("unusable-author", Verdict.HOLD, said, "From has no usable address.")


def several_authors(post: Post, facts: Facts) -> Finding | None:
    """R3: several mailboxes in From (RFC 5322 §3.6.2) are one post only where each of them may post."""
    known = len(facts.authors) == len(post.authors) and all(author.member for author in facts.authors)
    if len(post.authors) < 2 or facts.settings.posting == "anyone" or known:
        return None
    return Finding(
        "several-authors",
        Verdict.HOLD,
        "Your mail names several authors, and not all of them are members of the list. A moderator will look at it.",
        "From names several authors, and not all of them are members.",
    )


def banned(post: Post, facts: Facts) -> Finding | None:
    """A banned author is told so in the dialogue, and nobody else is bothered."""
    patterns = [a.ban for a in facts.authors if a.ban]
    if not patterns:
        return None
    said = "Posts from your address are not accepted on this list. Its owners can tell you why."
    return Finding("banned", Verdict.REJECT, said, f"The author is banned by {patterns[0]}.")


def not_a_member(post: Post, facts: Facts) -> Finding | None:
    """The list's choice (non_members) for authors who are not on it."""
    author = facts.author
    if facts.settings.posting != "members" or author is None or author.member:
        return None
    verdict = _CHOICE.get(facts.settings.non_members)
    if verdict is None:
        return None
    address = author.address
    if verdict is Verdict.REJECT:
        said = (
            f"Only members may post to this list, and {address} is not one. "
            f"To join, write to {facts.list_name}+subscribe; or post from the address with which you are a member."
        )
    else:
        said = f"Only members post to this list without review, and {address} is not one. A moderator will look at it."
    return Finding("not-a-member", verdict, said, f"{address} is not a member.")


def moderators_only(post: Post, facts: Facts) -> Finding | None:
    """An announcement list: the rest is told where to write instead."""
    if facts.settings.posting != "moderators" or _trusted(facts):
        return None
    return Finding(
        "moderators-only",
        Verdict.REJECT,
        f"Only its moderators write to this list. To reach them, write to {facts.list_name}+owner.",
        "The author is not a moderator of this announcement list.",
    )


def forged(post: Post, facts: Facts) -> Finding | None:
    """A5: DMARC fails. Never distributed by itself; refused only where something else is wrong too (RFC 9989 §7.4)."""
    got = facts.envelope.authenticity
    if got.dmarc == "temperror":
        said = "We could not check your domain's DMARC policy just now, so a moderator will look at your post."
        return Finding("forged", Verdict.HOLD, said, "The DMARC check of the author's domain could not be made.")
    if got.dmarc != "fail" or got.dmarc_policy not in ("quarantine", "reject"):
        return None
    author = facts.author
    doubtful = author is None or not author.member or got.spf == "fail"
    text = f"DMARC fails: the author's domain asks for {got.dmarc_policy}. It may not be from whom it says."
    if got.dmarc_policy == "reject" and doubtful:
        said = "This mail fails the DMARC check of your domain. Please send it through your own domain's mail server."
        return Finding("forged", Verdict.REJECT, said, text)
    said = "This mail fails the DMARC check of your domain, so a moderator will look at it."
    return Finding("forged", Verdict.HOLD, said, text)


def disguised(post: Post, facts: Facts) -> Finding | None:
    """R5: the display name shows another address than the true one."""
    for box, author in zip(post.authors, facts.authors, strict=False):
        if "@" in box.name and author.address.casefold() not in box.name.casefold():
            said = "The name in your From field holds another address than yours. A moderator will look at it."
            return Finding(
                "disguised", Verdict.HOLD, said, f"From shows “{box.name}”, but the address is {box.address}."
            )
    return None


# --- moderation -------------------------------------------------------------------------------------------------------
def moderated(post: Post, facts: Facts) -> Finding | None:
    """Every post waits, or every post of this member."""
    if _trusted(facts):
        return None
    author = facts.author
    if author is not None and author.moderated:
        said = "Your posts to this list are looked at by a moderator first."
        return Finding("moderated", Verdict.HOLD, said, "This member's posts are moderated.")
    if facts.settings.moderation != "all" or (author is not None and author.moderated is False and author.member):
        return None
    said = "All posts to this list are looked at by a moderator first."
    return Finding("moderated", Verdict.HOLD, said, "All posts to this list are moderated.")


def first_post(post: Post, facts: Facts) -> Finding | None:
    """The first posts of one who joined by themselves wait; whom the operator added is known."""
    author = facts.author
    if facts.settings.moderation != "first-posts" or author is None or not author.member or _trusted(facts):
        return None
    if author.known or author.moderated is False or author.accepted_posts >= facts.settings.first_posts:
        return None
    which = "first post" if author.accepted_posts == 0 else f"post number {author.accepted_posts + 1}"
    said = (
        f"This is your {which} here. A moderator looks at the first posts of new members; later ones go straight out."
    )
    return Finding("first-post", Verdict.HOLD, said, f"This is the {which} of a new member.")


def over_rate(post: Post, facts: Facts) -> Finding | None:
    """C5: more than the list's hourly or daily limit waits, and nothing is lost."""
    hourly, daily = facts.settings.hourly_posts, facts.settings.daily_posts
    if hourly and facts.hour_posts >= hourly and not _trusted(facts):
        said = f"You have posted {facts.hour_posts} times within an hour; this post waits for a moderator."
        return Finding("over-rate", Verdict.HOLD, said, f"The author posted {facts.hour_posts} times within an hour.")
    if daily and facts.day_posts >= daily:
        said = f"The list has had its {daily} posts for a day; this post waits for a moderator."
        return Finding("over-rate", Verdict.HOLD, said, f"The list's limit of {daily} posts a day is reached.")
    return None


# --- what it is -------------------------------------------------------------------------------------------------------
def not_addressed(post: Post, facts: Facts) -> Finding | None:
    """L12: the list stands neither in To nor in Cc, or too many others do."""
    limit = facts.settings.max_recipients
    if limit and len(post.recipients) > limit:
        said = f"Your mail names {len(post.recipients)} recipients; a post to this list may name {limit}."
        return Finding("not-addressed", Verdict.HOLD, said, f"It names {len(post.recipients)} recipients.")
    if any(box.address.casefold() in facts.addresses for box in post.recipients):
        return None
    said = "The list's address stands neither in To nor in Cc of your mail. A moderator will look at it."
    return Finding("not-addressed", Verdict.HOLD, said, "The list is named neither in To nor in Cc (a blind copy).")


def too_big(post: Post, facts: Facts) -> Finding | None:
    """Refused with the sizes; nothing is cut."""
    limit = facts.settings.max_size
    if not limit or len(post.raw) <= limit:
        return None
    said = (
        f"Your mail has {len(post.raw) / 1e6:.1f} MB; this list takes {limit / 1e6:.1f} MB. "
        "Please put large files where others can fetch them, and send a link."
    )
    return Finding("too-big", Verdict.REJECT, said, said)


def forbidden_attachment(post: Post, facts: Facts) -> Finding | None:
    """attachments = refuse:<types and file name endings>."""
    mode, _, spec = facts.settings.attachments.partition(":")
    if mode != "refuse":
        return None
    refused = [word.strip().casefold() for word in spec.split(",") if word.strip()]
    for part in post.parts:
        name = part.filename.casefold()
        for word in refused:
            hit = name.endswith(word) if word.startswith(".") else _type_matches(part.content_type, word)
            if hit:
                what = part.filename or part.content_type
                said = (
                    f"This list does not take attachments of this kind: {what}. Please send it without, or as a link."
                )
                return Finding("forbidden-attachment", Verdict.REJECT, said, f"It has a forbidden attachment: {what}.")
    return None


def _type_matches(content_type: str, wanted: str) -> bool:
    return content_type == wanted or (wanted.endswith("/*") and content_type.startswith(wanted[:-1]))


def no_plain_text(post: Post, facts: Facts) -> Finding | None:
    """html = hold or reject: the list wants mails that have a plain text."""
    verdict = _CHOICE.get(facts.settings.html)
    types = {part.content_type for part in post.parts if not part.filename}
    if verdict is None or "text/html" not in types or "text/plain" in types:
        return None
    said = "This list wants plain text, and your mail has HTML only. Most mail programs can send plain text."
    return Finding("no-plain-text", verdict, said, "It has HTML only.")


def empty(post: Post, facts: Facts) -> Finding | None:
    """No text and no attachment: most often a slip of the finger."""
    if post.text.strip() or any(part.filename or not part.content_type.startswith("text/") for part in post.parts):
        return None
    said = "Your mail has no text. Perhaps it was sent by mistake; a moderator will look at it."
    return Finding("empty", Verdict.HOLD, said, "It has neither text nor attachments.")


def empty_subject(post: Post, facts: Facts) -> Finding | None:
    """Where the list minds: a subject helps others to find the answer in years to come."""
    verdict = _CHOICE.get(facts.settings.empty_subject)
    if verdict is None or post.subject.strip():
        return None
    said = "Your mail has no subject. A few words there help others to find it; please send it again with them."
    return Finding("empty-subject", verdict, said, "It has no subject.")


def unchangeable(post: Post, facts: Facts) -> Finding | None:
    """R14: signed or encrypted, while the list wants to add to every post."""
    wants = facts.settings.footer
    if not wants or not any(part.signed for part in post.parts):
        return None
    return Finding(
        "unchangeable",
        Verdict.HOLD,
        "Your mail is signed or encrypted, and this list adds a footer, which would break that. A moderator will look.",
        "It is signed or encrypted; if you approve it, it goes out without the list's footer.",
    )


def odd_structure(post: Post, facts: Facts) -> Finding | None:
    """R12: parts that ask the reader's program to assemble or to fetch something (RFC 2046 §5.2.2, §5.2.3)."""
    for part in post.parts:
        if part.content_type in ("message/partial", "message/external-body"):
            said = f"Your mail has a part of the kind {part.content_type}, which few programs can read."
            return Finding("odd-structure", Verdict.HOLD, said, f"It has a part of the kind {part.content_type}.")
    return None


CHECKS: tuple[Check, ...] = (
    loop,
    automatic,
    duplicate,
    misdirected_command,
    unusable_author,
    several_authors,
    banned,
    not_a_member,
    moderators_only,
    forged,
    disguised,
    moderated,
    first_post,
    over_rate,
    not_addressed,
    too_big,
    forbidden_attachment,
    no_plain_text,
    empty,
    empty_subject,
    unchangeable,
    odd_structure,
)
