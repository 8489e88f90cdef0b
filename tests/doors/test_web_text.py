"""The text of posts on pages: lists, writing from right to left, signatures, pictures, and what rows say of threads."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from listserver.actions import archive as filed
from listserver.core.actor import OPERATOR
from listserver.core.blocks import Block, Kind, blocks
from listserver.core.site import Site
from listserver.core.thread import identifier
from listserver.delivery import copies
from listserver.delivery.transport import Features
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.web import archive, author
from listserver.web.body import body
from listserver.web.http import Request, fields
from listserver.web.posts import LEAST_PICTURE
from listserver.web.visit import VISITOR, Visit
from tests.actions.filing import file, mail, new_list

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 32)
NOW = datetime(2026, 3, 22, 12, tzinfo=UTC)
Get = Callable[[str], str]
UTF8 = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8"


@pytest.fixture
def talk(store: Store) -> List:
    return new_list(store, "talk", archive="public", title="Gauges and loggers")


@pytest.fixture
def get(store: Store) -> Get:
    def answer(url: str) -> str:
        path, _, query = url.partition("?")
        visit = Request("GET", path, fields(query))
        return store.read_now(lambda conn: archive.respond(Visit(conn, SITE, visit, VISITOR, NOW))).body.decode()

    return answer


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("3. one\n4) two", '<ol><li value="3">one</li><li value="4">two</li></ol>'),
        ("a) one\nb) two", '<ol type="a"><li value="1">one</li><li value="2">two</li></ol>'),
        ("(A) one", '<ol type="A"><li value="1">one</li></ol>'),
        (
            "1. one\n   - in it\n   - as well\n2. two",
            '<ol><li value="1">one<ul><li>in it</li><li>as well</li></ul></li><li value="2">two</li></ol>',
        ),
        ("* one\n  1. in it", '<ul><li>one<ol><li value="1">in it</li></ol></li></ul>'),
        ("- <b> & http://x.example/", '<ul><li>&lt;b&gt; &amp; <a href="http://x.example/"'),
    ],
)
def test_a_list_is_one_and_another_kind_within_it_is_a_list_in_it(text: str, html: str) -> None:
    assert html in body(blocks(text))


def test_a_list_that_an_older_version_filed_without_marks_is_shown() -> None:
    assert body([Block(Kind.LIST, "one\ntwo")]) == "<ul><li>one</li><li>two</li></ul>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("السلام عليكم، drift", '<p dir="auto">'),
        ("- שלום", '<li dir="auto">'),
        ("Anna\n-- \nد. ليلى", '<p class="sig" dir="auto">'),
        ("Plain, café, 日本語", "<p>"),
    ],
)
def test_text_that_runs_from_right_to_left_does(text: str, html: str) -> None:
    assert html in body(blocks(text))


def test_a_long_quote_from_right_to_left_is_folded_as_such() -> None:
    quoted = "".join(f"> סטר {n} של הציטוט הארוך\n" for n in range(9))
    shown = body(blocks(f"On Mon, 2 Mar 2026, דוד כהן <d@example.org> wrote:\n{quoted}\nNo."))
    assert re.search(r'<summary><bdi>דוד כהן</bdi> wrote <q dir="auto">', shown)


def test_control_characters_of_mails_do_not_come_to_pages(store: Store, talk: List, get: Get) -> None:
    file(store, talk, mail("a", "A\x10 bell", body="One\x07\x1b[31m two\tthree\x7f, caf\u00e9\u00a0\u0085!", more=UTF8))
    text = get(f"/talk/t/{identifier('talk', 'a@x')}/a-bell")
    assert "<p>One[31m two\tthree, café" in text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)


def test_a_signature_keeps_its_lines_without_a_stylesheet() -> None:
    assert '<p class="sig">Anna<br>Hydrometry</p>' in body(blocks("Hello.\n-- \nAnna\nHydrometry"))


def test_a_picture_is_shown_and_a_logo_is_only_listed(store: Store, talk: List, get: Get) -> None:
    parts = ["--q\nContent-Type: text/plain\n\nSee the gauge.\n"]
    for name, kind, size in [
        *(("gauge.png", "image/png", LEAST_PICTURE), ("logo.png", "image/png", 900)),
        *(("moves.gif", "image/gif", LEAST_PICTURE), ("plan.svg", "image/svg+xml", LEAST_PICTURE)),
    ]:
        octets = "A" * (size * 4 // 3 + 4)
        parts.append(f"--q\nContent-Type: {kind}; name={name}\nContent-Transfer-Encoding: base64\n\n{octets}\n")
    more = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q"
    file(store, talk, mail("a", "Pictures", body="".join(parts) + "--q--\n", more=more))
    text = get(f"/talk/p/{identifier('talk', 'a@x')}/")
    assert len(re.findall(r'<li><a href="[^"]+/files/\d/', text)) == 4
    assert re.findall(r'<img src="/talk/p/\w+/files/1/([^"]+)" alt="([^"]+)" loading="lazy">', text) == [
        ("gauge.png", "gauge.png")
    ]
    assert text.count("<img") == 1


def test_a_front_says_what_the_list_is_and_how_to_take_part(store: Store, talk: List, get: Get) -> None:
    assert "Search 0 threads" not in get("/talk/")
    assert "Nobody has written yet." in get("/")
    file(store, talk, mail("a", "Drift", author="ليلى <l@example.org>"), mail("b", "Re: Drift", names="a", day=1))
    text = get("/talk/")
    assert "<title>talk: Gauges and loggers · Lists</title>" in text
    assert 'content="Hello there. · 2 posts by 2 people on talk' in get(f"/talk/t/{identifier('talk', 'a@x')}/drift")
    main = text[text.index("<h1>") : text.index("<h2")]
    for link in ("mailto:talk@lists.example.org", "/talk/join/", "/talk/unanswered/", "/talk/months/"):
        assert f'href="{link}"' in main
    assert "<bdi>ليلى</bdi> · 1 reply, by Anna Berg" in text
    assert re.search(r'<time datetime="2026-03-0\dT\d\d:\d\dZ">', text)
    assert "waits until a moderator has read it" in text
    assert get("/talk/?before=2026-03-01").count('<a href="/talk/">Newest threads</a>') == 1
    assert '<a href="/talk/join/">Join the list</a>' in get(f"/talk/p/{identifier('talk', 'a@x')}/")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"non_members": "reject"}, "Only members can write; please join first."),
        ({"non_members": "discard"}, "Only members can write; please join first."),
        ({"posting": "anyone"}, "You need not be a member"),
        ({"non_members": "accept"}, "You need not be a member"),
    ],
)
def test_a_front_says_whether_one_must_join_to_write(
    store: Store, get: Get, settings: dict[str, str], said: str
) -> None:
    new_list(store, "other", archive="public", **settings)
    text = get("/other/")
    assert said in text
    assert ("Ask the list" in text) == ("join first" not in said)


def test_a_removed_post_leads_to_what_is_left_of_its_thread(store: Store, talk: List, get: Get) -> None:
    file(store, talk, mail("a", "Drift"), mail("b", "Re: Drift", names="a", day=1))
    store.write_now(lambda conn: filed.delete(conn, OPERATOR, talk, 2, NOW))
    gone = get(f"/talk/p/{identifier('talk', 'b@x')}/")
    assert f'<a href="/talk/t/{identifier("talk", "a@x")}/drift">Drift</a>' in gone
    assert "for members of a list" not in gone and "for members of a list" in get("/talk/nothing")
    store.write_now(lambda conn: filed.delete(conn, OPERATOR, talk, 1, NOW))
    assert "/talk/t/" not in get(f"/talk/p/{identifier('talk', 'b@x')}/")


def test_the_three_permalinks_of_a_post_agree(store: Store, talk: List) -> None:
    file(store, talk, mail("a", "Drift"), mail("b", "Re: Drift", names="a", day=1))

    def unit(conn: Connection) -> tuple[str, str]:
        mailing = copies.prepare(
            conn, SITE, 2, Features(pipelining=True, eightbit=True), copies.Stamp(int(NOW.timestamp()))
        )
        assert isinstance(mailing, copies.Mailing)
        page = archive.respond(Visit(conn, SITE, Request("GET", "/m/b@x"), VISITOR, NOW))
        return mailing.copy((1, "kim@example.org")).head.decode(), page.headers["location"]

    copy, by_message_id = store.read_now(unit)
    assert f"Archived-At: <https://lists.example.org{by_message_id}>" in copy
    page = store.read_now(lambda c: archive.respond(Visit(c, SITE, Request("GET", by_message_id), VISITOR, NOW)))
    assert (page.status, b"<span>No. 2</span>" in page.body) == (200, True)
    (canonical,) = re.findall(r'rel="canonical" href="([^"]+)"', page.body.decode())
    assert canonical == f"https://lists.example.org{by_message_id}"


def test_a_day_of_many_threads_is_read_page_by_page_to_its_end(store: Store, talk: List, get: Get) -> None:
    mails = [mail(f"m{number}", f"Thread {number:02}", day=number / 1_000) for number in range(50)]
    file(store, talk, *mails, mail("old", "The day before", day=-1))
    url, seen = "/talk/", list[str]()
    while url:
        text = get(url)
        seen += re.findall(r"<h3[^>]*><a[^>]*>((?:Thread|The)[^<]+)</a>", text.partition('id="t1"')[2])
        assert f'rel="canonical" href="https://lists.example.org{url}"' in text
        (url,) = [f"/talk/{rest}" for rest in re.findall(r'<a href="(\?before=[^"]+)">Older', text)] or [""]
    assert seen == [f"Thread {number:02}" for number in reversed(range(50))] + ["The day before"]


def test_the_page_of_who_wrote_more_than_it_shows_leads_to_the_rest(
    store: Store, talk: List, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(author, "MOST", 2)
    file(store, talk, *[mail(str(number), f"Thread {number}", day=number) for number in range(3)])
    text = get(f"/talk/people/anna-berg-{identifier('talk', '0@x')}/")
    (rest,) = re.findall(r'<a href="([^"]+)" rel="nofollow">All posts of this person</a>', text)
    assert all(f">Thread {number}</a>" in get(rest) for number in range(3))
