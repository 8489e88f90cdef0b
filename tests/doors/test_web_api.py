"""The API: each answer is what its description says, bounded, and tells strangers nothing (standards W1, W7 to W9)."""

import json
import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from listserver.actions import archive as filed
from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.core.thread import identifier
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.web.api import ROUTES
from tests.actions.filing import file, mail, new_list
from tests.conftest import Statements
from tests.doors.browser import NOW, Browser, member_browser

API = "/api/v1"
A, B = identifier("talk", "a@x"), identifier("talk", "b@x")
PATHS = {
    "lists": "/lists",
    "list": "/lists/talk",
    "threads": "/lists/talk/threads",
    "thread": f"/lists/talk/threads/{A}",
    "thread_posts": f"/lists/talk/threads/{A}/posts",
    "posts": "/lists/talk/posts",
    "post": f"/lists/talk/posts/{B}",
    "search": "/search?q=drift",
}


@pytest.fixture
def talk(store: Store) -> List:
    """A public list with two threads, a hidden and a removed post; and one for members, with Ben."""
    talk, club = new_list(store, "talk", archive="public", title="Talk"), new_list(store, "club", archive="members")
    store.write_now(lambda conn: membership.add(conn, OPERATOR, club, [Entry("ben@example.org", "Ben")], NOW))
    quote = "Anna Berg <anna@example.org> wrote:\n> Has anybody met drift?\n\nYes, ask kim@example.org."
    file(store, talk, mail("a", "Drift", body="Has anybody met drift? See https://example.org/."))
    file(store, talk, mail("b", "Re: Drift", names="a", day=1, body=quote, author="Kim Ott <kim@example.org>"))
    file(store, talk, mail("c", "Re: Drift", names="a b", day=2, author="max@example.org", body="Drift, yes."))
    for name, day in (("d", 3), ("e", 4), ("f", 5)):
        file(store, talk, mail(name, f"Alone {name}", day=day))
    file(store, club, mail("g", "Drift secret", day=3, body="The cellar drifts."))
    store.write_now(lambda conn: filed.hide(conn, OPERATOR, talk, 5, NOW))
    store.write_now(lambda conn: filed.delete(conn, OPERATOR, talk, 6, NOW))
    return talk


def ask(browser: Browser, path: str, status: int = 200) -> Any:
    """What the API answers, which is JSON whatever happens."""
    answer = browser.get(path.removeprefix("https://lists.example.org") if ":" in path else API + path)
    assert answer.status == status
    return json.loads(answer.body)


def test_the_description_is_valid_openapi_and_names_every_route(store: Store, talk: List) -> None:
    described = ask(Browser(store), "/openapi.json")
    validate(described)
    assert described["openapi"] == "3.1.0"
    assert list(described["paths"]) == [route.path for route in ROUTES]
    assert {one["get"]["operationId"] for one in described["paths"].values()} == set(PATHS)


@pytest.mark.parametrize("name", PATHS)
def test_each_answer_is_as_it_is_described(store: Store, talk: List, name: str) -> None:
    browser = Browser(store)
    described = ask(browser, "/openapi.json")
    (operation,) = [one["get"] for one in described["paths"].values() if one["get"]["operationId"] == name]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    value = ask(browser, PATHS[name])
    jsonschema.validate(value, {**schema, "components": described["components"]})
    assert value.get("items", [value])
    problem = ask(browser, "/lists/nothing", 404)
    jsonschema.validate(problem, described["components"]["schemas"]["Problem"])


def test_what_it_says_of_a_post(store: Store, talk: List) -> None:
    post = ask(Browser(store), PATHS["post"])
    assert (post["id"], post["thread"], post["answers"], post["number"]) == (B, A, A, 2)
    assert (post["author"], post["sent_at"], post["text"]) == ("Kim Ott", "2026-03-02T00:00:00Z", "Yes, ask kim@….")
    assert "<blockquote>" in post["html"]
    assert post["url"] == f"https://lists.example.org/talk/p/{B}/"


@pytest.mark.parametrize(("name", "ids"), [("threads", 2), ("thread_posts", 3), ("posts", 4)])
def test_portions_follow_each_other_and_leave_nothing_out(store: Store, talk: List, name: str, ids: int) -> None:
    browser = Browser(store)
    whole = [item["id"] for item in ask(browser, PATHS[name])["items"]]
    assert len(set(whole)) == ids  # the hidden and the removed are not among them
    found, url = [], f"{PATHS[name]}?limit=1"
    while url:
        answer = ask(browser, url)
        assert len(answer["items"]) == 1
        found += [item["id"] for item in answer["items"]]
        url = answer["next"]
        assert ("link" in browser.page.headers) == bool(url)
    assert found == whole


