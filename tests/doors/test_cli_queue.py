"""queue: what is on its way out, as operators see and change it."""

from pathlib import Path

import pytest

from listserver.store.engine import Store
from tests import community
from tests.doors.cli import Cli, runner


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", "lists.example.org", "--dir", tmp_path).code == 0
    with Store.open(f"sqlite:///{tmp_path}/listserver.db") as store:
        store.write_now(lambda conn: community.post(conn, community.build(conn, 3)))
    return run


def test_the_queue_is_shown_retried_and_cancelled(cli: Cli) -> None:
    status = cli("queue", "status", "--json").json
    assert (status["pending"], status["retrying"], status["failed"]) == (3, 0, 0)
    assert status["oldest_seconds"] > 0
    shown = cli("queue", "status").out
    assert "pending: 3" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("d")]
    entry = line.split()[0]
    assert cli("queue", "show", entry, "--json").json["what"] == "post"
    assert "list: talk" in cli("queue", "show", entry).out
    assert cli("queue", "retry").out == "1 entry is due now.\n"
    assert cli("queue", "retry", entry).out == "1 entry is due now.\n"
    refused = cli("queue", "cancel", entry)
    assert (refused.code, "say --yes" in refused.err) == (1, True)
    assert cli("queue", "cancel", entry, "--yes").out == f"{entry} is out of the queue.\n"
    assert cli("queue", "status", "--json").json["pending"] == 0
    assert cli("queue", "retry").out == "0 entries are due now.\n"


@pytest.mark.parametrize(("entry", "said"), [("d99", "There is no d99"), ("99", "is no id of the queue")])
def test_an_entry_that_is_not_there(cli: Cli, entry: str, said: str) -> None:
    for args in (("show", entry), ("retry", entry), ("cancel", entry, "--yes")):
        done = cli("queue", *args)
        assert (done.code, said in done.err) == (1, True)
