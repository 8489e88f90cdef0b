"""What owners do on the pages of their list: its settings and its members."""

import re
from collections.abc import Callable

import pytest

from listserver.actions import lists, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.conftest import Statements
from tests.doors.browser import NOW, Browser, mails, member


def test_an_owner_changes_settings(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    anna = browser("anna@example.org")
    anna.get("/talk/settings/")
    anna.press(title="Talk about drift", reply_to="list", hold_days="7", moderation="all")
    assert "Saved" in anna.text
    found = store.read_now(lambda conn: lists.find(conn, "talk"))
    assert (found.settings.title, found.settings.reply_to, found.settings.hold_days) == ("Talk about drift", "list", 7)
    assert set(found.stored) == {"title", "moderation", "reply_to", "hold_days"}
    anna.press(title="Other", hold_days="soon")
    assert anna.page.status == 400
    assert "&#34;soon&#34; is not possible for hold_days. Write it like 10." in anna.text
    assert 'value="Other"' in anna.text  # what was typed is not lost
    assert store.read_now(lambda conn: lists.find(conn, "talk")).settings.title == "Talk about drift"


@pytest.mark.parametrize(
    ("language", "heading", "says", "means"),
    [
        ("en", "Joining and leaving", "Who may read the archive.", "members: members who have signed in"),
        ("de", "Beitreten und gehen", "Wer das Archiv lesen darf.", "members: Mitglieder, die sich angemeldet haben"),
        ("fr", "S’inscrire et partir", "Qui peut lire les archives.", "members: les membres connectés"),
    ],
)
def test_I4_settings_are_explained_in_the_language_of_who_reads(
    browser: Callable[[str], Browser], talk: List, language: str, heading: str, says: str, means: str
) -> None:
    anna = browser("anna@example.org")
    anna.get("/talk/settings/", accept_language=language)
    assert f"<legend>{heading}</legend>" in anna.text
    assert f'<small id="d-archive">{says}</small>' in anna.text
    assert f'<option value="members" selected>{means}</option>' in anna.text
    assert 'lang="en">' not in anna.text.replace('<html lang="en">', "")
    assert 'href="/talk/held/"' in anna.text and 'href="/talk/settings/" aria-current="page"' in anna.text


def test_an_owner_adds_invites_and_removes(browser: Callable[[str], Browser], store: Store, talk: List) -> None:
    anna = browser("anna@example.org")
    anna.get("/talk/members/")
    assert "Ben@example.org" in anna.text
    anna.press("add", address="new@example.net", name="New")
    assert member(store, talk, "new@example.net").name == "New"
    anna.get("/talk/members/")
    anna.press("invite", address="more@example.net")
    assert member(store, talk, "more@example.net") is None
    assert mails(store, "more@example.net")
    anna.get("/talk/members/")
    anna.press("remove", address="ben@example.org")
    assert member(store, talk, "ben@example.org") is None


def test_members_are_read_page_by_page(
    browser: Callable[[str], Browser], store: Store, talk: List, statements: Statements
) -> None:
    entries = [Entry(f"m{i:03}@example.org") for i in range(250)]
    store.write_now(lambda conn: membership.add(conn, OPERATOR, talk, entries, NOW))
    anna = browser("anna@example.org")
    statements.clear()
    anna.get("/talk/members/")
    assert len(statements) == 3  # who asks, the list, a page of members
    assert "253 members" in anna.text
    seen = shown = re.findall(r"<h3>([^<]+)</h3>", anna.text)
    while more := re.search(r'href="(\?after=[^"]+)">More', anna.text):
        anna.get("/talk/members/" + more[1].replace("&amp;", "&"))
        shown = re.findall(r"<h3>([^<]+)</h3>", anna.text)
        seen += shown
    assert len(seen) == len(set(seen)) == 253
    assert len(shown) == 53
    anna.get("/talk/members/?after=M24")
    assert re.findall(r"<h3>([^<]+)</h3>", anna.text)[:2] == ["m240@example.org", "m241@example.org"]
    anna.get("/talk/members/?after=zzz")
    assert "Nobody from there on" in anna.text
