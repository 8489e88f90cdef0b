"""The pages of the archive, called as functions: what they say, what they keep to themselves, what they cost."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from listserver.actions import archive as filed
from listserver.core.actor import OPERATOR
from listserver.core.site import Site
from listserver.core.thread import identifier
from listserver.store import lists
from listserver.store.engine import Store
from listserver.web import archive
from listserver.web.http import Request, Response, fields
from listserver.web.visit import VISITOR, Visit
from tests.actions.filing import file, mail, new_list
from tests.conftest import Statements

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 32)
NOW = datetime(2026, 3, 22, 12, tzinfo=UTC)
Get = Callable[..., Response]


@pytest.fixture
def get(store: Store) -> Get:
    def answer(url: str, method: str = "GET", **headers: str) -> Response:
        path, _, query = url.partition("?")
        request = Request(method, path, fields(query), headers={n.replace("_", "-"): v for n, v in headers.items()})
        return store.read_now(lambda c: archive.respond(Visit(c, SITE, request, VISITOR, NOW)))

    return answer


def post_id(name: str, list_name: str = "talk") -> str:
    return identifier(list_name, f"{name}@x")


@pytest.fixture
def talk(store: Store) -> Store:
    lst = new_list(store, "talk", archive="public", title="Talk about drift")
    quote = (
        "On Mon, 2 Mar 2026, Anna Berg <anna@example.org> wrote:\n> Has anybody met drift?\n\nYes, ask kim@example.org."
    )
    file(store, lst, mail("a", "Drift", body="Has anybody met drift? See https://example.org/a?b=1&c=2."))
    file(store, lst, mail("b", "Re: Drift", names="a", day=1, body=quote, author="Kim Ott <kim@example.org>"))
    file(store, lst, mail("c", "Re: Drift", names="a b", day=2, body="Thanks."))
    file(store, lst, mail("d", "Alone", day=3, author="max@example.org", body="<script>alert(1)</script>"))
    return store


def url_of(get: Get, name: str) -> str:
    return get(f"/talk/t/{post_id(name)}").headers["location"]


@pytest.mark.parametrize(
    ("kind", "most"), [("site", 2), ("front", 4), ("thread", 4), ("post", 4), ("missing", 2), ("later", 2)]
)
def test_a_page_costs_a_fixed_number_of_statements(
    talk: Store, get: Get, statements: Statements, kind: str, most: int
) -> None:
    urls = {
        "site": "/",
        "front": "/talk/",
        "thread": url_of(get, "a"),
        "post": f"/talk/p/{post_id('b')}/",
        "missing": "/nothing/here/",
        "later": f"/talk/t/{post_id('c')}",
    }
    statements.clear()
    get(urls[kind])
    assert len(statements) <= most


@pytest.mark.parametrize("kind", ["/", "/talk/", "thread", "post"])
def test_an_unchanged_page_costs_one_statement(talk: Store, get: Get, statements: Statements, kind: str) -> None:
    url = {"thread": url_of(get, "a"), "post": f"/talk/p/{post_id('b')}/"}.get(kind, kind)
    whole = get(url)
    assert whole.status == 200
    statements.clear()
    again = get(url, if_none_match=whole.headers["etag"])
    assert (again.status, again.body, len(statements)) == (304, b"", 1)


def test_a_new_post_changes_the_tag_of_its_thread_and_list_only(talk: Store, get: Get) -> None:
    urls = [url_of(get, "a"), url_of(get, "d"), "/talk/"]
    before = [get(url).headers["etag"] for url in urls]

    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    file(talk, lst, mail("e", "Re: Drift", names="a", day=4))
    after = [get(url).headers["etag"] for url in urls]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False]


def test_W8_no_page_holds_an_address_of_a_person(talk: Store, get: Get) -> None:
    for url in ("/", "/talk/", url_of(get, "a"), url_of(get, "d"), f"/talk/p/{post_id('b')}/"):
        text = get(url).body.decode()
        assert not re.search(r"(?:anna|kim|max)(?:@|%40)example", text), url
        assert "max@example" not in text
    assert "kim@…" in get(url_of(get, "a")).body.decode()
    assert "m…@" in get("/talk/").body.decode()


def test_a_thread_says_who_answers_whom_and_how_to_reply(talk: Store, get: Get) -> None:
    text = get(url_of(get, "a")).body.decode()
    assert f'answers <a href="#p-{post_id("a")}">Anna Berg</a>' in text
    assert f"mailto:talk+re.{post_id('b')}@lists.example.org?subject=Re%3A%20Drift" in text
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow ugc">' in text
    assert text.index(f'id="p-{post_id("a")}"') < text.index(f'id="p-{post_id("b")}"')


def test_what_strangers_wrote_is_text(talk: Store, get: Get) -> None:
    for url in (url_of(get, "d"), f"/talk/p/{post_id('d')}/", "/talk/"):
        assert "<script>alert" not in get(url).body.decode()


def test_addresses_lead_to_the_one_page(talk: Store, get: Get) -> None:
    url = url_of(get, "a")
    assert url == f"/talk/t/{post_id('a')}/drift"
    wrong = get(f"/talk/t/{post_id('a')}/other?page=1")
    assert (wrong.status, wrong.headers["location"]) == (301, f"{url}?page=1")
    later = get(f"/talk/t/{post_id('c')}/drift")
    assert (later.status, later.headers["location"]) == (302, f"{url}#p-{post_id('c')}")
    assert get("/talk").status == 301
    assert get("/TALK/x/y").status == 404


def test_W9_a_list_one_may_not_read_is_like_one_that_is_not_there(talk: Store, get: Get) -> None:
    lst = new_list(talk, "board", archive="members")
    file(talk, lst, mail("z", "Secret"))
    one, other = get("/board/"), get("/bored/")
    assert (one.status, one.body.replace(b"board", b"bored")) == (404, other.body)
    assert get(f"/board/p/{post_id('z', 'board')}/").status == 404
    assert "board" not in get("/").body.decode()
    assert one.headers["cache-control"] == "private, no-store"


def test_a_removed_post_leaves_its_place(talk: Store, get: Get) -> None:

    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    talk.write_now(lambda c: filed.delete(c, OPERATOR, lst, 2, NOW))
    assert get(f"/talk/p/{post_id('b')}/").status == 410
    text = get(url_of(get, "a")).body.decode()
    assert "A post that was removed" in text
    assert "Thanks." in text
    assert "Kim" not in text


def test_a_hidden_post_is_seen_nowhere(talk: Store, get: Get) -> None:

    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    talk.write_now(lambda c: filed.hide(c, OPERATOR, lst, 3, NOW))
    assert get(f"/talk/p/{post_id('c')}/").status == 404
    assert "Thanks." not in get(url_of(get, "a")).body.decode()


def test_a_long_thread_comes_in_parts(store: Store, get: Get) -> None:
    lst = new_list(store, "talk", archive="public")
    raws = [mail("0", "Long")] + [mail(str(n), "Re: Long", names="0", day=n / 100) for n in range(1, 120)]
    file(store, lst, *raws, batch=60)
    url = url_of(get, "0")
    first, last = get(url).body.decode(), get(f"{url}?page=3").body.decode()
    assert (first.count("<article"), last.count("<article")) == (50, 20)
    assert "page 1 of 3" in first
    assert "Posts 51 to 100" in first
    assert get(f"/talk/t/{post_id('119')}").headers["location"] == f"{url}?page=3#p-{post_id('119')}"
    assert get(f"{url}?order=date").body.decode().count(">answers <") == 49


def test_W6_a_foreign_host_is_not_served(talk: Store, get: Get) -> None:
    assert get("/talk/", host="evil.example").status == 421
    assert get("/talk/", host="lists.example.org").status == 200
    assert get("/talk/", host="127.0.0.1:8080").status == 200


def test_W1_only_get_and_head_are_answered(talk: Store, get: Get) -> None:
    assert get("/talk/", method="HEAD").status == 200
    refused = get("/talk/", method="POST")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_the_stylesheet_is_named_by_its_content(talk: Store, get: Get) -> None:
    found = re.search(r'href="(/archive-[0-9a-f]+\.css)"', get("/").body.decode())
    assert found
    css = get(found[1])
    assert (css.status, css.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
