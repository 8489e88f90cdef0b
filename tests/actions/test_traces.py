"""D2, D3: a person gets all that is known of them, and can be erased."""

import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text

from listserver.actions import bans, database, membership, people, traces
from listserver.core import traces as core
from listserver.core.actor import OPERATOR, Proof
from listserver.core.mbox import split
from listserver.core.message import read
from listserver.core.packing import unpack
from listserver.core.query_text import read_query
from listserver.errors import Refused, UsageError
from listserver.store import lists as lists_
from listserver.store import people as people_
from listserver.store import posts, search, site, tables
from listserver.store.engine import Store
from listserver.store.lists import List
from tests.actions.conftest import SITE, Community
from tests.actions.robot import Robot

ZENO = "zenobia.q@rare.example"
SECOND = "zq@quastel.example"
TRACES = ("zenobia", "quastel", "rare.example", SECOND)  # none of which any other text here has
QUOTE = f"On Mon, 1 Mar 2026 at 12:00, Zenobia Quastel <{ZENO}> wrote:\r\n> Who has a ladder?\r\n\r\nI have one."
CALLED = "> Zenobia Quastel wrote:\r\n>> Who has a ladder?\r\n\r\nNot me."


@pytest.fixture
def postgres_url(postgres_own_url: str) -> str:
    """A database of its own: a restore makes all tables anew."""
    return postgres_own_url


@pytest.fixture
def robot(community: Community, database_url: str) -> Robot:
    """Where Zenobia has left a trace in every table that can hold one."""
    community.write(lambda conn: site.make_secret(conn, SITE.secret))
    talk, sales = community.create(archive="public"), community.create("sales")
    for lst in (talk, sales):
        community.join(lst, "olga@example.org", role="owner")
        community.join(lst, "ben@example.org", mode="daily")
        community.join(lst, ZENO)
        community.write(lambda c, one=lst: membership.change(c, OPERATOR, one, found(c, one), NAMED, community.now))
    robot = Robot(community)
    robot.url = database_url
    write = f"Zenobia Quastel <{ZENO}>"
    assert robot.post(write, Subject="Ladder", body=f"Who has a ladder?\r\n-- \r\nZenobia Quastel, {ZENO}").accepted
    assert robot.post("ben@example.org", body=QUOTE, References="<1@example.org>", Cc=write).accepted
    assert robot.post("olga@example.org", body=CALLED).accepted
    assert robot.post("ben@example.org", body="Hello.").accepted
    robot.send("status", ZENO, proved=True)
    robot.send(f"add address {SECOND}", ZENO)
    robot.send("pause", ZENO)
    robot.post("eve@example.net", "sales@lists.example.org", body=QUOTE)
    robot.post(f"Zenobia Quastel <{SECOND}>", "sales@lists.example.org", body="From elsewhere.")
    robot.write(lambda c: rest(c, talk, robot.now))
    return robot


NAMED = {"name": "Zenobia Quastel", "mode": "daily"}


def found(conn: Connection, lst: List) -> Any:
    return membership.find(conn, lst, ZENO)


def scopes(conn: Connection) -> list[search.Scope]:
    return [search.Scope(lst.id, "en") for lst in lists_.everything(conn)]


def rest(conn: Connection, lst: List, now: Any) -> None:
    """What comes about by failures, bans and rewritten authors."""
    bans.add(conn, OPERATOR, lst, ZENO, now)
    bans.add(conn, OPERATOR, None, "*@spam.example", now)
    member = found(conn, lst)
    for table, values in (
        (
            tables.bounces,
            {"member_id": member.id, "address": ZENO, "kind": "dead", "source": "dsn", "text": ZENO, "at": now},
        ),
        (tables.suspensions, {"member_id": member.id, "why": "dead"}),
        (tables.aliases, {"local": "zenobia.quastel.x7k2mq", "key": ZENO, "address": ZENO, "created_at": now}),
        (tables.addresses, {"person_id": member.person_id, "key": SECOND, "address": SECOND, "created_at": now}),
    ):
        conn.execute(insert(table).values(values))


def erase(robot: Robot, address: str = ZENO, **options: Any) -> traces.Erased:
    """Erase, to the end."""
    *_, last = traces.erase(robot.store, OPERATOR, address, robot.now, **options)
    return last


