"""The pages of the archive, called as functions: what they say, what they keep to themselves, what they cost."""

import base64
import gzip
import io
import json
import re
from binascii import a2b_qp
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from listserver.actions import archive as filed
from listserver.core import mbox
from listserver.core.actor import OPERATOR
from listserver.core.site import Site
from listserver.core.thread import identifier
from listserver.store import lists, old_links
from listserver.store.engine import Store
from listserver.store.tables import posts as table
from listserver.web import archive, sent
from listserver.web.http import Request, Response, fields
from listserver.web.visit import VISITOR, Visit
from tests.actions.filing import file, mail, new_list, prepared, unit
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


ENCODED = (
    b"From: =?utf-8?B?a2ltQGV4YW1wbGUub3Jn?= <kim@example.org>\nTo: anna@example.org\nSubject: Encoded\n"
    b"Message-ID: <e@x>\nDate: Sun, 01 Mar 2026 12:00:00 +0000\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="q"\n\n--q\nContent-Type: text/html\n'
    b"Content-Transfer-Encoding: quoted-printable\n\n<p>ask kim@exam=\nple.org<script>x()</script>"
    b'<img src=3D"https://evil.example/p.gif" onerror=3D"x()"></p>\n'
    b'--q\nContent-Type: text/csv; name="list.csv"\nContent-Transfer-Encoding: base64\n\n'
    + base64.b64encode(b"who\nanna@example.org\n")
    + b"\n--q--\n"
)


def opened(octets: bytes) -> str:
    """What one can read in octets, base64 included."""
    inner = [base64.b64decode(found + b"==") for found in re.findall(rb"^[A-Za-z0-9+/]{20,}", octets, re.MULTILINE)]
    return b" ".join([octets, a2b_qp(octets), *inner]).decode("utf-8", "replace")


def url_of(get: Get, name: str) -> str:
    return get(f"/talk/t/{post_id(name)}").headers["location"]


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        *(("site", 2), ("front", 4), ("thread", 4), ("post", 4), ("missing", 2), ("later", 2), ("month", 3)),
        *(
            ("author", 3),
            ("author-feed", 4),
            ("/talk/unanswered/", 3),
            ("/talk/months/", 3),
            ("/talk/atom.xml", 2),
            ("raw", 2),
        ),
    ],
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
        "month": "/talk/2026/03/",
        "author": f"/talk/people/anna-berg-{post_id('a')}/",
        "author-feed": f"/talk/people/anna-berg-{post_id('a')}/atom.xml",
        "raw": f"/talk/p/{post_id('b')}/raw",
    }
    statements.clear()
    answer = get(urls.get(kind, kind))
    assert answer.status == {"missing": 404, "later": 302}.get(kind, 200)
    assert len(statements) <= most


def test_an_authors_page_keeps_its_address_though_posts_came_in_one_instant(talk: Store, get: Get) -> None:
    """A database may hand out equal moments in any order; one that was changed last comes last in PostgreSQL."""
    first = table.c.identifier == post_id("a")
    talk.write_now(lambda conn: conn.execute(update(table).where(first).values(subject_key="moved")))
    assert get(f"/talk/people/anna-berg-{post_id('a')}/").status == 200


def test_a_thread_names_those_like_it_for_one_statement_more(talk: Store, get: Get, statements: Statements) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    file(talk, lst, *[mail(f"s{i}", f"Humidity sensors drift ({i})") for i in range(5)])
    url = url_of(get, "s4")
    statements.clear()
    text = get(url).body.decode().partition("Threads like this one")[2]
    assert len(statements) == 4
    assert re.findall(r"drift \(\d\)", text) == ["drift (3)", "drift (2)", "drift (1)"]


def unpacked(store: Store, response: Response) -> bytes:
    """The body of a response that is made portion by portion."""
    assert response.more is not None
    portions = []
    while portion := store.read_now(response.more):
        portions.append(portion)
    return gzip.decompress(b"".join(portions))


