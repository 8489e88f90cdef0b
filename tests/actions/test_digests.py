"""Digests: when they go out, to whom, and that each post reaches each member once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from listserver.actions import archive, digests, lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.message import read
from listserver.errors import UsageError
from listserver.store import digests as rows
from listserver.store import lists as list_rows
from listserver.store.digests import Edition
from listserver.store.lists import List
from tests.actions.conftest import SITE, Community
from tests.actions.filing import mail
from tests.conftest import Statements

HOUR = timedelta(hours=1)


def talk(community: Community, **settings: str) -> List:
    community.now = datetime.fromisoformat("2026-11-25T05:00+00:00")  # a Wednesday
    lst = community.create(moderation="none", **settings)
    community.join(lst, "anna@example.org")
    return lst


def again(community: Community, lst: List) -> List:
    return community.store.read_now(lambda conn: list_rows.get(conn, lst.id))


def change(community: Community, lst: List, address: str, **options: str) -> None:
    def unit(conn: Any) -> None:
        membership.change(conn, OPERATOR, lst, membership.find(conn, lst, address), options, community.now)

    community.write(unit)


def send_due(community: Community) -> int:
    return community.write(lambda conn: digests.send_due(conn, community.now))


def send_all(community: Community, lst: List) -> list[Edition]:
    return community.write(lambda conn: digests.send(conn, OPERATOR, lst, community.now, everything=True))


def editions(community: Community) -> list[tuple[str, int, int]]:
    """Those with copies."""
    planned = {row["edition_id"] for row in community.rows("deliveries")}
    return [(row["mode"], row["after"], row["upto"]) for row in community.rows("editions") if row["id"] in planned]


def got(community: Community) -> dict[str, list[list[int]]]:
    """Address -> the numbers in each edition on its way to it."""
    found: dict[str, list[list[int]]] = {}

    def unit(conn: Any) -> None:
        for row in community.rows("deliveries"):
            if row["edition_id"] is not None:
                edition = rows.find(conn, row["edition_id"])
                assert edition is not None
                there = [item.number for item in rows.items(conn, edition, raws=False)]
                for reader in rows.readers(conn, edition, 0, 2**40):
                    numbers = [number for number in there if reader.issue.holds(number)]
                    found.setdefault(reader.address.partition("@")[0], []).append(numbers)

    community.store.read_now(unit)
    return found


def test_a_daily_digest_goes_out_at_its_hour_with_what_waited(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    community.post()
    assert send_due(community) == 0
    community.later(hours=1)
    assert send_due(community) == 1
    assert editions(community) == [("daily", 0, 1)]
    community.later(hours=1)
    community.post()
    assert send_due(community) == 0
    community.later(hours=23)
    assert send_due(community) == 1
    community.later(hours=24)
    assert send_due(community) == 0  # nothing new, nothing sent
    assert got(community) == {"dora": [[1], [2]]}


@pytest.mark.parametrize(
    ("mode", "goes_out"),
    [
        ("daily", "2026-11-25T06:00"),
        ("index", "2026-11-25T06:00"),
        ("digest", "2026-11-25T06:00"),
        ("weekly", "2026-11-30T06:00"),
        ("monthly", "2026-12-01T06:00"),
    ],
)
def test_each_period_ends_at_its_own_time(community: Community, mode: str, goes_out: str) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode=mode)
    community.post()
    at = datetime.fromisoformat(f"{goes_out}+00:00")
    community.now = at - timedelta(minutes=1)
    assert send_due(community) == 0
    community.now = at
    assert send_due(community) == 1


def test_a_digest_by_size_goes_out_when_so_many_wait(community: Community) -> None:
    lst = talk(community, digest_size="3")
    community.join(lst, "dora@example.org", mode="digest")
    community.join(lst, "emil@example.org", mode="daily")
    community.post()
    community.post()
    assert send_due(community) == 0
    community.post()
    assert send_due(community) == 1
    assert editions(community) == [("digest", 0, 3)]


def test_send_now_sends_every_open_edition_and_then_nothing(community: Community) -> None:
    lst = talk(community)
    for mode in ("daily", "weekly", "monthly", "index", "digest"):
        community.join(lst, f"{mode}@example.org", mode=mode)
    community.post()
    assert {one.stream for one in send_all(community, lst)} == {"daily", "weekly", "monthly", "index", "digest"}
    assert send_all(community, lst) == []


def test_a_post_comes_once_to_who_changes_the_mode(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    community.post()
    change(community, lst, "dora@example.org", mode="weekly")
    community.post()
    change(community, lst, "dora@example.org", mode="daily")
    community.post()
    send_all(community, lst)
    assert got(community) == {"dora": [[1, 3], [2]]}


def test_imported_posts_are_in_no_digest(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    old = archive.prepare(read(mail("a")), lst.id, "en", community.now)
    community.write(lambda conn: archive.file_all(conn, lst, [old], due=False))
    assert send_all(community, lst) == []
    community.post()
    assert len(send_all(community, lst)) == 1
    assert got(community) == {"dora": [[2]]}


def test_local_time_is_that_of_the_member_else_of_the_list(community: Community) -> None:
    lst = talk(community, digest_zone="Europe/Berlin")
    community.join(lst, "dora@example.org", "emil@example.org", mode="daily")
    change(community, lst, "emil@example.org", zone="America/New_York")
    community.now = datetime.fromisoformat("2026-11-25T04:00+00:00")
    community.post()
    community.now = datetime.fromisoformat("2026-11-25T05:00+00:00")
    send_due(community)
    assert got(community) == {"dora": [[1]]}
    community.now = datetime.fromisoformat("2026-11-25T11:00+00:00")
    send_due(community)
    assert got(community) == {"dora": [[1]], "emil": [[1]]}


def test_statements_do_not_grow_with_the_readers(community: Community, statements: Statements) -> None:
    lst = talk(community)
    counts = []
    for n in range(3):
        community.join(lst, *(f"m{n}.{i}@example.org" for i in range(1 + 50 * n)), mode="daily")
        community.post()
        statements.clear()
        send_all(community, lst)
        made = len(statements)
        edition = community.rows("editions")[-1]["id"]
        statements.clear()
        community.store.read_now(lambda conn, e=edition: rows.readers(conn, rows.find(conn, e), 0, 2**40))  # type: ignore
        counts.append((made, len(statements)))
    assert counts[1:] == counts[:-1]


def test_a_zone_that_this_machine_does_not_know_any_more_is_utc() -> None:
    assert digests.zone_of("Europe/Atlantis") is digests.UTC
    assert str(digests.zone_of("Europe/Berlin")) == "Europe/Berlin"


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("digest_zone", "Europe/Atlantis", "Europe/Berlin"),
        ("digest_zone", "../etc/passwd", "UTC"),
        ("digest_zone", "", "Asia/Kathmandu"),
        ("digest_at", "late", "07:30"),
        ("digest_at", "25:00", "23:59"),
        ("digest_at", "", "06:00"),
    ],
)
def test_a_zone_or_hour_that_cannot_be_is_refused_with_what_can(
    community: Community, name: str, wrong: str, right: str
) -> None:
    with pytest.raises(UsageError, match="write it like"):
        community.create("other", **{name: wrong})
    lst = community.create(**{name: right})
    with pytest.raises(UsageError, match="write it like"):
        community.write(lambda c: lists.change(c, OPERATOR, lst, {name: wrong}, community.now))
    assert getattr(community.write(lambda c: lists.change(c, OPERATOR, lst, {}, community.now)).settings, name) == right


def test_a_pause_ends_by_itself_and_what_came_meanwhile_is_not_due(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    change(community, lst, "dora@example.org", pause_until="2026-11-26")
    community.post()
    end = datetime.fromisoformat("2026-11-27T00:00+00:00")
    assert community.write(lambda conn: membership.end_pauses(conn, end - timedelta(minutes=1), 9)) == 0
    assert community.write(lambda conn: membership.end_pauses(conn, end, 9)) == 1
    assert send_all(community, lst) == []
    community.post()
    send_all(community, lst)
    assert got(community) == {"dora": [[2]]}


def at(community: Community, moment: str) -> int:
    """The digests that go out when it is that time, UTC."""
    community.now = datetime.fromisoformat(f"{moment}+00:00")
    return send_due(community)


@pytest.mark.parametrize("mode", ["digest", "daily", "weekly", "monthly", "index"])
def test_7_a_server_that_was_down_for_two_days_sends_one_digest_when_it_is_back(
    community: Community, mode: str
) -> None:
    lst = talk(community, digest_zone="Europe/Berlin")
    community.join(lst, "dora@example.org", mode=mode)
    at(community, "2026-11-29T12:00")
    community.post()
    assert [at(community, moment) for moment in ("2026-12-01T12:00", "2026-12-01T12:01", "2026-12-02T04:59")] == [
        1,
        0,
        0,
    ]
    assert got(community) == {"dora": [[1]]}


def test_7_an_hour_that_the_clocks_show_twice_sends_one_digest(community: Community) -> None:
    lst = talk(community, digest_zone="Europe/Berlin", digest_at="02:30")
    community.join(lst, "dora@example.org", mode="daily")
    at(community, "2026-10-24T12:00")
    community.post()
    assert at(community, "2026-10-25T00:30") == 1  # 02:30, summer time
    community.post()
    assert at(community, "2026-10-25T01:30") == 0  # 02:30 again, winter time
    assert at(community, "2026-10-26T01:30") == 1
    assert got(community) == {"dora": [[1], [2]]}


def test_7_an_hour_that_the_clocks_leave_out_sends_its_digest_all_the_same(community: Community) -> None:
    lst = talk(community, digest_zone="Europe/Berlin", digest_at="02:30")
    community.join(lst, "dora@example.org", mode="daily")
    at(community, "2027-03-27T12:00")
    community.post()
    assert at(community, "2027-03-28T00:59") == 0
    assert at(community, "2027-03-28T01:30") == 1  # there is no 02:30 that day: 03:30
    community.post()
    assert [at(community, "2027-03-29T00:29"), at(community, "2027-03-29T00:30")] == [0, 1]


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(hours=6), timedelta(days=3), timedelta(days=40)])
def test_7_a_clock_that_jumps_back_sends_no_digest_again(community: Community, back: timedelta) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    at(community, "2026-11-25T12:00")
    community.post()
    assert at(community, "2026-11-26T06:00") == 1
    community.now -= back
    assert send_due(community) == 0
    community.post()
    community.now += back
    assert send_due(community) == 0  # this period had its digest, before the clock jumped
    assert at(community, "2026-11-27T06:00") == 1
    assert got(community) == {"dora": [[1], [2]]}


def composed(community: Community, edition: Edition, form: str = "plain") -> str | None:
    issue = rows.Issue(edition.id, form, ((edition.after, edition.upto),))
    _, mail = community.store.read_now(lambda conn: digests.compose(conn, SITE, issue))
    return None if mail is None else read(mail).text


def test_what_is_more_than_a_mail_may_weigh_becomes_two_digests(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST_OCTETS", 2_500)  # else megabytes
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    for letters in (1_000, 1_000, 1_000, 9_000, 10):
        community.post(body="x " * (letters // 2))
    assert [(one.after, one.upto) for one in send_all(community, lst)] == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert got(community) == {"dora": [[1, 2], [3], [4], [5]]}


def test_posts_that_were_deleted_meanwhile_are_not_sent(community: Community) -> None:
    lst = talk(community)
    community.join(lst, "dora@example.org", mode="daily")
    community.post(body="Wrong list.")
    community.post(body="Right list.")
    (edition,) = send_all(community, lst)
    community.write(lambda conn: archive.delete(conn, OPERATOR, lst, 1, community.now))
    text = composed(community, edition)
    assert text is not None
    assert "Right list." in text and "Wrong list." not in text
    community.write(lambda conn: archive.delete(conn, OPERATOR, lst, 2, community.now))
    assert composed(community, edition) is None


@pytest.mark.parametrize("posting", ["members", "moderators"])
def test_questions_are_shown_again_only_where_members_may_answer(community: Community, posting: str) -> None:
    lst = talk(community, posting=posting)
    community.join(lst, "kim@example.org", role="moderator")
    community.join(lst, "dora@example.org", mode="daily")
    community.post("kim@example.org", Subject="Who has a ladder?")
    send_all(community, lst)
    community.later(days=3)
    community.post("kim@example.org", Subject="Glue")
    (edition,) = send_all(community, lst)
    text = composed(community, edition, "html")
    assert text is not None
    assert ("Who has a ladder?" in text) == (posting == "members")
