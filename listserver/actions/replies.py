"""Replies to what we asked: a moderator decides about a held post with one word (docs: replying to a notice).

A reply counts only with its token, only from the person to whom the token was mailed, and never if a program sent it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from listserver.actions import moderation, notices, posting
from listserver.actions import tokens as made
from listserver.actions.moderation import AlreadyDecided, Approved, Claimed, Dropped, TurnedDown
from listserver.actions.posting import Arrived
from listserver.core import decisions, tokens
from listserver.core import notices as texts
from listserver.core.actor import PROGRAM, Actor, Proof
from listserver.core.address import Route, Verb
from listserver.core.answerable import answerable
from listserver.core.decision_words import Answer
from listserver.core.decisions import Decision
from listserver.core.envelope import Reply
from listserver.core.message import Post, read
from listserver.core.packing import unpack
from listserver.core.site import Site
from listserver.errors import Refused
from listserver.store import events, people
from listserver.store import notices as notice_rows
from listserver.store import tokens as rows
from listserver.store.holds import Hold
from listserver.store.lists import List
from listserver.store.tokens import Grant, Token

TAKEN = Reply(250, "2.6.0", "Thank you, we have your answer.")
VERBS = (Verb.CONFIRM, Verb.APPROVE, Verb.REJECT, Verb.DISCARD)
WRONG_PER_HOUR = 20  # answers to wrong tokens on one list; then silence (standards C2)
UNREAD_PER_HOUR = notices.SAME_PER_HOUR  # answers that decide nothing and are answered
MAX_SAID = 60  # characters of a reply that we repeat (standards C7)
ANSWER_DAYS = 3  # for which "was this you?" can be answered

_VERBS = {Verb.APPROVE: Answer.YES, Verb.REJECT: Answer.NO, Verb.DISCARD: Answer.DISCARD}


@dataclass(frozen=True, slots=True)
class _Case:
    """One reply, with all that answering it takes."""

    site: Site
    lst: List
    post: Post
    now: datetime
    token: str  # as it stood in the address

    @property
    def author(self) -> str:
        return self.post.authors[0].address

    @property
    def title(self) -> str:
        return self.lst.settings.title or self.lst.name

    def address(self, verb: str) -> str:
        return self.site.address(f"{self.lst.name}+{verb}.{self.token}")


def receive(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    lst: List,
    route: Route,
    arrived: Arrived,
    now: datetime,
    *,
    decision: Decision | None = None,
) -> Reply:
    """Do what a reply with a token says; its sender gets one mail that says what was done.

    decision: what it says, if that is known (the commands `distribute LIST TOKEN`, `reject LIST TOKEN`).
    """
    post = arrived.post
    if not answerable(post, arrived.envelope, site.domain):
        # Design §6.3: nothing that arrives by itself decides anything, nor is it answered.
        events.record(conn, "mail-dropped", PROGRAM, now, list_id=lst.id, data={"why": post.automatic or "robot"})
        return TAKEN
    case = _Case(site, lst, post, now, route.argument)
    token = rows.find(conn, tokens.digest(route.argument))
    if token is None or token.list_id != lst.id or token.hold_id is None or not token.valid(now):
        _expired(conn, case)
        return TAKEN
    hold = moderation.find(conn, token.hold_id)
    decision = decision or _read(case, route)
    sender = people.find(conn, case.author)
    if sender is None or sender.id != token.person_id:
        if hold.decision is None:
            _ask_moderator(conn, case, hold, token, decision)
        return TAKEN
    if token.action == "answer":  # yes to "was this you?"
        if decision.answer is not Answer.YES or not rows.use(conn, token, now):
            return TAKEN
        decision = Decision(Answer(token.arguments["answer"]), token.arguments["reason"])
    actor = Actor(Proof.TOKEN, case.author, sender.id, "mail")
    _say(conn, case, _decide(conn, case, actor, hold, decision), sender)
    return TAKEN


def receive_batch(conn: Connection, site: Site, lst: List, token: Token, arrived: Arrived, now: datetime) -> None:
    """Do what lines like `ok 1 3-5` say about the numbered holds of a mail; one answer says what was done."""
    case = _Case(site, lst, arrived.post, now, "")
    sender = people.find(conn, case.author)
    if sender is None or sender.id != token.person_id:
        return
    ids: list[int] = token.arguments["holds"]
    found = decisions.batch(arrived.post.own, len(ids))
    actor = Actor(Proof.TOKEN, case.author, sender.id, "mail")
    results = [
        _in_batch(conn, case, actor, moderation.find(conn, ids[item - 1]), replace(decision, items=()))
        for decision in found
        for item in decision.items
    ]
    notice = texts.YourCommands(
        tuple(results) or (texts.Result("batch-help"),), site.address(f"{lst.name}-request"), undo=False
    )
    _say(conn, case, notice, sender)


def _in_batch(conn: Connection, case: _Case, actor: Actor, hold: Hold, decision: Decision) -> texts.Result:
    match _decide(conn, case, actor, hold, decision):
        case texts.YourDecision(done=done):
            what = _IN_BATCH[done]
        case texts.AlreadyDecided():
            what = "already"
        case _:
            return texts.Result("batch-help")
    return texts.Result(f"hold-{what}", case.lst.name, case.title, hold.author, _subject(hold))


_IN_BATCH = {
    "approved": "approved",
    "trusted": "approved",
    "rejected": "rejected",
    "discarded": "discarded",
    "spam": "discarded",
    "banned": "discarded",
    "claimed": "claimed",
}


def _read(case: _Case, route: Route) -> Decision:
    """What the reply says: its first own word; the address alone where the text says nothing or the same."""
    decision = decisions.first_word(case.post.own)
    given = _VERBS.get(route.verb)
    if given is not None and decision.answer is Answer.EMPTY:
        return Decision(given)  # a link of ours that was pressed
    if given is Answer.NO and decision.answer is Answer.UNCLEAR:
        return Decision(given, case.post.own)  # prose to +reject is the reason
    if decision.answer is Answer.EMPTY and case.lst.settings.empty_reply == "approve":
        return Decision(Answer.YES)
    return decision


def _decide(conn: Connection, case: _Case, actor: Actor, hold: Hold, decision: Decision) -> texts.Notice:
    """Do it; the mail that says what was done."""
    try:
        done = _do(conn, case, actor, hold, decision)
    except Refused:
        return _help(case, hold, "refused")
    match done:
        case AlreadyDecided(as_decided):
            return _already(case, as_decided, moderation.called(conn, actor))
        case Approved(_, number):
            word = {Answer.TRUST: "trusted", Answer.EDIT: "edited"}.get(decision.answer, "approved")
            return _done(case, hold, word, number=number)
        case TurnedDown():
            return _done(case, hold, "rejected", reason=decision.reason)
        case Dropped():
            word = {Answer.SPAM: "spam", Answer.BAN: "banned"}.get(decision.answer, "discarded")
            return _done(case, hold, word)
        case Claimed(as_claimed, until):
            _tell_others(conn, case, actor, as_claimed, until)
            return _done(case, hold, "claimed", until=_moment(until))
        case str(problem):
            return _help(case, hold, problem)
        case _:
            assert_never(done)


def _do(
    conn: Connection, case: _Case, actor: Actor, hold: Hold, decision: Decision
) -> moderation.Decision | Claimed | str:
    """Carry a decision out; a word for what is wrong with it where it decides nothing."""
    match decision.answer:
        case Answer.YES | Answer.TRUST:
            return moderation.approve(conn, case.site, actor, hold.id, case.now, trust=decision.answer is Answer.TRUST)
        case Answer.NO:
            return moderation.reject(conn, case.site, actor, hold.id, decision.reason, case.now)
        case Answer.DISCARD | Answer.SPAM:
            return moderation.discard(conn, actor, hold.id, case.now)
        case Answer.BAN:
            return moderation.ban(conn, actor, case.lst, hold.id, case.now)
        case Answer.EDIT:
            return _edit(conn, case, actor, hold)
        case Answer.LATER:
            return moderation.claim(conn, actor, hold.id, case.now)
        case Answer.PASSWORD | Answer.EMPTY | Answer.UNCLEAR as other:
            return AlreadyDecided(hold) if hold.decision is not None else str(other)
        case _:
            assert_never(decision.answer)


def _edit(conn: Connection, case: _Case, actor: Actor, hold: Hold) -> moderation.Decision | str:
    if hold.decision is not None or hold.bytes is None:
        return AlreadyDecided(hold)
    text = decisions.edited(case.post.text)
    original = read(unpack(hold.enc, hold.bytes)).text
    if not text or len(original) > posting.MAX_EXCERPT:
        return "edit"  # the notice did not show all of it: what it left out would be lost
    if text.split() == original.split():
        return "unchanged"  # perhaps they only wanted to see how it goes
    changed = moderation.with_text(case.lst, hold, text)
    return moderation.approve(conn, case.site, actor, hold.id, case.now, edited=changed)


def _ask_moderator(conn: Connection, case: _Case, hold: Hold, token: Token, decision: Decision) -> None:
    """An answer from an address that is not the moderator's: ask them whether it was theirs."""
    if decision.answer in (Answer.EMPTY, Answer.UNCLEAR, Answer.PASSWORD, Answer.EDIT) or token.action != "moderate":
        return
    fresh = made.fresh()
    notice = texts.AnswerFromElsewhere(
        list_name=case.lst.name,
        list_title=case.title,
        author=hold.author,
        subject=_subject(hold),
        sender=case.author,
        said=_said(case),
        approve=case.address("approve"),
        reject=case.address("reject"),
        discard=case.address("discard"),
    )
    reply_to = case.site.address(f"{case.lst.name}+confirm.{fresh}")
    if not notices.send(conn, case.site, notice, token.address, case.now, lst=case.lst, reply_to=reply_to):
        return
    said = {"answer": decision.answer, "reason": decision.reason}
    grant = Grant("answer", token.address, case.lst.id, token.person_id, hold.id, said)
    made.keep(conn, fresh, grant, case.now, timedelta(days=ANSWER_DAYS))