def test_lists_come_in_portions_too(store: Store, talk: List) -> None:
    new_list(store, "radio", archive="public")
    browser = Browser(store)
    first = ask(browser, "/lists?limit=1")
    second = ask(browser, first["next"])
    assert [page["items"][0]["name"] for page in (first, second)] == ["radio", "talk"]
    assert second["next"] is None


def test_a_search_says_how_much_there_is(store: Store, talk: List) -> None:
    browser = Browser(store)
    found = ask(browser, "/search?q=drift&sort=best&list=talk")
    assert (found["posts"], found["threads"], found["more"], found["relaxed"], found["next"]) == (
        3,
        1,
        False,
        False,
        None,
    )
    assert found["items"][0]["matches"] == 3
    assert ask(browser, "/search?q=drift+unheardof")["relaxed"] is True
    assert ask(browser, "/search")["items"] == []
    ask(browser, "/search?q=drift&list=nothing", 404)


@pytest.mark.parametrize(
    "path",
    [
        *("/lists?limit=0", "/lists?limit=101", "/lists?limit=x", "/lists/talk/posts?cursor=x", "/search?q=a&cursor=x"),
        *("/lists/talk/threads?cursor=x", f"{PATHS['thread_posts']}?cursor=1", "/search?q=a&sort=up"),
    ],
)
def test_a_wrong_parameter_is_told(store: Store, talk: List, path: str) -> None:
    problem = ask(Browser(store), path, 400)
    assert problem["status"] == 400
    assert problem["detail"].endswith(".")


def test_W1_it_is_for_reading_alone(store: Store, talk: List) -> None:
    browser = Browser(store)
    assert browser.post(f"{API}/lists", {"name": "x"}).status == 405
    assert browser.page.headers["allow"] == "GET, HEAD"


def test_an_unchanged_answer_is_not_sent_again(store: Store, talk: List) -> None:
    browser = Browser(store)
    for path in PATHS.values():
        tag = browser.get(API + path).headers["etag"]
        again = browser.get(API + path, if_none_match=tag)
        assert (again.status, again.body) == (304, b"")
    file(store, talk, mail("h", "Re: Drift", names="a", day=6, body="Drift again."))
    assert browser.get(API + PATHS["thread"], if_none_match=tag).status == 200


@pytest.mark.parametrize("name", PATHS)
def test_W7_an_answer_costs_a_fixed_number_of_statements(
    store: Store, talk: List, statements: Statements, name: str
) -> None:
    statements.clear()
    ask(Browser(store), PATHS[name])
    assert len(statements) <= 3


def test_W8_no_answer_has_an_address_of_a_person(store: Store, talk: List) -> None:
    browser = Browser(store)
    for path in (*PATHS.values(), "/search?q=kim", "/search?q=max"):
        ask(browser, path)
        assert not re.search(r"(?:anna|kim|max|ben)(?:@|%40)example", browser.text)


def test_W9_a_list_for_members_is_there_for_members_alone(store: Store, talk: List) -> None:
    stranger, ben = Browser(store), member_browser(store, "ben@example.org")
    secret = identifier("club", "g@x")
    inner = ["", "/threads", "/posts", f"/threads/{secret}", f"/threads/{secret}/posts", f"/posts/{secret}"]
    for path in inner:
        found = ask(ben, f"/lists/club{path}")
        assert "secret" in str(found) or not path
        assert ben.page.headers["cache-control"] == "private, no-store"
        assert "etag" not in ben.page.headers
        assert "access-control-allow-origin" not in ben.page.headers
        hidden, absent = (stranger.get(f"{API}/lists/{name}{path}", if_none_match="*") for name in ("club", "nothing"))
        assert (hidden.status, hidden.body, hidden.headers) == (404, absent.body, absent.headers)
    assert [one["name"] for one in ask(stranger, "/lists")["items"]] == ["talk"]
    assert [one["name"] for one in ask(ben, "/lists")["items"]] == ["club", "talk"]
    assert "secret" not in str(ask(stranger, "/search?q=drift"))
    assert ask(stranger, "/search?q=cellar")["posts"] == 0
    ask(stranger, "/search?q=drift&list=club", 404)
    assert ask(ben, "/search?q=cellar&list=club")["posts"] == 1
    store.write_now(lambda conn: lists.change(conn, OPERATOR, talk, {"archive": "none"}, NOW))
    ask(stranger, PATHS["post"], 404)
