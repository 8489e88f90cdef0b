"""db, jobs, events: the database as operators handle it."""

import os
import stat
from pathlib import Path

import pytest

from tests.doors.cli import Cli, runner


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", "lists.example.org", "--dir", tmp_path).code == 0
    assert run("list", "create", "talk", "--owner", "olga@example.org").code == 0
    return run


def test_backup_restore_and_what_happened(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    assert cli("db", "backup", file).out.startswith(f"{file}: ")
    assert cli("list", "create", "later").code == 0
    refused = cli("db", "restore", file)
    assert (refused.code, "say --yes" in refused.err) == (1, True)
    assert cli("lists", "--json").json[0]["name"] == "later"
    assert cli("db", "restore", file, "--yes").code == 0
    assert [row["name"] for row in cli("lists", "--json").json] == ["talk"]
    names = [event["name"] for event in cli("events", "--json").json]
    assert names == ["list-created", "members-added", "database-restored"]
    assert "name=talk, preset=discussion\n" in cli("events").out
    assert cli("events", "--list", "talk", "--since", "2999-01-01", "--json").json == []
    assert cli("events", "--person", "olga@example.org", "--since", "12h").code == 0


def test_a_backup_never_takes_the_place_of_the_database(cli: Cli, tmp_path: Path) -> None:
    database = next(tmp_path.rglob("listserver.db"))
    before = database.stat().st_ino
    (tmp_path / "link").symlink_to(database)
    for target in (database, tmp_path / "link", database.with_name("listserver.db-wal")):
        refused = cli("db", "backup", target)
        assert (refused.code, "is the database itself" in refused.err) == (1, True)
    assert database.stat().st_ino == before
    assert stat.S_IMODE(database.stat().st_mode) == 0o600, "it holds everybody's mail"


def test_what_root_makes_belongs_to_the_user_of_the_folder(cli: Cli, tmp_path: Path) -> None:
    """As the how-tos are followed: commands by root, in a folder of the user that the service runs as."""
    user, group = (65534, 65534) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    place = tmp_path / "var"
    place.mkdir()
    os.chown(place, user, group)
    file = place / "listserver.toml"
    for words in (
        ("init", "--domain", "lists.example.org", "--dir", place),
        ("--config", file, "dkim", "create"),
        ("--config", file, "dkim", "rotate"),
        ("--config", file, "db", "backup", tmp_path / "copy"),
        ("--config", file, "db", "restore", "--yes", tmp_path / "copy"),
    ):
        assert cli(*words).code == 0, words
    made = [place / "listserver.db", place / "listserver.db.lock", *(place / "dkim").rglob("*"), place / "dkim"]
    assert len(made) == 9
    assert {(one.stat().st_uid, one.stat().st_gid) for one in made} == {(user, group)}
    assert {stat.S_IMODE(one.stat().st_mode) & 0o077 for one in made} == {0}


def test_a_lock_that_is_a_link_is_not_followed(cli: Cli, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("shadow")
    (tmp_path / "listserver.db.lock").symlink_to(precious)
    assert cli("db", "backup", tmp_path / "copy").code == 0
    assert cli("db", "restore", "--yes", tmp_path / "copy").code == 1
    assert precious.read_text() == "shadow"


def test_D2_D3_a_person_is_exported_and_erased(cli: Cli, tmp_path: Path) -> None:
    anna = "anna@example.org"
    assert cli("member", "add", "talk", f'"Anna Berg" <{anna}>').code == 0
    out = tmp_path / "anna.zip"
    assert cli("person", "export", anna, "--out", out).out == f"{out}: all that is known of {anna}.\n"
    assert cli("person", "export", anna, "--json").json["addresses"][0]["address"] == anna
    assert cli("person", "erase", anna, "--dry-run").out.startswith(
        f"Of {anna} there is: people 1, addresses 1, member"
    )
    asked = cli("person", "erase", anna)
    assert (asked.code, "say --yes" in asked.err) == (1, True)
    assert cli("person", "show", anna).code == 0
    done = cli("person", "erase", anna, "--yes").out
    assert done.startswith("Erased: people 1, addresses 1, memberships 1") and done.count("\n") == 1
    assert cli("person", "erase", anna, "--yes").code == 0
    for words in (("show",), ("export", "--out", tmp_path / "again.zip"), ("erase", "--dry-run", "--yes")):
        gone = cli("person", words[0], "nobody@example.org", *words[1:])
        assert (gone.code, gone.err.count("\n")) == (1, 1), gone.err
    assert b"anna" not in (tmp_path / "listserver.db").read_bytes().lower()
    assert [event["name"] for event in cli("events", "--json").json][-1] == "person-erased"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["events", "--since", "yesterday"], "is no time: write it like"),
        (["events", "--person", "nobody@example.org"], "Nobody here has the address"),
        (["events", "--list", "tea"], "There is no list"),
        (["jobs", "run", "tea"], "The jobs are"),
        (["jobs", "run", "tokens", "--at", "noon"], "--at 'noon' is no time"),
    ],
)
def test_refusals_say_what_would_be_right(cli: Cli, args: list[str], said: str) -> None:
    done = cli(*args)
    assert (done.code, said in done.err) == (1, True)


def test_a_database_that_cannot_be_had_says_why_and_what_to_do(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTSERVER_DATABASE__URL", f"sqlite:///{tmp_path}/nowhere/x.db")
    refused = cli("db", "upgrade")
    assert (refused.code, refused.err.startswith(f"listserver: The folder {tmp_path}/nowhere")) == (1, True)
    monkeypatch.setenv("LISTSERVER_DATABASE__URL", f"postgresql+psycopg:///x?host={tmp_path}")
    refused = cli("lists")
    assert (refused.code, "cannot be used now. " in refused.err, str(tmp_path) in refused.err) == (1, True, True)


def test_the_database_is_shown_checked_and_upgraded(cli: Cli) -> None:
    status = cli("db", "status", "--json").json
    assert (status["engine"], status["lists"], status["members"]) == ("sqlite", 1, 1)
    assert "engine: sqlite" in cli("db", "status").out
    assert cli("db", "check").out == "The database is sound.\n"
    assert cli("db", "check", "--json").json == []
    assert "already" in cli("db", "upgrade").out


def test_jobs_are_listed_and_run(cli: Cli) -> None:
    assert cli("jobs", "run", "tokens", "--at", "2026-03-01T06:00").out == "tokens: done.\n"
    last = {job["name"]: job["last"] for job in cli("jobs", "list", "--json").json}
    assert last["tokens"] == "2026-03-01T06:00:00+00:00"
    assert last["events"] is None
