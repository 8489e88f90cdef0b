"""core.meanwhile: posts that are judged together are judged as if each was filed before the next one came."""

from listserver.core.envelope import Envelope
from listserver.core.meanwhile import Meanwhile
from listserver.core.message import Post, read
from listserver.core.policy import Author, Facts
from listserver.core.settings import ListSettings

ANNA = Author("anna@example.org", "anna@example.org", person_id=1, member_id=11, role="member", accepted_posts=2)
BEN = Author("ben@example.org", "ben@example.org", person_id=2, member_id=12, role="member")
EVE = Author("eve@example.org", "eve@example.org")


def post(name: str, text: str = "Hello") -> Post:
    return read(f"From: a@example.org\r\nMessage-ID: <{name}@x>\r\n\r\n{text}\r\n".encode())


def facts(*authors: Author, duplicate: bool = False) -> Facts:
    envelope = Envelope("a@example.org", "talk@lists.example.org", "smtp")
    settings = ListSettings()
    return Facts("talk", settings, envelope, authors, frozenset(), frozenset(), duplicate, hour_posts=1, day_posts=5)


def test_nothing_before_changes_nothing() -> None:
    known = facts(ANNA)
    assert Meanwhile().seen_by(post("a"), known) is known


def test_accepted_posts_count_for_their_author_and_the_list() -> None:
    meanwhile = Meanwhile()
    for author in (ANNA, ANNA, EVE, None):
        meanwhile.accepted(post(f"{author}"), author)
    seen = meanwhile.seen_by(post("new"), facts(ANNA, BEN))
    assert [one.accepted_posts for one in seen.authors] == [4, 0]
    assert (seen.hour_posts, seen.day_posts, seen.duplicate) == (3, 9, False)
    stranger = meanwhile.seen_by(post("new"), facts(EVE))
    assert (stranger.authors, stranger.hour_posts, stranger.day_posts) == ((EVE,), 1, 9)
    nobody = meanwhile.seen_by(post("new"), facts())
    assert (nobody.hour_posts, nobody.day_posts) == (1, 9)


def test_the_same_post_again_is_a_duplicate_whether_the_first_one_waits_or_went_out() -> None:
    meanwhile = Meanwhile()
    meanwhile.held(post("held"))
    meanwhile.accepted(post("out"), ANNA)
    for again, expected in (
        (post("held"), True),
        (post("out"), True),
        (post("out", "other words"), False),
        (post("new"), False),
    ):
        assert meanwhile.seen_by(again, facts(ANNA)).duplicate is expected
    assert meanwhile.seen_by(post("new"), facts(ANNA, duplicate=True)).duplicate
    assert meanwhile.seen_by(post("new"), facts(ANNA)).day_posts == 6  # what waits does not count
