"""Answers to items of digests and pages land in the right thread; threads can be followed and muted by a word."""

import re
from typing import Any

import pytest

from listserver.actions import delivery, digests, membership
from listserver.actions.delivery import Wish
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.delivery import copies
from listserver.delivery.copies import Mailing, Stamp
from listserver.delivery.transport import Features
from listserver.store import deliveries
from listserver.store import digests as rows
from listserver.store.lists import List
from listserver.store.posts import raw_of
from tests.actions import mails
from tests.actions.conftest import SITE, Community

DORA = "dora@example.org"
LADDER = "Has anybody got a ladder of four metres that I could borrow on Sunday?"
PAINT = "Which paint holds on old galvanised gutters without any primer below it?"


def talk(community: Community, **settings: str) -> List:
    lst = community.create(moderation="none", **settings)
    community.join(lst, "anna@example.org")
    community.join(lst, DORA, mode="daily")
    community.post(Subject="Ladder", body=LADDER)
    community.post(Subject="Paint", body=PAINT)
    return lst


def posts(community: Community) -> list[dict[str, Any]]:
    return community.rows("posts")


def digest(community: Community, lst: List, form: str = "html") -> str:
    """Sends the open edition; gives its text."""
    (edition,) = community.write(lambda c: digests.send(c, OPERATOR, lst, community.now, everything=True))
    issue = rows.Issue(edition.id, form, ((edition.after, edition.upto),))
    _, mail = community.store.read_now(lambda c: digests.compose(c, SITE, issue))
    assert mail is not None
    return read(mail).raw.decode()


def copy(community: Community, post_id: int) -> bytes:
    stamp = Stamp(int(community.now.timestamp()))
    made = community.store.read_now(lambda c: copies.prepare(c, SITE, post_id, Features(True, True), stamp))
    assert isinstance(made, Mailing)
    return b"".join(made.mould.head)


def item(community: Community, number: int) -> str:
    return f"talk+re.{posts(community)[number - 1]['identifier']}@lists.example.org"


def digest_id(text: str) -> str:
    return re.search(r"Message-ID: <(digest[^>]+)>", text)[1]  # type: ignore[index]


def test_an_answer_to_an_item_is_a_post_in_its_thread_whatever_else_it_names(community: Community) -> None:
    lst = talk(community)
    text = digest(community, lst)
    assert item(community, 2) in text
    said = {"Subject": "Re: Paint", "In_Reply_To": f"<{digest_id(text)}>", "References": f"<{digest_id(text)}>"}
    assert community.post(DORA, item(community, 2), body="None does.", **said).code == 250
    ladder, paint, answer = posts(community)
    assert (answer["thread_id"], answer["parent_id"]) == (paint["thread_id"], paint["id"])
    assert answer["thread_id"] != ladder["thread_id"]
    raw = community.store.read_now(lambda c: raw_of(c, answer["id"]))
    assert raw is not None
    assert digest_id(text).encode() in raw  # as it came
    head = copy(community, answer["id"])
    assert f"In-Reply-To: <{paint['message_id']}>".encode() in head
    assert f"References: <{paint['message_id']}>".encode() in head
    assert digest_id(text).encode() not in head


def test_a_held_answer_is_in_its_thread_once_it_is_approved(community: Community) -> None:
    from listserver.actions import moderation

    talk(community)
    community.post("stranger@example.net", item(community, 1), body="I have one.")
    (hold,) = community.rows("holds")
    assert "not-addressed" not in hold["reasons"]
    community.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold["id"], community.now))
    assert posts(community)[2]["parent_id"] == posts(community)[0]["id"]


def test_an_answer_to_what_is_not_there_is_a_post_like_others(community: Community) -> None:
    lst = talk(community)
    for argument in ("aaaaaaaaaa", "digest.77", "a" * 26):
        assert community.post(DORA, f"{lst.name}+re.{argument}@lists.example.org", Subject="So").code == 250
    assert [row["parent_id"] for row in posts(community)[2:]] == [None] * 3


def quoting(text: str, answer: str) -> str:
    return "On Wed, Talk wrote:\n" + "".join(f"> {line}\n" for line in text.splitlines()) + f"\n{answer}"


@pytest.mark.parametrize("to", ["the digest", "the list"])
def test_an_answer_to_the_digest_goes_to_the_item_that_it_quotes(community: Community, to: str) -> None:
    lst = talk(community)
    text = digest(community, lst)
    address = "talk@lists.example.org" if to == "the list" else re.search(r"Reply-To: (\S+)", text)[1]  # type: ignore
    said = {"Subject": "Re: talk digest", "In_Reply_To": f"<{digest_id(text)}>"}
    community.post(DORA, address, body=quoting(LADDER, "I have."), **said)
    assert posts(community)[2]["parent_id"] == posts(community)[0]["id"]


