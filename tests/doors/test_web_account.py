"""Signing in, and what one does then: as a browser does it, with its cookies (standards W1, W2, W9)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from listserver import inbound
from listserver.actions import asking, lists, signing_in
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Envelope
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.store import holds, members, reading, tables
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.actions.filing import file as filed
from tests.actions.filing import mail
from tests.conftest import Statements
from tests.doors.browser import NOW, SITE, Browser, link_in, mails, member


# --- signing in -------------------------------------------------------------------------------------------------------
def test_W2_a_mailed_link_signs_in_once_by_a_button_in_the_browser_that_asked(store: Store, talk: List) -> None:
    asking_, other = Browser(store), Browser(store)
    asking_.get("/sign-in")
    said = asking_.press(address="BEN@example.org").body
    link = link_in(mails(store, "BEN@example.org")[-1])
    for _ in range(3):  # scanners open links, with and without the cookie
        assert other.get(link).status == asking_.get(link).status == 200
    assert other.press().status == 403
    assert "__Host-session" not in other.cookies
    asking_.get(link)
    asking_.press()
    assert "Sign out" in asking_.text
    assert "talk" in asking_.text
    cookie = asking_.cookies["__Host-session"]
    assert len(cookie) >= 26
    kept = store.read_now(lambda conn: str(conn.execute(select(tables.sessions)).all()))
    assert cookie not in kept
    again = replace(asking_, cookies={k: v for k, v in asking_.cookies.items() if "browser" in k})
    again.get(link)
    assert again.press().status == 403  # it was used
    for unknown in ("nobody@example.net", "ben at example", "ben@@example.org"):
        asking_.get("/sign-in")
        answer = asking_.press(address=unknown).body
        assert mails(store, unknown) == []
        assert _heart(answer).replace(unknown, "BEN@example.org") == _heart(said)


def _heart(page: bytes) -> str:
    """What a page says, without what is around it."""
    return page.decode().split("<main", 1)[1].split("</p>")[0]


def test_W2_cookies_are_for_this_host_and_nobody_else(store: Store, talk: List) -> None:
    made = Browser(store)
    made.get("/sign-in")
    cookie = made.press(address="ben@example.org").headers["set-cookie"]
    assert cookie.startswith("__Host-browser=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_W2_a_link_is_good_for_fifteen_minutes(store: Store, talk: List) -> None:
    made = Browser(store)
    made.get("/sign-in")
    made.press(address="ben@example.org")
    made.get(link_in(mails(store, "ben@example.org")[-1]))
    made.now += timedelta(minutes=signing_in.MINUTES)
    assert made.press().status == 403


def test_C5_one_address_gets_few_links_an_hour(store: Store, talk: List) -> None:
    made = Browser(store)
    for _ in range(20):
        made.get("/sign-in")
        assert made.press(address="ben@example.org").status == 200
    assert len(mails(store, "ben@example.org")) <= 5


def test_signing_out_ends_the_session_everywhere(browser: Callable[[str], Browser]) -> None:
    made = browser("ben@example.org")
    copied = replace(made, cookies=dict(made.cookies))
    made.press(url="/sign-out")
    assert copied.get("/me/").status == 303
    assert copied.get("/talk/").status == 404


def test_a_session_ends_after_a_month(browser: Callable[[str], Browser]) -> None:
    made = browser("ben@example.org")
    made.now += timedelta(days=signing_in.DAYS)
    assert made.get("/me/").status == 303


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}])
def test_W1_a_form_of_another_site_does_nothing(
    browser: Callable[[str], Browser], store: Store, talk: List, headers: dict[str, str]
) -> None:
    made = browser("ben@example.org")
    token = re.findall(r'name="form" value="([0-9a-f]+)"', made.text)[-1]
    assert made.post("/talk/options/", {"do": "leave", "form": token}, **headers).status == 403
    assert member(store, talk, "ben@example.org") is not None


def test_W1_a_form_without_its_token_does_nothing(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    made, other = browser("ben@example.org"), browser("kim@example.org")
    foreign = re.findall(r'name="form" value="([0-9a-f]+)"', other.text)[-1]
    for form in ({}, {"form": ""}, {"form": foreign}):
        assert made.post("/talk/options/", {"do": "leave", **form}).status == 403
    assert member(store, talk, "ben@example.org") is not None


# --- what one may read ------------------------------------------------------------------------------------------------
def test_W9_a_list_for_members_is_there_for_members_alone(
    browser: Callable[[str], Browser], store: Store, talk: List
) -> None:
    filed(store, talk, mail("a", "Secret subject", body="Nobody else knows."))
    stranger, ben = Browser(store), browser("ben@example.org")
    absent = stranger.get("/nothing/").body
    thread = ben.get("/talk/").body.decode()
    assert "Secret subject" in thread
    assert ben.page.headers["cache-control"] == "private, no-store"
    assert "etag" not in ben.page.headers
    paths = set(re.findall(r'href="(/talk/[^"?#]*)', thread))
    assert len(paths) > 4
    for path in [*paths, "/talk/atom.xml", "/talk/sitemap.xml", "/talk/search", "/talk/archive.mbox.gz"]:
        if path in ("/talk/join/", "/talk/options/"):  # told apart below
            continue
        answer = stranger.get(path, if_none_match='W/"x"')
        assert (path, answer.status) == (path, 404)
        assert b"Secret" not in answer.body
        assert len(answer.headers.get("etag", "")) == 0
    assert stranger.get("/talk/").body.replace(b"talk", b"nothing") == absent
    assert b"board" not in ben.get("/me/").body
    for page in ("options", "held", "settings", "members"):
        assert stranger.get(f"/board/{page}/").headers == stranger.get(f"/nothing/{page}/").headers
        assert ben.get(f"/board/{page}/").status == ben.get(f"/nothing/{page}/").status == 404
    assert stranger.get("/board/join/").status == ben.get("/board/join/").status == 404


def test_who_has_signed_in_costs_one_statement_more(
    browser: Callable[[str], Browser], store: Store, talk: List, statements: Statements
) -> None:
    store.write_now(lambda conn: lists.change(conn, OPERATOR, talk, {"archive": "public"}, NOW))
    filed(store, talk, mail("a", "Drift"))
    ben, stranger = browser("ben@example.org"), Browser(store)
    for path in ("/", "/talk/", "/talk/months/", "/talk/unanswered/", "/talk/2026/03/"):
        statements.clear()
        stranger.get(path)
        without = len(statements)
        statements.clear()
        ben.get(path)
        assert (path, len(statements)) == (path, without + 1)


# --- options ----------------------------------------------------------------------------------------------------------
def test_members_change_their_options(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    made = browser("ben@example.org")
    made.get("/talk/options/")
    form = {"mode": "weekly", "digest_form": "plain", "concealed": "on", "language": "de", "zone": "Europe/Berlin"}
    made.press("save", name="Ben Ott", pause_until="2026-05-01", topics='-announce +"spatial models"', **form)
    assert member(store, talk, "ben@example.org").topics == "-announce,+spatial models"
    assert 'value="-announce +&#34;spatial models&#34;"' in made.text
    assert '<html lang="de">' in made.text and "Gespeichert" in made.text
    now = member(store, talk, "ben@example.org")
    assert (now.mode, now.digest_form, now.concealed, now.own_copies) == ("weekly", "plain", True, False)
    assert (now.language, now.zone, now.name, now.state) == ("de", "Europe/Berlin", "Ben Ott", "paused")
    assert "Nichts wurde geändert" not in made.text
    made.press("save", mode="weekly", zone="Mars/Olympus", pause_until="2026-05-01")
    assert made.page.status == 400
    assert "Nichts wurde geändert" in made.text and "»Mars/Olympus« geht für zone nicht." in made.text
    assert "Europe/Berlin" in made.text
    assert member(store, talk, "ben@example.org").zone == "Europe/Berlin"
    made.get("/talk/options/")
    made.press("save", mode="weekly", digest_form="plain", own_copies="on", zone="Europe/Berlin")
    now = member(store, talk, "ben@example.org")
    assert (now.state, now.topics) == ("active", "")


def test_a_suspended_member_has_their_mail_sent_again(
    browser: Callable[[str], Browser], store: Store, talk: List
) -> None:
    ben = member(store, talk, "ben@example.org")
    store.write_now(lambda conn: members.set_receives(conn, ben, "nothing"))
    store.write_now(lambda conn: members.set_values(conn, ben, state="suspended"))
    made = browser("ben@example.org")
    made.get("/talk/options/")
    made.press("resume")
    now = member(store, talk, "ben@example.org")
    assert (now.state, now.receives) == ("active", "each")


def test_leaving_is_told_by_mail_and_the_last_owner_stays(
    browser: Callable[[str], Browser], store: Store, talk: List
) -> None:
    ben, anna = browser("ben@example.org"), browser("anna@example.org")
    ben.get("/talk/options/")
    assert "You have left Talk" in ben.press("leave").body.decode()
    assert member(store, talk, "ben@example.org") is None
    assert "talk" in mails(store, "Ben@example.org")[-1]
    assert ben.get("/talk/options/").status == 404
    anna.get("/talk/options/")
    assert anna.press("leave").status == 400
    assert "last owner" in anna.text


# --- joining ----------------------------------------------------------------------------------------------------------
def test_C1_the_join_form_asks_by_mail_and_the_page_behind_its_link_joins(store: Store, talk: List) -> None:
    made = Browser(store)
    made.get("/talk/join/")
    for _ in range(20):
        made.post(
            "/talk/join/", {"form": re.findall(r'"form" value="(\w+)"', made.text)[0], "address": "new@example.net"}
        )
        made.get("/talk/join/")
    (asked,) = mails(store, "new@example.net")
    link = link_in(asked)
    made.get(link)
    assert "subscribe talk" in made.text
    assert member(store, talk, "new@example.net") is None
    made.press("yes")
    assert member(store, talk, "new@example.net") is not None
    assert made.get(link).status == 404


def test_who_says_no_is_not_joined(store: Store, talk: List) -> None:
    made = Browser(store)
    made.get("/talk/join/")
    made.press(address="new@example.net")
    made.get(link_in(mails(store, "new@example.net")[-1]))
    made.press("no")
    assert made.page.status == 200
    assert member(store, talk, "new@example.net") is None


def test_an_address_that_cannot_be_is_told_at_once(store: Store, talk: List) -> None:
    made = Browser(store)
    made.get("/talk/join/")
    assert made.press(address="new@@example").status == 400
    assert "new@@example" in made.text


def test_who_has_signed_in_joins_with_a_button(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    made = browser("zoe@example.org")
    assert b"Talk" in made.get("/me/").body
    made.get("/talk/join/")
    made.press()
    assert made.path == "/talk/options/"
    assert member(store, talk, "zoe@example.org").state == "active"
    assert b"You are on this list" in made.get("/talk/join/").body


def test_a_moderator_decides_where_the_list_asks_for_it(
    browser: Callable[[str], Browser], store: Store, talk: List
) -> None:
    store.write_now(lambda conn: lists.change(conn, OPERATOR, talk, {"joining": "approve"}, NOW))
    made, kim = browser("zoe@example.org"), browser("kim@example.org")
    made.get("/talk/join/")
    assert b"waits" in made.press().body
    kim.get("/talk/held/")
    assert "Wants to join" in kim.text
    (waiting,) = store.read_now(holds.waiting)
    kim.get(f"/talk/held/{waiting.id}")
    kim.press("approve")
    assert member(store, talk, "zoe@example.org") is not None


def test_nobody_joins_a_closed_list_by_themselves(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    store.write_now(lambda conn: lists.change(conn, OPERATOR, talk, {"joining": "invite"}, NOW))
    visitor, zoe = Browser(store), browser("zoe@example.org")
    assert b"invitation" in visitor.get("/talk/join/").body
    for made in (visitor, zoe):
        made.get("/me/" if made is zoe else "/sign-in")
        made.press(url="/talk/join/", address="zoe@example.org")
        assert b"invitation" in made.page.body
    assert member(store, talk, "zoe@example.org") is None


def test_an_invitation_is_answered_on_its_page(store: Store, talk: List) -> None:
    store.write_now(lambda conn: asking.invite(conn, SITE, OPERATOR, talk, "new@example.net", NOW))
    made = Browser(store)
    made.get(link_in(mails(store, "new@example.net")[-1]))
    assert "invited" in made.text
    made.press("yes")
    assert member(store, talk, "new@example.net") is not None


# --- moderating -------------------------------------------------------------------------------------------------------
def hold(store: Store, subject: str = "Drift") -> int:
    """A post of Ben's that waits; its number."""
    raw = mail(f"h{len(subject)}", subject, body="Has anybody met drift?", author="Ben <ben@example.org>")
    raw = raw.replace(b"Subject:", b"To: talk@lists.example.org\nSubject:", 1)
    arrived = inbound.prepare(Envelope("ben@example.org", "talk@lists.example.org", "smtp"), raw)
    reply = store.write_now(lambda conn: inbound.receive(conn, inbound.Receiver(SITE), arrived, NOW))
    assert reply.accepted
    return store.read_now(holds.waiting)[-1].id