def test_the_mbox_of_a_list_is_made_portion_by_portion(
    talk: Store, get: Get, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.write_now(lambda c: filed.hide(c, OPERATOR, lists.get(c, 1), 3, NOW))
    answer = get("/talk/archive.mbox.gz")
    assert (answer.content_type, answer.headers["cache-control"]) == ("application/gzip", "max-age=3600")
    whole = unpacked(talk, answer)
    found = [entry.raw for entry in mbox.split(io.BytesIO(whole), unquote=True)]
    assert [re.search(rb"Message-ID: <(\w)@", raw)[1] for raw in found] == [b"a", b"b", b"d"]  # type: ignore[index]
    assert b"example.org>" not in whole
    monkeypatch.setattr(sent, "PORTION", 1)  # each post by itself
    statements.clear()
    assert unpacked(talk, get("/talk/archive.mbox.gz")) == whole
    assert len(statements) == 1 + 2 * 5
    empty = new_list(talk, "empty", archive="public")
    assert unpacked(talk, get(f"/{empty.name}/archive.mbox.gz")) == b""
    new_list(talk, "board", archive="members")
    assert get("/board/archive.mbox.gz").status == 404


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
    one, other = f"/talk/p/{post_id('b')}/", f"/talk/p/{post_id('e')}/"
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    file(talk, lst, ENCODED)
    threads = [url_of(get, "a"), url_of(get, "d"), url_of(get, "e")]
    feeds = [f"{one}/{form}" for one in ("/talk", f"/talk/t/{post_id('a')}") for form in ("atom.xml", "feed.json")]
    more = ["/talk/2026/03/", "/talk/unanswered/", "/talk/unanswered/atom.xml", f"/talk/people/{post_id('a')}/"]
    posts = [one, f"{one}raw", f"{one}html", other, f"{other}raw", f"{other}html", f"{other}files/1/list.csv"]
    for url in ("/", "/talk/", *threads, *feeds, *more, *posts, f"/talk/t/{post_id('e')}/mbox.gz"):
        body = get(url).body
        text = opened(gzip.decompress(body) if url.endswith("gz") else body)
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


def test_W4_html_as_it_was_sent_is_cleaned_and_caged(talk: Store, get: Get) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    file(talk, lst, ENCODED)
    answer = get(f"/talk/p/{post_id('e')}/html")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert not re.search(rb"script|onerror|evil", answer.body)


def test_W5_a_file_is_handed_out_safely(talk: Store, get: Get) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    file(talk, lst, ENCODED)
    assert "list.csv" in get(url_of(get, "e")).body.decode()
    answer = get(f"/talk/p/{post_id('e')}/files/1/list.csv")
    assert (answer.content_type, answer.headers["content-disposition"]) == ("text/csv; charset=utf-8", "attachment")
    for place in ("0", "2", "x", "²"):
        assert get(f"/talk/p/{post_id('e')}/files/{place}/list.csv").status == 404


def test_W8_a_key_is_left_out_wherever_it_is(talk: Store, get: Get) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    octets = base64.encodebytes(b"\x99\x01" + b"k" * 70 + b" Anna <anna.berg@example.org>" + b"\xb4" * 90)
    key = (
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 2\n\n"
        + octets
        + b"=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
    )
    parts = [
        b"Content-Type: text/plain\n\nMy key:\n\n" + key,
        b"Content-Type: application/pgp-keys; name=k.asc\n\n" + key,
    ]
    parts.append(
        b"Content-Type: application/pkcs7-signature; name=s.p7s\nContent-Transfer-Encoding: base64\n\n" + octets
    )
    body = b"".join(b"--q\n" + part + b"\n" for part in parts) + b"--q--\n"
    head = b"From: a@example.org\nSubject: My key\nMessage-ID: <key@x>\nDate: Sun, 01 Mar 2026 12:00:00 +0000\n"
    head += b"Autocrypt: keydata="
    field = (
        octets.replace(b"\n", b"\n ").rstrip() + b"\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q\n\n"
    )
    file(talk, lst, head + field + body)
    url = f"/talk/p/{post_id('key')}/"
    pages = [get(one) for one in (url, url_of(get, "key"), f"{url}raw", f"{url}html", f"{url}files/1/k.asc")]
    for page in [*pages, get("/talk/2026/03.mbox.gz"), get(f"/api/v1/lists/talk/threads/{post_id('key')}/posts")]:
        shown = gzip.decompress(page.body) if page.content_type == "application/gzip" else page.body
        assert page.status == 200
        assert b"left out here" in shown
        assert octets[:60] not in shown and octets[77:130] not in shown
    withheld = get(f"{url}files/2/s.p7s")
    assert (withheld.status, b"mail addresses" in withheld.body) == (403, True)


def test_a_post_is_found_by_its_message_id(talk: Store, get: Get) -> None:
    for url in ("/m/b@x", "/talk/m/b@x", "/m/<b@x>"):
        assert (get(url).status, get(url).headers["location"]) == (302, f"/talk/p/{post_id('b')}/")
    lst = new_list(talk, "other", archive="public")
    file(talk, lst, mail("b", "Elsewhere"))
    several = get("/m/b@x")
    assert (several.status, several.body.decode().count("<li><h3>")) == (300, 2)
    assert get("/m/none@x").status == 404


def test_an_author_has_one_page(talk: Store, get: Get) -> None:
    moved = get(f"/talk/people/anna-berg-{post_id('c')}/")
    url = f"/talk/people/anna-berg-{post_id('a')}/"
    assert (moved.status, moved.headers["location"]) == (301, url)
    assert "2 posts in this thread" in get(url).body.decode()


def test_months_and_open_questions(talk: Store, get: Get) -> None:
    assert "/talk/2026/03/" in get("/talk/months/").body.decode()
    assert get("/talk/2026/04/").status == get("/talk/2026/13/").status == 404
    text = get("/talk/unanswered/").body.decode()
    assert "Alone" in text
    assert "Drift" not in text


def test_a_month_leads_to_the_months_beside_it_in_which_somebody_wrote(talk: Store, get: Get) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    then = datetime(2025, 12, 20, tzinfo=UTC)
    talk.write_now(unit(lst, [prepared(lst, mail("z", "Before", day=-71), then)]))
    march, december = get("/talk/2026/03/").body.decode(), get("/talk/2025/12/").body.decode()
    assert re.findall(r'<a rel="(\w+)" href="([^"]+)">', march) == [("prev", "/talk/2025/12/")]
    assert re.findall(r'<a rel="(\w+)" href="([^"]+)">', december) == [("next", "/talk/2026/03/")]
    assert get("/talk/2026/02/").status == 404


def test_feeds_are_well_formed(talk: Store, get: Get) -> None:
    entries = ElementTree.fromstring(get("/talk/atom.xml").body).findall("{http://www.w3.org/2005/Atom}entry")
    assert [entry.findtext("{http://www.w3.org/2005/Atom}title") for entry in entries] == ["Alone", "Drift"]
    ids = [item["id"] for item in json.loads(get("/talk/feed.json").body)["items"]]
    assert ids == [f"https://lists.example.org/talk/t/{post_id(name)}/" for name in "da"]  # the subject may change
    feed = json.loads(get(f"/talk/t/{post_id('a')}/feed.json").body)
    assert [item["authors"][0]["name"] for item in feed["items"]] == ["Anna Berg", "Kim Ott", "Anna Berg"]
    mine = json.loads(get(f"/talk/people/anna-berg-{post_id('c')}/feed.json").body)
    assert [item["title"] for item in mine["items"]] == ["Re: Drift", "Drift"]
    assert mine["home_page_url"].endswith(f"/talk/people/anna-berg-{post_id('a')}/")
    for url in ("/talk/sitemap.xml", "/talk/2026/03/sitemap.xml", "/talk/opensearch.xml", "/opensearch.xml"):
        ElementTree.fromstring(get(url).body)
    assert b"Sitemap: https://lists.example.org/talk/sitemap.xml" in get("/robots.txt").body


@pytest.mark.parametrize(("language", "page", "written"), [("de", "de", ""), ("fr-CA", "fr", ""), ("es", "en", "es")])
def test_I4_readers_get_the_language_of_the_list(talk: Store, get: Get, language: str, page: str, written: str) -> None:
    lst = new_list(talk, "other", archive="public", language=language, title="Talk")
    file(talk, lst, mail("a", "Drift"), mail("b", "Re: Drift", names="a", day=1, author="Kim <kim@example.org>"))
    thread = get(f"/other/t/{post_id('a', 'other')}").headers["location"]
    for url in ("/other/", thread, f"/other/p/{post_id('b', 'other')}/", "/other/2026/03/", "/other/search?q=drift"):
        text = opened_text(get(url, accept_language="it"))
        assert f'<html lang="{page}">' in text, url
        assert {*re.findall(r' lang="(\w+)"', text)} == {page, written} - {""}, url
    said = {"de": "1. bis 2. März 2026", "fr": "du 1 au 2 mars 2026", "en": "1 to 2 March 2026"}
    assert said[page] in opened_text(get(thread))
    assert f'<html lang="{page}">' in get("/other/nothing").body.decode()
    front = opened_text(get("/"))
    assert '<html lang="en">' in front and f'<p class="say" lang="{language}">Talk' in front


def test_search_finds_marks_and_hides_addresses(talk: Store, get: Get) -> None:
    found = opened_text(get("/talk/search?q=drift+met&sort=best"))
    assert "<mark>drift</mark>" in found and f"/talk/p/{post_id('a')}/" in found and "in 1 thread" in found
    asked = opened_text(get("/talk/search?q=kim"))
    assert f"/talk/p/{post_id('b')}/" in asked and "kim@example" not in asked and "kim@…" in asked
    assert "Nothing found" in opened_text(get("/talk/search?q=unheard-of"))
    assert "answered:yes" in opened_text(get("/talk/search"))
    for hostile in ("%22", "((", "*", "%00", "a" * 5000, "-x", "from:", "since:9999", "NEAR(a+b)"):
        for page in ("1", "0", "-1", "99999", "x"):
            assert get(f"/talk/search?q={hostile}&page={page}&sort=best").status == 200


def opened_text(response: Response) -> str:
    assert response.status == 200
    return response.body.decode()


def test_old_links_lead_to_their_posts(talk: Store, get: Get) -> None:
    lst = talk.read_now(lambda c: lists.find(c, "talk"))
    assert lst is not None
    code = "A" * 32
    talk.write_now(lambda c: old_links.learn(c, lst.id, [("pipermail/7", 2), (code, 1), ("mhonarc/3", 3)]))
    for url, to in {
        "/pipermail/talk/2026-March/000007.html": f"/talk/p/{post_id('b')}/",
        f"/archives/list/talk@lists.example.org/message/{code}/": f"/talk/p/{post_id('a')}/",
        f"/archives/list/talk@lists.example.org/thread/{code}/": f"/talk/p/{post_id('a')}/",
        "/archive/talk/msg00003.html": f"/talk/p/{post_id('c')}/",
        "/pipermail/talk/2026-March/thread.html": "/talk/2026/03/",
        "/pipermail/talk/": "/talk/",
    }.items():
        assert (get(url).status, get(url).headers.get("location")) == (301, to), url
    for url in ("/pipermail/talk/2026-March/000008.html", "/pipermail/nobody/2026-March/000007.html"):
        assert get(url).status == 404
    board = new_list(talk, "board", archive="members")
    file(talk, board, mail("z", "Secret"))
    talk.write_now(lambda c: old_links.learn(c, board.id, [("pipermail/1", 5)]))
    assert get("/pipermail/board/2026-March/000001.html").status == 404
