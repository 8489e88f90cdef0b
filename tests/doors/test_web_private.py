"""What strangers learn of a list for members: nothing; what nobody changes by looking (standards C6, W1, W8, W9)."""

import gzip
import re
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from listserver.actions import asking, lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.core.thread import identifier
from listserver.store import tables
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.actions.filing import file, mail, new_list
from tests.conftest import Statements
from tests.doors.browser import NOW, SITE, Browser, link_in, mails, member_browser

ABSENT = "vlub"  # as long as "club"
LEAD = re.compile(
    r'(?:href|action)="(/[^"#]*)"|<loc>https://lists\.example\.org(/[^<]*)</loc>|"url": ?"https://[^/"]+(/[^"]*)"'
)


@pytest.fixture
def club(store: Store) -> List:
    """A list for members, with Ben; and a public one, which somebody quotes it on."""
    club = new_list(store, "club", archive="members", advertised=False, title="Club")
    talk = new_list(store, "talk", archive="public")
    entries = [Entry(f"{name}@example.org", name.title()) for name in ("ben", "anna", "kim")]
    store.write_now(lambda conn: membership.add(conn, OPERATOR, club, entries, NOW))
    quote = "Anna Berg <anna@example.org> wrote:\n> The vault is open.\n\nYes, ask kim@example.org."
    more = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8"
    for lst, word in ((club, "Vault"), (talk, "Hello")):
        name = lst.name
        file(store, lst, mail(f"{name}-a", f"{word} one", body=f"The {word} is open.", more=more))
        answer = mail(f"{name}-b", f"Re: {word} one", names=f"{name}-a", day=1, body=quote, author="kim@example.org")
        file(store, lst, answer, mail(f"{name}-c", f"{word} two", day=40))
    return club


def crawl(browser: Browser, *starts: str, most: int = 400) -> dict[str, str]:
    """Path -> text of all that a browser finds by its links, beginning there."""
    seen: dict[str, str] = {}
    left = list(starts)
    while left and len(seen) < most:
        path = left.pop().replace("&amp;", "&")
        if path in seen:
            continue
        answer = browser.get(path)
        body = gzip.decompress(answer.body) if path.endswith(".gz") and answer.status == 200 else answer.body
        seen[path] = body.decode("utf-8", "replace") + answer.headers.get("location", "")
        if answer.content_type != "text/plain; charset=utf-8":
            left += [next(filter(None, found)) for found in LEAD.findall(seen[path])]
        if 300 <= answer.status < 400:
            left.append(answer.headers["location"])
    return seen


def machines(name: str) -> list[str]:
    """The addresses of what is no page."""
    thread, post = f"/{name}/t/{identifier('club', 'club-a@x')}", f"/{name}/p/{identifier('club', 'club-b@x')}"
    feeds = [f"/{name}{at}{form}" for at in ("/", "/unanswered/") for form in ("atom.xml", "feed.json")]
    return [
        *feeds, f"{thread}/atom.xml", f"{thread}/feed.json", f"{thread}/mbox.gz", thread, f"{post}raw", f"{post}html",
        f"/{name}/sitemap.xml", f"/{name}/2026/03/sitemap.xml", f"/{name}/opensearch.xml", f"/{name}/2026/03.mbox.gz",
        f"/{name}/m/club-a@x", f"/{name}/m/absent@x", f"/{name}/search?q=vault", f"/{name}/search", f"/{name}",
        f"/api/v1/lists/{name}", f"/api/v1/lists/{name}/threads", f"/api/v1/lists/{name}/posts",
        f"/api/v1/search?q=vault&list={name}", f"/{name}/search/atom.xml?q=vault",
    ]  # fmt: skip


def test_W9_each_address_of_a_private_list_is_answered_as_if_it_were_not_there(
    store: Store, club: List, statements: Statements
) -> None:
    ben, stranger = member_browser(store, "ben@example.org"), Browser(store)
    zoe = _elsewhere(store)
    mine = {path: text for path, text in crawl(ben, "/club/", *machines("club")).items() if "/club" in path}
    assert len([path for path, text in mine.items() if "Vault" in text]) > 12
    for path in mine:
        for reader in (stranger, zoe):
            told = []
            for name in ("club", ABSENT):
                statements.clear()
                answer = reader.get(path.replace("/club", f"/{name}").replace("list=club", f"list={name}"))
                body = answer.body.decode().replace(ABSENT, "club")
                where = {key: value.replace(ABSENT, "club") for key, value in answer.headers.items()}
                told.append((answer.status, body, where, list(statements)))
            assert told[0] == told[1], path  # the same words, the same headers, the same work
            assert told[0][0] in (303, 404), path
            assert "etag" not in told[0][2]
            assert "vault" not in re.sub(r'value="[^"]*"', "", told[0][1]).lower()


def _elsewhere(store: Store) -> Browser:
    """Somebody who has signed in, and is on another list."""
    talk = store.read_now(lambda conn: lists.find(conn, "talk"))
    assert talk is not None
    store.write_now(lambda conn: membership.add(conn, OPERATOR, talk, [Entry("zoe@example.org")], NOW))
    return member_browser(store, "zoe@example.org")