@pytest.mark.parametrize(
    ("do", "form", "decision"),
    [
        ("approve", {}, "approved"),
        ("always", {}, "approved"),
        ("edit", {"text": "Changed."}, "approved"),
        ("reject", {"reason": "Off topic."}, "rejected"),
        ("discard", {}, "discarded"),
        ("ban", {}, "discarded"),
    ],
)
def test_a_moderator_decides_on_the_page(
    browser: Callable[[str], Browser], store: Store, talk: List, do: str, form: dict[str, str], decision: str
) -> None:
    number = hold(store)
    kim = browser("kim@example.org")
    assert "1 post waits" in kim.text
    kim.get("/talk/held/")
    assert "Drift" in kim.text
    kim.get(f"/talk/held/{number}")
    assert "Has anybody met drift?" in kim.text
    kim.press(do, **form)
    assert kim.page.status == 200
    found = store.read_now(lambda conn: holds.find(conn, number))
    assert found is not None
    assert (found.decision, found.decided_by) == (decision, "Kim")
    kim.get(f"/talk/held/{number}")
    assert "decided already" in kim.text
    if do == "reject":
        assert "Off topic." in mails(store, "ben@example.org")[-1]
    if do == "edit":
        (post,) = store.read_now(
            lambda conn: list(reading.raw_of_month(conn, talk.id, NOW - timedelta(30), NOW + timedelta(1), 9))
        )
        assert "Changed." in read(unpack(post.enc, post.bytes)).text


