"""Every release's database opens in this one: restored, upgraded, and all of it there (tests/upgrade/make.py)."""

import json
import lzma
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from listserver.actions import database
from listserver.core.actor import OPERATOR
from listserver.errors import Refused
from listserver.store import health, holds, schema
from listserver.store.engine import Store
from tests.upgrade.make import FOLDER, NOW, fill
from tests.upgrade.test_migrations import differences

RELEASES = sorted(path.stem for path in FOLDER.glob("*.json"))


def kept(release: str, url: str, folder: Path) -> Path:
    """The backup of that release for the engine of `url`."""
    if not url.startswith("sqlite"):
        return FOLDER / f"{release}.postgresql"
    plain = folder / "backup"
    plain.write_bytes(lzma.decompress((FOLDER / f"{release}.sqlite.xz").read_bytes()))
    return plain


def test_there_is_a_database_of_a_release() -> None:
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_a_database_of_each_release_opens_and_works(release: str, database_url: str, tmp_path: Path) -> None:
    expected = json.loads((FOLDER / f"{release}.json").read_text())
    assert database.restore(database_url, kept(release, database_url, tmp_path), OPERATOR, NOW) == expected["schema"]
    assert database.check(database_url) == []
    status = database.status(database_url)
    assert {key: getattr(status, key) for key in ("lists", "members", "posts")} == {
        key: expected[key] for key in ("lists", "members", "posts")
    }
    with Store.open(database_url) as store:
        assert differences(store) == []
        assert [hold.address for hold in store.read_now(holds.waiting)] == ["carla@example.net"]


def test_a_backup_from_before_an_upgrade_goes_over_the_upgraded_database(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with Store.open(database_url) as store:
        fill(store)
    database.backup(database_url, file, OPERATOR, NOW)
    with Store.open(database_url) as store:  # as a newer release may: a table that refers to an older one
        store.write_now(lambda conn: conn.execute(text("CREATE TABLE newer (post_id BIGINT REFERENCES posts (id))")))
        store.write_now(lambda conn: conn.execute(text("INSERT INTO newer SELECT id FROM posts")))
    assert database.restore(database_url, file, OPERATOR, NOW) == schema.HEAD
    with Store.open(database_url) as store:
        assert not store.read_now(lambda conn: inspect(conn).has_table("newer"))
        assert differences(store) == []
        assert [hold.address for hold in store.read_now(holds.waiting)] == ["carla@example.net"]


@pytest.mark.parametrize("kept_part", [0.1, 0.5, 0.9])
def test_a_backup_that_is_cut_short_changes_nothing(database_url: str, tmp_path: Path, kept_part: float) -> None:
    with Store.open(database_url) as store:
        fill(store)
    file = tmp_path / "backup"
    database.backup(database_url, file, OPERATOR, NOW)
    with Store.open(database_url) as store:
        before = store.read_now(health.status)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * kept_part)])
    with pytest.raises(Refused, match="backup is"):
        database.restore(database_url, file, OPERATOR, NOW)
    assert database.check(database_url) == []
    assert database.status(database_url).posts == before.posts == 2


def test_the_script_that_keeps_them_works(store: Store) -> None:
    fill(store)
    assert [hold.address for hold in store.read_now(holds.waiting)] == ["carla@example.net"]
