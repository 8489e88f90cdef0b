"""bounce: what came back, as operators see and forget it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from listserver.actions import bounces, lists
from listserver.core.bounce_fields import Failure
from listserver.core.bounce_kind import Kind
from listserver.core.site import Site
from listserver.store import members
from listserver.store.engine import Store
from tests.doors.cli import Cli, runner

BEN = "ben@example.org"
SITE = Site("lists.example.org", "Lists", "", "en", "", b"s" * 32)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", "lists.example.org", "--dir", tmp_path).code == 0
    assert run("list", "create", "talk").code == 0
    assert run("member", "add", "talk", BEN).code == 0
    return run


def came_back(folder: Path, days: int) -> None:
    now = datetime.now(UTC)
    with Store.open(f"sqlite:///{folder}/listserver.db") as store:
        lst = store.read_now(lambda conn: lists.find(conn, "talk"))
        (ben,) = store.read_now(lambda conn: members.of_list(conn, lst.id))
        failure = Failure(BEN, Kind.DEAD, "5.1.1", "550 5.1.1 no such user")
        for ago in range(days):
            charge = bounces.Charge(ben.id, lst.id, None, failure, "dsn", bounces.day_of(now) - ago)
            store.write_now(lambda conn, charge=charge: bounces.charge(conn, SITE, [charge], now))


def test_what_came_back_is_shown_and_forgotten(cli: Cli, tmp_path: Path) -> None:
    assert cli("bounce", "list", "talk", "--json").json == []
    assert cli("bounce", "list", "talk").err == "Nothing came back.\n"
    came_back(tmp_path, 2)
    (line,) = cli("bounce", "list", "talk", "--json").json
    assert set(line) == {"address", "kind", "score", "state", "last", "text"}
    assert (line["address"], line["kind"], line["score"], line["state"]) == (BEN, "dead", 2.0, "active")
    assert cli("bounce", "reset", "talk", BEN).out == f"talk: {BEN} starts anew.\n"
    came_back(tmp_path, 5)
    assert cli("bounce", "list", "talk", "--json").json[0]["state"] == "suspended"
    assert cli("bounce", "reset", "talk", BEN).out == f"talk: {BEN} starts anew, and gets copies again.\n"
    assert cli("member", "list", "talk", "--json").json[0]["state"] == "active"
    refused = cli("bounce", "reset", "talk", "nobody@example.net")
    assert (refused.code, "not a member" in refused.err) == (1, True)