def test_the_link_in_a_moderators_mail_opens_what_waits_and_changes_nothing_by_itself(store: Store, talk: List) -> None:
    number = hold(store)
    made = Browser(store)
    link = link_in(mails(store, "Kim@example.org")[-1])
    for _ in range(3):
        assert "Has anybody met drift?" in made.get(link).body.decode()
    assert len(store.read_now(holds.waiting)) == 1
    made.press("approve")
    found = store.read_now(lambda conn: holds.find(conn, number))
    assert found is not None
    assert (found.decision, found.decided_by) == ("approved", "Kim")
    second = Browser(store)
    second.get(link)
    assert "decided already" in second.text
    made.now += timedelta(days=60)
    assert made.get(link).status == 410
    assert made.get("/talk/held/aaaaaaaaaaaaaaaaaaaaaaaaaa").status == 404


def test_only_moderators_decide(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    number = hold(store)
    ben = browser("ben@example.org")
    assert ben.get(f"/talk/held/{number}").status == ben.get("/talk/held/").status == 404
    assert ben.get("/talk/settings/").status == ben.get("/talk/members/").status == 404
    ben.get("/me/")
    assert ben.press("approve", url=f"/talk/held/{number}").status == 404
    kim = browser("kim@example.org")
    assert kim.get("/talk/held/999999").status == 404
    kim.get(f"/talk/held/{number}")
    kim.press("nonsense")
    kim.press("edit", text="")
    assert kim.page.status == 403
    assert len(store.read_now(holds.waiting)) == 1


def test_the_second_moderator_is_told_who_decided(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    number = hold(store)
    kim, anna = browser("kim@example.org"), browser("anna@example.org")
    kim.get(f"/talk/held/{number}")
    anna.get(f"/talk/held/{number}")
    kim.press("approve")
    assert anna.press("discard").status == 409
    assert "It was approved by Kim" in anna.text


# --- all of it --------------------------------------------------------------------------------------------------------
def test_W1_a_scanner_that_opens_every_link_changes_nothing(
    browser: Callable[[str], Browser], store: Store, talk: List
) -> None:
    hold(store)
    anna = browser("anna@example.org")
    before = store.read_now(everything)
    seen, left = set(), ["/me/", "/", "/talk/"]
    while left:
        path = left.pop()
        if path in seen or len(seen) > 200:
            continue
        seen.add(path)
        anna.get(path)
        left += re.findall(r'(?:href|action)="(/[^"#]*)', anna.text)
    assert {"/talk/settings/", "/talk/held/", "/talk/options/", "/sign-out"} <= seen
    assert store.read_now(everything) == before


def everything(conn: Connection) -> str:
    """The whole database, as text."""
    return "\n".join(str(conn.execute(select(table)).all()) for table in tables.metadata.sorted_tables)
