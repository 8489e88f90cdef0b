"""A mail for the robot, or an answer to a question of ours, and the one mail that goes back."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from listserver.actions import asking, forwarding, joining, notices, replies
from listserver.actions import people as persons
from listserver.actions.asking import Question
from listserver.actions.posting import Arrived
from listserver.core import address as addresses
from listserver.core import decisions, tokens
from listserver.core.actor import PROGRAM, Actor, Proof
from listserver.core.address import Route, Verb
from listserver.core.answerable import answerable
from listserver.core.asked import line_of
from listserver.core.command_line import read_line
from listserver.core.command_values import Command, Wrong
from listserver.core.command_words import Do
from listserver.core.commands import is_command, parse
from listserver.core.decision_words import Answer
from listserver.core.decisions import Decision
from listserver.core.envelope import Reply
from listserver.core.notices import Result, TokenExpired, YourCommands
from listserver.core.site import Site
from listserver.email_commands import undo
from listserver.email_commands.run import Ran, run, setting
from listserver.store import events, lists, people
from listserver.store import notices as notice_rows
from listserver.store import tokens as rows
from listserver.store.lists import List
from listserver.store.tokens import Token

TAKEN = Reply(250, "2.6.0", "Thank you, we have it and answer by mail.")
DROPPED = Reply(250, "2.6.0", "Taken. What a program sends is not answered.")
LATER = Reply(450, "4.7.1", "More is asked by mail just now than we answer in an hour. Please try again later.")
PER_HOUR = 30  # answers to one proved address (standards C5); others get notices.SAME_PER_HOUR
LIST_PER_HOUR, SITE_PER_HOUR = 300, 3_000  # answers to senders who prove nothing (C5)
_ANSWERS = ("your-commands", "confirm-commands")
_BY_TOKEN = {
    Do.CONFIRM: (Verb.CONFIRM, Answer.YES),
    Do.APPROVE: (Verb.APPROVE, Answer.YES),
    Do.REJECT: (Verb.REJECT, Answer.NO),
    Do.DISCARD: (Verb.DISCARD, Answer.DISCARD),
}
_NOT = (Answer.NO, Answer.DISCARD, Answer.SPAM, Answer.BAN)


@dataclass(frozen=True, slots=True)
class _Mail:
    """One mail to the robot. at: the list whose address it came to. arrived: None for an answer on a page."""

    site: Site
    at: List | None
    arrived: Arrived | None
    now: datetime

    @property
    def author(self) -> str:
        assert self.arrived is not None
        return self.arrived.post.authors[0].address

    @property
    def id(self) -> str:
        return self.arrived.post.message_id if self.arrived else ""


def receive(conn: Connection, site: Site, lst: List | None, route: Route, arrived: Arrived, now: datetime) -> Reply:
    """Do what a mail to an address of the robot asks; mail for people at such an address goes on to them."""
    post = arrived.post
    if not answerable(post, arrived.envelope, site.domain):
        return _drop_or_pass_on(conn, site, lst, route, arrived, now)
    mail = _Mail(site, lst, arrived, now)
    if route.verb in replies.VERBS:
        return _again(conn, mail, route.argument, route.option, arrived) or _answer(conn, mail, route, arrived)
    if route.verb is Verb.UNSUBSCRIBE and lst is not None and route.argument and "@" not in route.argument:
        _leave_by_token(conn, mail, lst, route.argument)
        return TAKEN
    commands = _commands(conn, mail, route, arrived)
    if commands is None:
        return _pass_on(conn, site, lst, arrived, now)
    first = commands[0] if commands else None
    if isinstance(first, Command) and first.token and first.do in _BY_TOKEN:
        if first.do is Do.CONFIRM and (again := _again(conn, mail, first.token, first.text, arrived)):
            return again
        verb, answer = _BY_TOKEN[first.do]
        route = Route(first.list or None, verb, first.token)
        return _answer(conn, mail, route, arrived, Decision(answer, first.text))
    sender = _sender(conn, arrived)
    if not sender.proved and _flooded(conn, lst, now):
        return LATER
    _run_and_answer(conn, mail, sender, commands)
    return TAKEN


def _flooded(conn: Connection, lst: List | None, now: datetime) -> bool:
    """Whether the list, or the site, has written so many answers that somebody may want it to write to everybody."""
    since = now - timedelta(hours=1)
    of_list = sum(notice_rows.sent_on_list_since(conn, lst.id, name, since) for name in _ANSWERS) if lst else 0
    of_site = sum(notice_rows.sent_by_site_since(conn, name, since) for name in _ANSWERS)
    return of_list >= LIST_PER_HOUR or of_site >= SITE_PER_HOUR


def _again(conn: Connection, mail: _Mail, token: str, wish: str, arrived: Arrived) -> Reply | None:
    """Ask anew what another system's token confirms, where the mail says what that is (docs: addresses)."""
    if not wish or rows.find(conn, tokens.digest(token)) is not None:
        return None
    commands = parse("", wish, setting(conn, mail.site, mail.at, mail.now.date()))
    _run_and_answer(conn, mail, _sender(conn, arrived), commands)
    return TAKEN


