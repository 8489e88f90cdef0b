"""Mail out of a mailbox: once for each recipient, and a refusal by mail."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from listserver import inbound
from listserver.core.envelope import Authenticity, AuthResult, Envelope, Reply
from listserver.core.message import read
from listserver.errors import Unavailable
from tests.actions.conftest import Community

ANNA, TALK = "anna@example.org", "talk@lists.example.org"


def fetch(community: Community, raw: bytes, sender: str = ANNA, to: str = TALK, **more: Any) -> Reply | None:
    arrived = inbound.prepare(Envelope(sender, to, "imap", **more), raw)
    return community.write(lambda c: inbound.receive_once(c, community.receiver, arrived, community.now))


@pytest.fixture
def talk(community: Community) -> Community:
    community.join(community.create(moderation="none", non_members="reject"), ANNA)
    return community


def test_a_mail_is_taken_once_for_each_recipient(talk: Community) -> None:
    talk.join(talk.create("news", moderation="none"), ANNA)
    news = "news@lists.example.org"
    raw = talk.mail(ANNA, f"{TALK}, {news}")
    replies = [fetch(talk, raw), fetch(talk, raw), fetch(talk, raw, to=news), fetch(talk, raw, to="News" + news[4:])]
    assert [reply and reply.code for reply in replies] == [250, None, 250, None]
    assert len(talk.rows("posts")) == 2


def test_a_command_that_is_shown_again_is_not_done_again(talk: Community) -> None:
    raw = talk.mail("new@example.net", "talk+subscribe@lists.example.org", Subject="")
    for _ in range(2):
        fetch(talk, raw, "new@example.net", "talk+subscribe@lists.example.org")
    talk.later(days=2)
    fetch(talk, raw, "new@example.net", "talk+subscribe@lists.example.org")
    assert len(talk.notices()) == 1


def test_two_instances_that_take_the_same_mail_at_once_take_it_once(talk: Community) -> None:
    raw = talk.mail("new@example.net", "talk+subscribe@lists.example.org", Subject="")
    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(fetch, talk, raw, "new@example.net", "talk+subscribe@lists.example.org") for _ in range(8)]
        assert sum(one.result() is not None for one in work) == 1
    assert len(talk.notices()) == 1


def test_L8_a_refusal_is_mailed_once_to_who_may_be_answered(talk: Community) -> None:
    raw = talk.mail("eve@example.net", TALK)
    first, second = (fetch(talk, raw, "eve@example.net") for _ in range(2))
    assert first is not None and first.code == 550
    assert second is None
    (notice,) = talk.notices("your-post-refused")
    assert notice["address"] == "eve@example.net"
    assert b"Has anybody met this?" not in notice["bytes"]


@pytest.mark.parametrize(
    ("sender", "fields", "more"),
    [
        ("", {}, {}),
        ("eve@example.net", {"Auto-Submitted": "auto-replied"}, {}),
        ("eve@example.net", {"From": "noreply@example.net"}, {}),
        ("eve@example.net", {}, {"authenticity": Authenticity(source="ours", dmarc=AuthResult.FAIL)}),
    ],
)
def test_L7_nobody_else_is_told(talk: Community, sender: str, fields: dict[str, str], more: dict[str, Any]) -> None:
    assert fetch(talk, talk.mail("eve@example.net", TALK, **fields), sender, **more) is not None
    assert talk.notices("your-post-refused") == []


def test_what_has_to_wait_is_taken_later(talk: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = talk.mail(ANNA, TALK)
    with monkeypatch.context() as patched:
        patched.setattr(inbound, "receive", lambda *_: Reply(451, "4.3.0", "Later."))
        with pytest.raises(Unavailable, match="Later"):
            fetch(talk, raw)
    reply = fetch(talk, raw)
    assert reply is not None and reply.accepted


def test_the_recipients_are_our_own_addresses(talk: Community) -> None:
    post = read(talk.mail(ANNA, f"x@example.net, {TALK}, absent@lists.example.org", Cc="talk+owner@lists.example.org"))
    found = talk.write(lambda c: inbound.recipients(c, talk.receiver, post))
    assert found == (TALK, "talk+owner@lists.example.org")
