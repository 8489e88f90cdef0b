"""The link in List-Unsubscribe, as mail programs, people and link scanners use it (standards L3; RFC 8058)."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from listserver.actions import asking
from listserver.core.verp import member_token
from listserver.errors import Unavailable
from listserver.store import people
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.migrations import upgrade
from listserver.web import asgi, pages, unsubscribe
from listserver.web.guard import Guard
from listserver.web.http import Request
from tests.actions import mails
from tests.actions.conftest import SITE, Community

BEN = "ben@example.org"
ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass
class Page:
    community: Community
    list: List
    token: str

    def request(self, method: str, path: str = "", **given: Any) -> httpx.Response:
        """Over ASGI, so as a web server would hand it in."""
        app = asgi.app(unsubscribe.handler(self.community.store, SITE, lambda: self.community.now))

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url=SITE.base_url) as client:
                return await client.request(method, path or f"/talk/unsubscribe/{self.token}", **given)

        return asyncio.run(ask())

    def members(self) -> set[str]:
        there = {row["address_id"] for row in self.community.rows("members")}
        return {row["address"] for row in self.community.rows("addresses") if row["id"] in there}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    url = f"sqlite:///{tmp_path}/page.db"
    upgrade(url)
    with Store.open(url) as store:
        community = Community(store)
        lst = community.create("talk", title="<b>Talk</b>")
        community.join(lst, "kim@example.org", role="owner")
        community.join(lst, BEN, mode="daily")
        yield Page(community, lst, member_token(SITE.secret, "leave", community.rows("members")[-1]["id"]))


@pytest.mark.parametrize(
    "given",
    [
        {"content": ONE_CLICK, "headers": {"content-type": "application/x-www-form-urlencoded"}},  # Gmail
        {"content": ONE_CLICK, "headers": {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},  # multipart/form-data (RFC 8058 §3.1)
    ],
)
def test_L3_one_click_leaves_at_once(page: Page, given: dict[str, Any]) -> None:
    done = page.request("POST", **given)
    assert done.status_code == 200
    assert not {"location", "set-cookie"} & set(done.headers)
    assert page.members() == {"kim@example.org"}
    (told,) = page.community.notices("goodbye")
    assert told["address"] == BEN
    assert page.request("POST", **given).status_code == 200  # some send it twice
    assert len(page.community.notices("goodbye")) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", ""),
        ("List-Unsubscribe=one-click", "application/x-www-form-urlencoded"),
        ("List-Unsubscribe=One-Click&x=1", "application/x-www-form-urlencoded"),
        ("do=leave", "application/x-www-form-urlencoded"),
        ("do=leave&token=wrong", "application/x-www-form-urlencoded"),
        (ONE_CLICK, "text/plain"),
        (ONE_CLICK, "multipart/form-data"),
        ("--b\r\nbroken", "multipart/form-data; boundary=b"),
        ('{"List-Unsubscribe": "One-Click"}', "application/json"),
    ],
)
def test_L3_any_other_body_is_400_and_changes_nothing(page: Page, body: str, kind: str) -> None:
    done = page.request("POST", content=body, headers={"content-type": kind})
    assert done.status_code == 400
    assert page.members() == {"kim@example.org", BEN}


def test_W1_scanners_that_get_everything_change_nothing(page: Page) -> None:
    path = f"/talk/unsubscribe/{page.token}"
    for method in ("GET", "HEAD", "OPTIONS"):
        for query in ("", f"?{ONE_CLICK}", f"?do=leave&token={page.token}", "?undo=x"):
            assert page.request(method, path + query).status_code == (405 if method == "OPTIONS" else 200)
    assert page.members() == {"kim@example.org", BEN}
    assert page.community.notices() == []


def test_a_person_is_asked_leaves_and_can_undo(page: Page) -> None:
    asked = page.request("GET")
    assert "Leave &lt;b&gt;Talk&lt;/b&gt;?" in asked.text
    assert BEN in asked.text
    assert asked.text.count('method="post">') == 1
    assert (asked.headers["cache-control"], asked.headers["x-robots-tag"]) == ("private, no-store", "noindex")
    done = page.request("POST", data={"token": page.token, "do": "leave"})
    assert "You have left" in done.text
    assert page.members() == {"kim@example.org"}
    assert "You have left already" in page.request("GET").text
    assert "You have left already" in page.request("POST", data={"token": page.token, "do": "leave"}).text
    undo = done.text.partition('name="undo" value="')[2].partition('"')[0]
    back = page.request("POST", data={"token": page.token, "undo": undo})
    assert "Welcome back" in back.text
    assert page.members() == {"kim@example.org", BEN}
    assert page.community.rows("members")[-1]["mode"] == "daily"
    assert page.request("POST", data={"token": page.token, "undo": undo}).status_code == 410


def test_the_mail_takes_undo_too(page: Page) -> None:
    page.request("POST", content=ONE_CLICK, headers={"content-type": "application/x-www-form-urlencoded"})
    (told,) = page.community.notices("goodbye")
    page.community.arrive(mails.answer("Gmail", "undo", told, BEN), BEN, mails.to(told))
    assert page.members() == {"kim@example.org", BEN}


def test_an_undo_that_comes_too_late_does_nothing(page: Page) -> None:
    done = page.request("POST", data={"token": page.token, "do": "leave"})
    undo = done.text.partition('name="undo" value="')[2].partition('"')[0]
    page.community.later(days=8)
    assert page.request("POST", data={"token": page.token, "undo": undo}).status_code == 410
    assert page.request("POST", data={"token": page.token, "undo": "x"}).status_code == 410


def test_an_undo_that_the_rules_refuse_says_why(page: Page) -> None:
    token = page.community.write(
        lambda c: asking.keep(
            c, page.list, asking.UNDO, BEN, page.community.now,
            {"steps": [{"do": "join", "list": page.list.id, "address": BEN, "options": {"mode": "never"}}]}, days=7,
        )
    )  # fmt: skip
    done = page.request("POST", data={"token": page.token, "undo": token})
    assert (done.status_code, "never" in done.text) == (403, True)


def test_the_last_owner_cannot_leave(page: Page) -> None:
    kim = member_token(SITE.secret, "leave", page.community.rows("members")[0]["id"])
    path = f"/talk/unsubscribe/{kim}"
    for body in (ONE_CLICK, f"do=leave&token={kim}"):
        done = page.request("POST", path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert (done.status_code, "last owner" in done.text) == (403, True)


@pytest.mark.parametrize(
    "path",
    [
        "/talk/unsubscribe/feed",
        "/nolist/unsubscribe/{token}",
        "/talk/unsubscribe/",
        "/talk/",
        "/talk/unsubscribe/{token}0",
    ],
)
def test_wrong_links_are_not_found(page: Page, path: str) -> None:
    for method in ("GET", "POST"):
        assert page.request(method, path.format(token=page.token)).status_code == 404


def test_a_failing_database_is_503(page: Page) -> None:
    class Down:
        async def read(self, unit: Any, **_: Any) -> Any:
            raise Unavailable("x")

    answer = unsubscribe.handler(Down(), SITE, lambda: page.community.now)  # type: ignore[arg-type]
    assert asyncio.run(answer(unsubscribe.Request("GET", "/talk/unsubscribe/x"))).status == 503


def test_W3_a_page_reached_by_https_stays_so_and_runs_nothing(page: Page) -> None:
    async def ask(https: bool) -> httpx.Headers:
        handler = unsubscribe.handler(page.community.store, SITE, lambda: page.community.now)
        transport = httpx.ASGITransport(app=asgi.app(handler, https=https))
        async with httpx.AsyncClient(transport=transport, base_url=SITE.base_url) as client:
            return (await client.get(f"/talk/unsubscribe/{page.token}")).headers

    plain, safe = (asyncio.run(ask(https)) for https in (False, True))
    assert "strict-transport-security" not in plain
    assert safe["strict-transport-security"] == "max-age=31536000"
    assert safe["content-security-policy"].startswith("default-src 'none'")
    assert (safe["referrer-policy"], safe["x-content-type-options"]) == ("no-referrer", "nosniff")


def test_L3_the_link_works_where_the_archive_has_a_part_of_its_host(page: Page) -> None:
    site = replace(SITE, base_url="https://example.org/lists")
    handler = pages.handler(page.community.store, site, lambda: page.community.now, Guard())
    url = f"/lists/talk/unsubscribe/{page.token}"
    asked = asyncio.run(handler(Request("GET", url, headers={"host": "example.org"})))
    assert asked.status == 200
    assert re.search(rb'href="/lists/archive-\w+\.css"', asked.body)
    done = asyncio.run(handler(Request("POST", url, form={"List-Unsubscribe": "One-Click"})))
    assert done.status == 200
    assert page.members() == {"kim@example.org"}


def test_I4_the_page_speaks_the_language_of_who_is_to_leave(page: Page) -> None:
    german = {"accept-language": "de-AT, en;q=0.5"}
    asked = page.request("GET", headers=german)
    assert '<html lang="de">' in asked.text
    assert "&lt;b&gt;Talk&lt;/b&gt; verlassen?" in asked.text
    ben = page.community.rows("members")[-1]["person_id"]
    page.community.store.write_now(lambda conn: people.set_values(conn, ben, language="fr"))
    assert "Quitter la liste" in page.request("GET", headers=german).text
    done = page.request("POST", data={"token": page.token, "do": "leave"}, headers=german)
    assert f"{BEN} ne reçoit plus de courriel" in done.text
    assert "Sie sind kein Mitglied" in page.request("GET", headers=german).text