def receive_misdirected(conn: Connection, site: Site, lst: List, arrived: Arrived, now: datetime) -> Reply:
    """A request for the robot that was sent to the list: done as if it had come to the right address (L12)."""
    return receive(conn, site, lst, Route(lst.name, Verb.REQUEST), arrived, now)


def confirm(conn: Connection, site: Site, token: str, now: datetime, *, yes: bool = True) -> tuple[Result, ...] | None:
    """Answer a question of ours from its page: what came of it, or None if the token is not good any more."""
    found = rows.find(conn, tokens.digest(token))
    if found is None or found.action not in (asking.COMMANDS, asking.INVITE) or not found.valid(now):
        return None
    mail = _Mail(site, lists.get(conn, found.list_id) if found.list_id is not None else None, None, now)
    ran = _confirmed(conn, mail, found, persons.actor(conn, found.address, Proof.TOKEN, "web"), yes=yes)
    _ask_all(conn, mail, ran, found.address, proved=True)
    return tuple(ran.results)


def _drop_or_pass_on(
    conn: Connection, site: Site, lst: List | None, route: Route, arrived: Arrived, now: datetime
) -> Reply:
    """Mail that must not be answered (design §6.3; standards L5, L7): a person's may still go to people."""
    if route.verb in (Verb.OWNER, Verb.REQUEST, Verb.MODERATORS) and lst is not None:
        return forwarding.to_owners(conn, site, lst, arrived, now)
    data = {"to": str(route.verb), "why": arrived.post.automatic or "robot"}
    events.record(conn, "mail-dropped", PROGRAM, now, list_id=lst.id if lst else None, data=data)
    return DROPPED


def _pass_on(conn: Connection, site: Site, lst: List | None, arrived: Arrived, now: datetime) -> Reply:
    if lst is None:
        return forwarding.to_operator(conn, site, arrived, now)
    return forwarding.to_owners(conn, site, lst, arrived, now)


def _commands(conn: Connection, mail: _Mail, route: Route, arrived: Arrived) -> tuple[Command | Wrong, ...] | None:
    """What the mail asks; None if it is for people."""
    post = arrived.post
    how = setting(conn, mail.site, mail.at, mail.now.date())
    if line := line_of(route):
        found = read_line(line, how)
        return (found,) if found is not None else ()
    commands = parse(post.subject, post.own, how)
    if route.verb is Verb.ROBOT or is_command(post.subject, post.own, how):
        return commands or (Command(Do.HELP),)
    return commands or None if route.verb is Verb.REQUEST else None