def everything(store: Store) -> Iterator[str]:
    """Every value of every row, unpacked, and every word of the index."""

    def unit(conn: Connection) -> list[str]:
        told = []
        for table in tables.metadata.tables.values():
            columns = ", ".join(
                f"CAST({c.name} AS TEXT)" if c.name == "words" and conn.dialect.name != "sqlite" else c.name
                for c in table.c
            )
            told += [
                _plain(value) for row in conn.execute(text(f"SELECT {columns} FROM {table.name}")) for value in row
            ]
        if conn.dialect.name == "sqlite":
            told += conn.execute(text("SELECT term FROM words_there")).scalars()
        return told

    if store.dialect == "sqlite":
        store.write_now(
            lambda c: c.execute(text("CREATE VIRTUAL TABLE IF NOT EXISTS words_there USING fts5vocab(full_text, row)"))
        )
    yield from store.read_now(unit)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return (unpack("zstd", value) if value.startswith(b"\x28\xb5\x2f\xfd") else value).decode("latin-1").lower()
    return json.dumps(value, ensure_ascii=False, default=str).lower()


def left(store: Store) -> set[str]:
    return {value for value in everything(store) if any(one in value for one in TRACES)}


def test_D3_no_row_and_no_index_knows_them_any_more(robot: Robot) -> None:
    assert left(robot.store)
    done = erase(robot)
    assert (done.own, done.naming) == (1, 2)
    assert left(robot.store) == set()
    talk, sales = (robot.store.read_now(lambda c, n=name: lists_.find(c, n)) for name in ("talk", "sales"))
    assert (talk.members, sales.members) == (2, 2)
    assert database.check(robot.url) == []


def test_D3_their_posts_stay_by_a_former_member_and_are_still_found(robot: Robot) -> None:
    erase(robot)
    first, answer, *_ = robot.rows("posts")
    assert (first["author_name"], first["author_address"], first["person_id"]) == (core.NAME, "", None)
    assert first["opening"] == "Who has a ladder?"
    assert (answer["author_name"], answer["author_address"]) == ("", "ben@example.org")
    assert (answer["thread_id"], answer["parent_id"]) == (first["id"], first["id"])
    for words, number in (("ladder", 1), ("former member", 1), ("one", 1)):
        results = robot.store.read_now(lambda c, w=words: search.search(c, scopes(c), read_query(w, date(2026, 3, 1))))
        assert sum(hit.matches for hit in results.hits) == number, words
    assert b"I have one" in robot.store.read_now(lambda c: posts.raw_of(c, answer["id"]))


def test_D3_or_their_posts_go(robot: Robot) -> None:
    done = erase(robot, delete_posts=True)
    assert (done.own, done.naming) == (1, 2)
    first, answer, *_ = robot.rows("posts")
    assert (first["state"], first["subject"], answer["state"]) == ("deleted", "", "shown")
    assert first["id"] not in [row["post_id"] for row in robot.rows("raw")]
    assert left(robot.store) == set()


def test_D3_a_sqlite_file_keeps_nothing_of_deleted_rows(robot: Robot) -> None:
    erase(robot)
    if robot.store.dialect != "sqlite":
        pytest.skip("PostgreSQL clears its files by itself, in its own time")
    robot.store.close()
    assert database.compact(robot.url)
    file = Path(robot.url.removeprefix("sqlite:///"))
    octets = file.read_bytes().lower()
    assert [one for one in TRACES if one.encode() in octets] == []
    assert not Path(f"{file}-wal").exists()


def test_D3_a_ban_stays_as_a_keyed_hash_holds_and_can_be_lifted(robot: Robot) -> None:
    erase(robot)
    assert sorted(row["pattern"][:5] for row in robot.rows("bans")) == ["*@spa", "hash:"]
    assert robot.post(ZENO).code == 550
    assert robot.post("anna@example.org").code != 550
    talk = robot.list()
    assert not robot.write(lambda c: bans.add(c, OPERATOR, talk, ZENO, robot.now))
    assert robot.write(lambda c: bans.remove(c, OPERATOR, talk, ZENO.upper(), robot.now))
    assert robot.post(ZENO).code != 550
    assert not robot.write(lambda c: bans.remove(c, OPERATOR, talk, ZENO, robot.now))