def test_W9_no_page_of_the_site_tells_a_stranger_of_a_private_list(store: Store, club: List) -> None:
    queries = ("/search?q=vault", "/search?q=open", "/api/v1/search?q=vault", "/api/v1/lists", "/m/club-a@x")
    shown = crawl(Browser(store), "/", "/robots.txt", *queries, "/m/talk-a@x", "/api/v1/search?q=hello")
    assert len(shown) > 20
    for path, text in shown.items():
        said = re.sub(r'value="[^"]*"|<title>.*?</title>|q=\w+', "", text)
        assert not re.search("vault (?:one|two)|club", said.lower()), path


def test_W9_what_members_read_is_kept_by_nobody(store: Store, club: List) -> None:
    ben = member_browser(store, "ben@example.org")
    for path in ("/club/", "/talk/", *machines("club")):
        answer = ben.get(path)
        assert (path, answer.headers["cache-control"]) == (path, "private, no-store")
        assert (path, answer.headers["x-robots-tag"]) == (path, "noindex")
        assert not {"etag", "last-modified", "access-control-allow-origin"} & set(answer.headers)


def test_W8_all_that_a_visitor_can_reach_holds_no_address_of_a_person(store: Store, club: List) -> None:
    wanted = [select(tables.addresses.c.address), select(tables.posts.c.author_address)]
    known = {
        found for one in wanted for found in store.read_now(lambda conn, one=one: conn.execute(one).scalars().all())
    }
    assert {"anna@example.org", "kim@example.org"} <= known
    ids = [identifier("talk", f"talk-{name}@x") for name in "abc"]
    more = [f"/talk/p/{one}/{form}" for one in ids for form in ("raw", "html")]
    api = [f"/api/v1/lists/talk/{one}" for one in ("threads", "posts", f"posts/{ids[1]}", f"threads/{ids[0]}/posts")]
    shown = crawl(Browser(store), "/", "/search?q=open", "/talk/search?q=kim", *more, *api, *machines("talk"))
    assert len(shown) > 40
    for path, text in shown.items():
        for address in known:
            for form in (address, address.replace("@", "%40"), address.replace("@", "&#64;")):
                assert form not in text.lower(), path


@pytest.mark.parametrize(("visible", "role", "whole"), [
    ("owners", "member", False), ("members", "member", True), ("nobody", "member", False), ("owners", "owner", True),
])  # fmt: skip
def test_W8_members_see_whole_addresses_where_the_list_allows_it(
    store: Store, club: List, visible: str, role: str, whole: bool
) -> None:
    def prepare(conn: Connection) -> None:
        lists.change(conn, OPERATOR, club, {"members_visible_to": visible}, NOW)
        membership.add(conn, OPERATOR, club, [Entry("olga@example.org")], NOW, role=role)

    store.write_now(prepare)
    olga = member_browser(store, "olga@example.org")
    post = f"/club/p/{identifier('club', 'club-b@x')}/"
    thread, api = f"/club/t/{identifier('club', 'club-a@x')}/vault-one", f"/api/v1/lists/club/posts/{post[8:-1]}"
    for path in (post, f"{post}raw", thread, api):
        text = olga.get(path).body.decode()
        assert ("kim@example.org" in text) == whole, path


def test_C6_asking_for_a_link_is_as_much_work_for_who_is_not_known(
    store: Store, club: List, statements: Statements
) -> None:
    def written(address: str) -> int:
        made = Browser(store)
        made.get("/sign-in")
        statements.clear()
        made.press(address=address)
        return len([one for one in statements if one.startswith("INSERT INTO tokens")])

    assert written("ben@example.org") == written("nobody@example.net") == 1
    assert mails(store, "nobody@example.net") == []
    kept = store.read_now(lambda conn: str(conn.execute(select(tables.tokens)).all()))
    assert "nobody" not in kept


def test_W1_looking_at_every_address_and_mailed_link_changes_nothing(store: Store, club: List) -> None:
    ben = member_browser(store, "ben@example.org")
    asking_ = Browser(store)
    asking_.get("/sign-in")
    asking_.press(address="kim@example.org")
    asking_.get("/talk/join/")
    asking_.press(address="new@example.net")
    store.write_now(lambda conn: asking.invite(conn, SITE, OPERATOR, club, "more@example.net", NOW))
    mailed = [link_in(mails(store, f"{who}")[-1]) for who in ("kim@example.org", "new@example.net", "more@example.net")]
    before = store.read_now(everything)
    for reader in (ben, asking_, Browser(store)):
        for _ in range(2):
            for path in crawl(replace(reader, cookies=dict(reader.cookies)), "/", "/me/", *mailed, *machines("club")):
                reader._send("HEAD", path, {}, {})
    assert store.read_now(everything) == before


def everything(conn: Connection) -> str:
    """The whole database, as text, save the index of words."""
    kept = [[column for column in table.c if column.name != "words"] for table in tables.metadata.sorted_tables]
    return "\n".join(str(conn.execute(select(*columns)).all()) for columns in kept)