def _sender(conn: Connection, arrived: Arrived) -> Actor:
    """Who wrote the mail; proved only where DMARC passed for the exact address (standards A11)."""
    author = arrived.post.authors[0].address
    proved = arrived.envelope.authenticity.proved
    proof = Proof.SENDER if proved and addresses.key(proved) == addresses.key(author) else Proof.NONE
    return persons.actor(conn, author, proof, "mail")


def _run_and_answer(conn: Connection, mail: _Mail, actor: Actor, commands: tuple[Command | Wrong, ...]) -> None:
    ran = run(conn, mail.site, actor, mail.at, commands, mail.now)
    if not _ask_all(conn, mail, ran, actor.address, proved=actor.proved):
        _say(conn, mail, ran, actor)


def _ask_all(conn: Connection, mail: _Mail, ran: Ran, sender: str, *, proved: bool) -> bool:
    """Mail all questions; whether the sender's own one went out, which is the answer to the mail then.

    Who is asked is told to the sender in the same words whether the mail went out or not (C1, C6).
    """
    own = ran.questions.pop(addresses.key(sender), None)
    for to, question in ran.questions.items():
        asking.ask(conn, mail.site, mail.at, to, question, mail.now)
        ran.results.append(Result("asked", address=to))
    if own is None:
        return False
    own = replace(own, results=tuple(ran.results))
    return asking.ask(conn, mail.site, mail.at, sender, own, mail.now, proved=proved, in_reply_to=mail.id)


def _say(conn: Connection, mail: _Mail, ran: Ran, actor: Actor) -> None:
    """The one answer to a mail of commands."""
    if not ran.results:
        return
    reply_to = ""
    if ran.undo:
        steps = {"steps": ran.undo}
        token = asking.keep(conn, mail.at, asking.UNDO, actor.address, mail.now, steps, days=asking.UNDO_DAYS)
        reply_to = asking.reply_address(mail.site, mail.at, token)
    person = people.find(conn, actor.address)
    notices.send(
        conn,
        mail.site,
        YourCommands(tuple(ran.results), asking.robot(mail.site, mail.at), bool(ran.undo)),
        actor.address,
        mail.now,
        lst=mail.at,
        language=person.language if person else "",
        reply_to=reply_to,
        in_reply_to=mail.id,
        requested=True,
        limit=PER_HOUR if actor.proved else notices.SAME_PER_HOUR,
    )


def _answer(conn: Connection, mail: _Mail, route: Route, arrived: Arrived, decision: Decision | None = None) -> Reply:
    """An answer to a question of ours, by its token. decision: what it says, if a command with a token said it."""
    token = rows.find(conn, tokens.digest(route.argument))
    if token is not None and decision is None and mail.at is not None and token.list_id != mail.at.id:
        token = None  # it is bound to its list (C2); a command may name another list than the address does
    if token is not None and token.list_id is not None:
        mail = replace(mail, at=lists.get(conn, token.list_id))
    ours = token is not None and token.action in (asking.COMMANDS, asking.INVITE, asking.UNDO, asking.BATCH)
    if not ours and mail.at is not None:
        return replies.receive(conn, mail.site, mail.at, route, arrived, mail.now, decision=decision)
    if not ours or token is None or not token.valid(mail.now):
        _expired(conn, mail)
        return TAKEN
    if token.action == asking.BATCH and mail.at is not None:
        replies.receive_batch(conn, mail.site, mail.at, token, arrived, mail.now)
        return TAKEN
    actor = persons.actor(conn, mail.author, Proof.TOKEN, "mail")
    if not _is_theirs(actor, token):
        _ask_owner(conn, mail, token)
    elif token.action == asking.UNDO:
        _undo(conn, mail, token, actor, arrived.post.own)
    else:
        yes = (decision or decisions.first_word(arrived.post.own)).answer not in _NOT
        ran = _confirmed(conn, mail, token, actor, yes=yes)
        if not _ask_all(conn, mail, ran, mail.author, proved=True):
            _say(conn, mail, ran, actor)
    return TAKEN