def _tell_others(conn: Connection, case: _Case, actor: Actor, hold: Hold, until: datetime) -> None:
    person = people.find(conn, actor.address)
    by = (person.name if person else "") or actor.address
    notice = texts.HeldClaimed(case.lst.name, case.title, hold.author, _subject(hold), by, _moment(until))
    for other in posting.deciders(conn, case.lst):
        if other.person_id != actor.person_id:
            notices.send(conn, case.site, notice, other.address, case.now, lst=case.lst, language=other.language)


def _expired(conn: Connection, case: _Case) -> None:
    """The same answer for a token that is used up, too old, wrong, or of another system."""
    lst, site = case.lst, case.site
    since = case.now - timedelta(hours=1)
    if notice_rows.sent_on_list_since(conn, lst.id, "token-expired", since) >= WRONG_PER_HOUR:
        return
    request, owner = (site.address(f"{lst.name}{verb}") for verb in ("-request", "+owner"))
    _say(conn, case, texts.TokenExpired(lst.name, case.title, request, owner), people.find(conn, case.author))


def _say(conn: Connection, case: _Case, notice: texts.Notice, sender: people.Person | None) -> None:
    unread = isinstance(notice, texts.HowToDecide)
    sent = _send(conn, case, notice, sender, posting.NOTICES_PER_HOUR if sender and not unread else UNREAD_PER_HOUR)
    if unread and not sent:  # silence would look as if nobody were there
        owner = case.site.address(f"{case.lst.name}+owner")
        _send(conn, case, texts.NoMoreAnswers(case.lst.name, case.title, UNREAD_PER_HOUR, owner), sender, 1)


