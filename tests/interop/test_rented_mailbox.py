"""A list on a rented mailbox: posts come by IMAP from Dovecot, copies go out by SMTP with AUTH.

The program is killed at random, and nothing is lost or doubled.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from listserver.actions import lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.store import tables
from listserver.store.engine import Store
from tests import dns_server, relay
from tests.interop.mailboxes import Mailbox, dovecot
from tests.running import Serve

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

MEMBERS = ["anna@example.net", "ben@example.net"]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    with dovecot(tmp_path) as found:
        yield found


@pytest.fixture
def name_server() -> Iterator[str]:
    with dns_server.serving({}) as place:
        yield place


def _post(number: int) -> bytes:
    return (
        b"Return-Path: <anna@example.net>\r\nDelivered-To: lists@example.org\r\nFrom: anna@example.net\r\n"
        b"To: talk@lists.example.org\r\nSubject: Post %d\r\nMessage-ID: <%d@example.net>\r\n\r\nHello %d.\r\n"
    ) % (number, number, number)


def _request(number: int) -> bytes:
    return (
        b"Return-Path: <new%d@example.net>\r\nFrom: new%d@example.net\r\nTo: talk+subscribe@lists.example.org\r\n"
        b"Message-ID: <request%d@example.net>\r\n\r\n\r\n"
    ) % (number, number, number)


def _create(url: str) -> None:
    now = datetime.now(UTC)
    with Store.open(url) as store:
        wanted = {"moderation": "none", "hourly_posts": "9999"}
        talk = store.write_now(lambda conn: lists.create(conn, OPERATOR, "talk", wanted, now)).list
        entries = [membership.Entry(address) for address in MEMBERS]
        store.write_now(lambda conn: membership.add(conn, OPERATOR, talk, entries, now))


@pytest.mark.parametrize(
    ("posts", "kills"), [(60, 3), pytest.param(500, 10, marks=[pytest.mark.soak, pytest.mark.slow])]
)
def test_after_kills_at_random_every_mail_was_taken_once(
    posts: int,
    kills: int,
    box: Mailbox,
    caught: relay.Script,
    sqlite_url: str,
    tmp_path: Path,
    name_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _create(sqlite_url)
    caught.offers = (*relay.OFFERS, "AUTH PLAIN")
    caught.answer = lambda verb, line, nth: b"235 2.7.0 welcome" if verb == "AUTH" else None
    chance, requests = random.Random(posts), posts // 10
    mails = [_post(number) for number in range(posts)] + [_request(number) for number in range(requests)]
    chance.shuffle(mails)
    serve = Serve(
        tmp_path / "serve",
        database=sqlite_url,
        only="imap,delivery",
        IMAP__URL=box.url,
        RELAY__URL=f"smtp://lists%40example.org:secret@127.0.0.1:{caught.port}",
        RELAY__CONNECTIONS="1",
        DNS__SERVERS=name_server,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(box.trust))
    copies = posts * len(MEMBERS) + requests
    for kill in range(kills + 1):
        for mail in mails[kill :: kills + 1]:
            box.put(mail)
        with serve:
            if kill < kills:
                until = len(caught.taken) + chance.randrange(1, posts // kills)
                _wait(partial(_took, caught, until), serve)
                serve.kill()
            else:
                _wait(lambda: not box.unread() and len({_key(copy) for copy in caught.taken}) >= copies, serve)
    with Store.open(sqlite_url) as store:
        rows = store.read_now(lambda conn: conn.execute(tables.posts.select()).mappings().all())
    assert len(rows) == posts
    assert len({row["message_id"] for row in rows}) == posts
    assert caught.verbs["AUTH"] > kills  # once a connection
    counts = Counter(_key(copy) for copy in caught.taken)
    assert len(counts) == copies
    doubled = sum(counts.values()) - len(counts)
    assert doubled <= kills  # the one transaction whose answer was under way
    print(
        f"\n{posts} posts, {kills} kills: {posts - len(rows)} lost; {copies} copies due, {copies - len(counts)} lost, ",
        end="",
    )
    print(f"{doubled} doubled (whose answer was under way at a kill)")


def _took(caught: relay.Script, count: int) -> bool:
    return len(caught.taken) >= count


def _key(copy: relay.Copy) -> tuple[str, str]:
    post = read(copy.mail)
    return copy.recipient, post.subject if copy.recipient in MEMBERS else "the answer"


def _wait(happened: Callable[[], object], serve: Serve, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, serve.log()
        time.sleep(0.02)