def test_D3_it_is_safe_to_repeat_and_known_to_have_been_done(robot: Robot) -> None:
    erase(robot)
    before = robot.rows("posts")
    done = erase(robot)
    assert (done.own, done.naming, done.rows) == (0, 0, ())
    assert robot.rows("posts") == before
    with pytest.raises(Refused, match="Nothing is known here of anybody with the address"):
        robot.store.read_now(lambda c: traces.known(c, OPERATOR, ZENO))
    with pytest.raises(Refused, match="Nothing is known"):
        erase(robot, "nobody@example.org")


def test_D3_the_last_owner_of_a_list_is_not_erased(robot: Robot) -> None:
    before = robot.rows("posts")
    with pytest.raises(Refused, match=r"olga@example\.org is the last owner of talk"):
        erase(robot, "olga@example.org")
    assert robot.rows("posts") == before


def test_D2_D3_only_the_operator_may(robot: Robot) -> None:
    olga = robot.store.read_now(lambda c: people.actor(c, "olga@example.org", Proof.TOKEN, "email"))
    with pytest.raises(Refused, match="Only the operator may"):
        robot.store.read_now(lambda c: traces.everything(c, olga, ZENO))
    with pytest.raises(Refused, match="Only the operator may"):
        next(traces.erase(robot.store, olga, ZENO, robot.now))


def test_D3_somebody_who_only_wrote_is_erased_too(robot: Robot) -> None:
    robot.post("Eve <eve@example.net>", "sales@lists.example.org", Subject="From outside")
    assert robot.store.read_now(lambda c: traces.known(c, OPERATOR, "eve@example.net"))["held"] == 2
    erase(robot, "eve@example.net")
    assert [row["address"] for row in robot.rows("holds")] == [SECOND] * len(robot.rows("holds"))
    assert not any("eve@example.net" in value for value in everything(robot.store))


def test_D3_a_restored_backup_does_not_bring_them_back(robot: Robot, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    database.backup(robot.url, backup, OPERATOR, robot.now)
    robot.later(hours=1)
    erase(robot)
    robot.later(hours=1)
    robot.store.close()
    database.restore(robot.url, backup, OPERATOR, robot.now)
    with Store.open(robot.url) as store:
        assert left(store) == set()
        assert store.read_now(lambda c: c.execute(select(tables.posts.c.id)).all())


def test_D3_who_has_come_back_stays_after_a_restore(robot: Robot, tmp_path: Path) -> None:
    erase(robot)
    robot.later(hours=1)
    robot.join(robot.list(), ZENO)
    backup = tmp_path / "backup"
    database.backup(robot.url, backup, OPERATOR, robot.now)
    robot.store.close()
    database.restore(robot.url, backup, OPERATOR, robot.now)
    with Store.open(robot.url) as store:
        assert store.read_now(lambda c: people_.find(c, ZENO))


def test_D2_a_person_gets_all_of_it(robot: Robot, tmp_path: Path) -> None:
    out = tmp_path / "zenobia.zip"
    traces.export(robot.store, OPERATOR, SECOND, out)
    assert out.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(out) as file:
        value = json.loads(file.read("person.json"))
        mails_ = list(split(file.read("posts.mbox").splitlines(keepends=True), unquote=True))
        assert file.read("held.mbox").count(b"From elsewhere.") == 1
    assert [read(one.raw).subject for one in mails_] == ["Ladder"]
    assert [row["address"] for row in value["addresses"]] == [ZENO, SECOND]
    assert [(row["list"], row["mode"]) for row in value["memberships"]] == [("talk", "daily"), ("sales", "daily")]
    assert value["people"][0]["name"] == "Zenobia Quastel"
    kinds = {kind for kind, rows in value.items() if rows}
    assert kinds >= {"posts", "held", "bans", "aliases", "notices", "bounces", "suspensions", "events", "tokens"}
    with pytest.raises(UsageError, match="is there already"):
        traces.export(robot.store, OPERATOR, SECOND, out)
    with pytest.raises(Refused, match="Nothing is known"):
        traces.export(robot.store, OPERATOR, "nobody@example.org", tmp_path / "nobody.zip")
