"""A post that many hosts do not want: its delivery stops, and an owner decides by a reply (standards B4).

They refuse it for what it says or for who sends it, not for their readers' addresses; sending on would make them refuse
later posts as well.
"""

from datetime import datetime

from sqlalchemy import Connection

from listserver.actions import access, asking, notices
from listserver.actions.access import Verb
from listserver.actions.posting import Arrived
from listserver.core import decisions, tokens
from listserver.core.actor import PROGRAM, Actor, Proof
from listserver.core.address import bounce_address
from listserver.core.decision_words import Answer
from listserver.core.notices import PostRefusedByMany, StoppedPostDecided
from listserver.core.site import Site
from listserver.store import bounces, events, lists, members, people
from listserver.store import tokens as rows
from listserver.store.bounces import PostLine
from listserver.store.lists import List

FEW = 5  # refusals of a post that never stop it
SHARE = 0.05  # of the copies refused: more than that stops the delivery
FIRST = 100  # copies, at least, that the share is taken of
SAID = 200  # characters of another host's answer that we repeat
TEXTS = 3
GO_ON = "go-on"  # the action of the owners' tokens
DAYS = 14


def refused(conn: Connection, site: Site, post_id: int, new: int, now: datetime) -> set[int]:
    """Hosts did not want this post, `new` more of them. More than a share stops it: the ids of its deliveries."""
    count = bounces.refusals(conn, post_id)
    before = count - new
    if count <= FEW or (before > FEW and before.bit_length() == count.bit_length()):
        return set()  # looked at each time the number has doubled, since that is dear for large lists
    post = bounces.post_of(conn, post_id)
    handed, due = bounces.handed_over(conn, post.list_id, post_id)
    if not handed and before > FEW:
        return set()  # all copies have left, and the owners know
    if handed and count <= SHARE * max(handed, FIRST):
        return set()
    stopped = bounces.stop(conn, post_id) if handed else set()
    lst = lists.get(conn, post.list_id)
    if stopped:
        events.record(conn, "delivery-stopped", PROGRAM, now, list_id=lst.id, data={"number": post.number})
    waiting = due - handed if stopped else 0
    _tell(conn, site, lst, post_id, post, (count, handed, waiting), now, stopped=bool(stopped))
    return stopped


def _tell(  # noqa: PLR0913
    conn: Connection,
    site: Site,
    lst: List,
    post_id: int,
    post: PostLine,
    counts: tuple[int, int, int],
    now: datetime,
    *,
    stopped: bool,
) -> None:
    texts = tuple(text[:SAID] for text in bounces.refusal_texts(conn, post_id, TEXTS))
    for to, language in owners(conn, site, lst):
        by_reply = stopped and people.find(conn, to) is not None
        reply_to = ""
        if by_reply:
            token = asking.keep(conn, lst, GO_ON, to, now, {"post": post_id}, days=DAYS)
            reply_to = bounce_address(lst.name, site.domain, token)
        subject = post.subject or "(no subject)"
        notice = PostRefusedByMany(lst.name, _title(lst), post.author, subject, *counts, texts, stopped, by_reply)
        notices.send(conn, site, notice, to, now, lst=lst, language=language, reply_to=reply_to)


def answered(conn: Connection, site: Site, arrived: Arrived, given: str, now: datetime) -> bool:
    """Whether a mail to a return address with that token is an owner's answer about a stopped post; then it is done."""
    token = rows.find(conn, tokens.digest(given))
    if token is None or token.action != GO_ON or token.list_id is None or not token.valid(now):
        return False
    if arrived.post.automatic or not arrived.envelope.sender or len(arrived.post.authors) != 1:
        return False
    sender = people.find(conn, arrived.post.authors[0].address)
    actor = Actor(Proof.TOKEN, token.address, token.person_id, "mail")
    if sender is None or sender.id != token.person_id or not access.may(conn, actor, Verb.CONFIGURE, token.list_id):
        return False
    lst, post_id = lists.get(conn, token.list_id), int(token.arguments["post"])
    done = _decide(conn, lst, actor, post_id, decisions.first_word(arrived.post.own).answer, now)
    post = bounces.post_of(conn, post_id)
    notice = StoppedPostDecided(lst.name, _title(lst), post.author, post.subject or "(no subject)", done)
    again = bounce_address(lst.name, site.domain, given) if done == "unclear" else ""
    notices.send(
        conn, site, notice, arrived.post.authors[0].address, now, lst=lst, language=sender.language, reply_to=again,
        in_reply_to=arrived.post.message_id, requested=True,
    )  # fmt: skip
    return True


def _decide(conn: Connection, lst: List, actor: Actor, post_id: int, answer: Answer, now: datetime) -> str:
    if answer is Answer.YES:
        done, count = "goes-on", bounces.go_on(conn, post_id, now)
    elif answer in (Answer.NO, Answer.DISCARD, Answer.SPAM):
        done, count = "dropped", bounces.drop(conn, post_id)
    else:
        return "unclear"
    if not count:
        return "already"
    number = bounces.post_of(conn, post_id).number
    events.record(conn, "delivery-decided", actor, now, list_id=lst.id, data={"number": number, "done": done})
    return done


def owners(conn: Connection, site: Site, lst: List, *, but: int = 0) -> list[tuple[str, str]]:
    """(address, language) of the owners whom mail reaches, but for one member; else of the operator."""
    found = [
        (owner.address, owner.language)
        for owner in members.with_role(conn, lst.id, "owner")
        if owner.state != "suspended" and owner.id != but
    ]
    return found or ([(site.admin_email, site.language)] if site.admin_email else [])


def _title(lst: List) -> str:
    return lst.settings.title or lst.name