def ask(community: Community, author: str = DORA, **fields: str) -> str:
    lst = talk(community)
    text = digest(community, lst)
    address = re.search(r"Reply-To: (\S+)", text)[1]  # type: ignore[index]
    community.post(author, address, Subject="Re: digest", body="I have one!", **fields)
    return address


@pytest.mark.parametrize(("word", "parent"), [("2", 0), ("Number 1, please", None), ("1", 1), ("0", None), ("9", "")])
def test_the_author_is_asked_which_item_and_answers_with_its_number(
    community: Community, word: str, parent: int | str | None
) -> None:
    ask(community)
    (question,) = community.notices("which-item")
    assert len(posts(community)) == 2
    assert "Ladder (Anna)" in mails.text(question) or "Ladder" in mails.text(question)
    listed = re.findall(r"^  (\d)  (\w+)", mails.text(question), re.M)
    assert [number for number, _ in listed] == ["1", "2"]
    community.post(DORA, mails.to(question), Subject="Re: which", body=word)
    if parent == "" or not word.isdigit():
        assert len(posts(community)) == 2
        return
    *_, placed = posts(community)
    subject = None if word == "0" else listed[int(word) - 1][1]
    assert placed["subject"] == "Re: digest"
    parents = {row["id"]: row["subject"] for row in posts(community)}
    assert parents.get(placed["parent_id"]) == subject
    community.post(DORA, mails.to(question), Subject="Re: which", body=word)  # a second time does nothing
    assert len(posts(community)) == 3


def test_the_question_is_answered_by_its_reader_alone(community: Community) -> None:
    ask(community)
    (question,) = community.notices("which-item")
    community.post("anna@example.org", mails.to(question), body="1")
    community.post(DORA, mails.to(question), body="1", Auto_Submitted="auto-replied")
    community.later(days=15)
    community.post(DORA, mails.to(question), body="1")
    assert len(posts(community)) == 2


@pytest.mark.parametrize(
    ("author", "fields"), [("stranger@example.net", {}), (DORA, {"Auto_Submitted": "auto-replied"})]
)
def test_strangers_and_programs_are_asked_nothing(community: Community, author: str, fields: dict[str, str]) -> None:
    ask(community, author, **fields)
    assert community.notices("which-item") == []


# --- follow and mute --------------------------------------------------------------------------------------------------
def due(community: Community, lst: List) -> list[tuple[int, list[str]]]:
    """Each post on its way, and who gets it."""

    def unit(conn: Any) -> list[tuple[int, list[str]]]:
        ranges = delivery.claim(conn, "w", Wish(9, 0), community.now).ranges
        found = [
            (r.number, [a.partition("@")[0] for _, a in deliveries.recipients(conn, r)]) for r in ranges if r.post_id
        ]
        return sorted(found)

    return community.write(unit)


@pytest.mark.parametrize("to", ["item", "list", "request"])
def test_a_member_mutes_a_thread_by_a_word(community: Community, to: str) -> None:
    lst = talk(community)
    community.join(lst, "emil@example.org")
    where = {"item": item(community, 1), "list": "talk@lists.example.org", "request": "talk-request@lists.example.org"}
    community.post("emil@example.org", where[to], Subject="Re: Ladder", body="Mute", In_Reply_To="<1@example.org>")
    assert len(posts(community)) == 2  # it is distributed to nobody
    (said,) = community.notices("thread-marked")
    assert "no more posts of this thread" in mails.text(said)
    community.post(Subject="Re: Ladder", In_Reply_To="<1@example.org>")
    community.post(Subject="Tea")
    assert due(community, lst)[2:] == [(3, ["anna"]), (4, ["anna", "emil"])]
    community.post("emil@example.org", mails.to(said), Subject="Re: muted", body="unmute")
    community.post(Subject="Re: Ladder", In_Reply_To="<1@example.org>")
    assert due(community, lst) == [(5, ["anna", "emil"])]


def test_digests_leave_out_what_was_muted(community: Community) -> None:
    lst = talk(community)
    community.post(DORA, item(community, 1), body="mute")
    (edition,) = community.write(lambda c: digests.send(c, OPERATOR, lst, community.now, everything=True))
    (reader,) = community.store.read_now(lambda c: rows.readers(c, edition, 0, 2**40))
    assert [reader.issue.holds(number) for number in (1, 2)] == [False, True]