def _send(conn: Connection, case: _Case, notice: texts.Notice, sender: people.Person | None, limit: int) -> int:
    return notices.send(
        conn,
        case.site,
        notice,
        case.author,
        case.now,
        lst=case.lst,
        language=sender.language if sender else "",
        reply_to=case.address("confirm") if isinstance(notice, texts.HowToDecide) else "",
        in_reply_to=case.post.message_id,
        requested=True,
        limit=limit,
    )


def _done(
    case: _Case, hold: Hold, done: str, *, reason: str = "", number: int = 0, until: str = ""
) -> texts.YourDecision:
    return texts.YourDecision(case.lst.name, case.title, hold.author, _subject(hold), done, reason, number, until)


def _already(case: _Case, hold: Hold, me: str) -> texts.AlreadyDecided:
    at = _moment(hold.decided_at) if hold.decided_at else ""
    decision = "expired" if hold.decided_by == PROGRAM.address else hold.decision or ""
    by = "" if hold.decided_by in (None, me) else hold.decided_by
    return texts.AlreadyDecided(case.lst.name, case.title, hold.author, _subject(hold), decision, by, at)


def _help(case: _Case, hold: Hold, problem: str) -> texts.HowToDecide:
    links = (case.address(verb) for verb in ("approve", "reject", "discard"))
    return texts.HowToDecide(case.lst.name, case.title, hold.author, _subject(hold), _said(case), problem, *links)


def _said(case: _Case) -> str:
    return " ".join(case.post.own.split())[:MAX_SAID]


def _subject(hold: Hold) -> str:
    """ "" for a request to join."""
    if hold.kind == "join":
        return ""
    return hold.subject or "(no subject)"


def _moment(at: datetime) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC"