def _confirmed(conn: Connection, mail: _Mail, token: Token, actor: Actor, *, yes: bool) -> Ran:
    """Run what a question was about, with the proof that its answer is."""
    rows.use(conn, token, mail.now)
    if not yes:
        return Ran([Result("declined")])
    if token.action == asking.INVITE:
        return _join_invited(conn, mail, actor)
    stored = token.arguments
    how = setting(conn, mail.site, mail.at, date.fromisoformat(stored["today"]))
    commands = [found for line in stored["lines"] if (found := read_line(line, how)) is not None]
    if stored["by"]:  # a change of address: both are proved now
        mover = persons.actor(conn, stored["by"], Proof.TOKEN, actor.door)
        return run(conn, mail.site, mover, mail.at, commands, mail.now, also=token.address)
    return run(conn, mail.site, actor, mail.at, commands, mail.now)


def _join_invited(conn: Connection, mail: _Mail, actor: Actor) -> Ran:
    lst = mail.at
    assert lst is not None
    joined = joining.join(conn, mail.site, actor, lst, actor.address, mail.now, invited=True)
    already = isinstance(joined, joining.Joined) and joined.already
    return Ran([Result("already", lst.name, lst.settings.title or lst.name, actor.address)] if already else [])


def _is_theirs(actor: Actor, token: Token) -> bool:
    """Whether the answer comes from who was asked: that address, or another one of the same person."""
    same_person = actor.person_id is not None and actor.person_id == token.person_id
    return same_person or addresses.key(actor.address) == token.address


def _ask_owner(conn: Connection, mail: _Mail, token: Token) -> None:
    """Somebody else answered with that token: its owner is asked (C3), once."""
    if token.action == asking.COMMANDS and rows.use(conn, token, mail.now):
        lines, asked, titles = (tuple(token.arguments[name]) for name in ("lines", "asked", "lists"))
        question = Question(lines, asked, titles, mail.author, token.arguments["by"])
        asking.ask(conn, mail.site, mail.at, token.address, question, mail.now, proved=True)


def _undo(conn: Connection, mail: _Mail, token: Token, actor: Actor, own: str) -> None:
    """An answer to the mail that said what was done: `undo` takes it back; other commands are done."""
    commands = parse("", own, setting(conn, mail.site, mail.at, mail.now.date()))
    if not any(isinstance(one, Command) and one.do is Do.UNDO for one in commands):
        _run_and_answer(conn, mail, actor, commands or (Command(Do.HELP),))
    elif rows.use(conn, token, mail.now):
        _say(conn, mail, Ran(list(undo.run(conn, mail.site, actor, token.arguments["steps"], mail.now))), actor)


def _leave_by_token(conn: Connection, mail: _Mail, lst: List, token: str) -> None:
    """List-Unsubscribe by mail: the token proves the member, if it comes from an address of theirs.

    From elsewhere the member is asked: somebody was forwarded the mail.
    """
    member = joining.leaver(conn, mail.site, lst, token)
    sender = people.find(conn, mail.author)
    if member is None:
        _expired(conn, mail)
    elif sender is not None and sender.id == member.person_id:
        joining.leave_by_token(conn, mail.site, lst, token, mail.now, "mail")
    else:
        line = f"unsubscribe {lst.name}"
        question = Question((line,), (line,), asking.titles([lst]), mail.author)
        asking.ask(conn, mail.site, lst, member.address, question, mail.now)


def _expired(conn: Connection, mail: _Mail) -> None:
    lst, site = mail.at, mail.site
    name, title = (lst.name, lst.settings.title or lst.name) if lst else (site.name, site.name)
    owner = site.address(f"{lst.name}+owner" if lst else "postmaster")
    notice = TokenExpired(name, title, asking.robot(site, lst), owner)
    notices.send(conn, site, notice, mail.author, mail.now, lst=lst, requested=True)