def test_a_word_from_a_stranger_marks_nothing(community: Community) -> None:
    talk(community)
    community.post("stranger@example.net", item(community, 1), body="mute")
    assert community.rows("thread_marks") == community.notices("thread-marked") == []


def test_topics_choose_among_tagged_posts_and_following_a_thread_is_stronger(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "emil@example.org")

    def choose(topics: str) -> None:
        community.write(
            lambda c: membership.change(
                c, OPERATOR, lst, membership.find(c, lst, "emil@example.org"), {"topics": topics}, community.now
            )
        )

    choose("+gis")
    community.post(Subject="[gis] Maps")
    community.post(Subject="#tea Cups")
    community.post(Subject="Plain")
    assert [(n, "emil" in who) for n, who in due(community, lst)[2:]] == [(3, True), (4, False), (5, True)]
    community.post("emil@example.org", item(community, 4), body="follow")
    community.post(Subject="Re: #tea Cups", In_Reply_To=f"<{posts(community)[3]['message_id']}>")
    assert [(n, "emil" in who) for n, who in due(community, lst)] == [(6, True)]


def test_taking_part_in_a_thread_follows_it_unless_it_was_muted(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "emil@example.org")
    emil = membership.Entry("emil@example.org")
    community.write(
        lambda c: membership.change(
            c, OPERATOR, lst, membership.find(c, lst, emil.address), {"topics": "+gis"}, community.now
        )
    )
    community.post(Subject="#tea Cups")
    assert [("emil" in who) for _, who in due(community, lst)][-1] is False
    number = len(posts(community))
    answer = {"Subject": "Re: #tea Cups", "In_Reply_To": f"<{posts(community)[number - 1]['message_id']}>"}
    community.post("emil@example.org", **answer)
    community.post(**answer)
    community.post("emil@example.org", **answer)
    assert [("emil" in who) for _, who in due(community, lst)] == [True, True, True]
    assert [row["mark"] for row in community.rows("thread_marks")] == ["follow"]
    community.post("emil@example.org", item(community, number), body="mute")
    community.post("emil@example.org", **answer)
    assert [row["mark"] for row in community.rows("thread_marks")] == ["mute"]


def test_the_link_in_the_header_mutes(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "emil@example.org")
    community.post("emil@example.org", item(community, 1), body="", Subject="mute")
    assert [row["mark"] for row in community.rows("thread_marks")] == ["mute"]


def test_who_answers_the_copy_of_an_answer_from_a_digest_answers_that_copy(community: Community) -> None:
    """Its To still has the item's address, or the digest's; a reply to all goes there."""
    lst = talk(community)
    text = digest(community, lst)
    whole = re.search(r"Reply-To: (talk\+re\.digest\.\d+@\S+)", text)
    assert whole is not None
    for to in (item(community, 2), whole[1]):
        community.post(DORA, to, body=f"None does.\n\n> {PAINT}", Subject="Re: Paint")
        said = {"Subject": "Re: Paint", "In_Reply_To": f"<{community.serial}@example.org>"}
        community.post("anna@example.org", to, body=f"{to}: really?", **said)
        answer, again = posts(community)[-2:]
        assert (again["thread_id"], again["parent_id"]) == (answer["thread_id"], answer["id"])
    assert not community.notices("which-item")
    community.post(DORA, whole[1], body="mute", In_Reply_To=said["In_Reply_To"])
    assert len(community.notices("thread-marked")) == 1


@pytest.mark.parametrize("to", ["talk@lists.example.org", "talk+re.digest.9@lists.example.org"])
@pytest.mark.parametrize("word", ["mute", "Follow."])
def test_a_word_about_a_thread_that_nobody_knows_goes_to_nobody(community: Community, to: str, word: str) -> None:
    talk(community)
    community.post(DORA, to, body=word, Subject="Re: Something", In_Reply_To="<long-ago@example.org>")
    assert len(posts(community)) == 2
    (answer,) = community.notices("your-commands")
    assert "needs the mail that it answers" in " ".join(mails.text(answer).split())


def test_an_author_without_a_name_is_called_by_what_stands_before_the_at(community: Community) -> None:
    lst = talk(community)
    text = digest(community, lst)
    assert "1. anna, " in text and "<b>anna</b>" in text and "Somebody" not in text
    community.post(DORA, re.search(r"Reply-To: (\S+)", text)[1], body="Me too!")  # type: ignore[index]
    assert "1  Ladder (anna)" in mails.text(community.notices("which-item")[0])
