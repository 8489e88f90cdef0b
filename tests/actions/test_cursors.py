"""Cursors in a file beside the database: what a process that was killed did is not done again, nor left out."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from listserver.actions import delivery
from listserver.actions.delivery import Wish
from listserver.store import cursors, deliveries, tables
from listserver.store.cursors import _CURSOR, PLACES, Cursor, Cursors, left
from listserver.store.deliveries import Range
from listserver.store.engine import Store
from tests.community import NOW
from tests.doors.test_worker import build, post, rows

WORK = Range(7, 1, 70, None, 1, 0, None, 1, 0, NOW)
DIGEST = replace(WORK, id=8, post_id=None, edition_id=80)


def test_what_is_put_is_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "l.db-cursors"
    assert left(path) == ("", [])
    file = Cursors(path, "host-1.0")
    assert left(path) == ("", [])  # it is made when it is needed
    for work, after in ((WORK, 3), (DIGEST, 4), (WORK, 5)):
        assert file.put(work, after)
    assert left(path) == ("host-1.0", [Cursor(7, 70, 5), Cursor(8, -80, 4)])
    file.close()  # as at an end in a hurry
    assert left(path) == ("host-1.0", [Cursor(7, 70, 5), Cursor(8, -80, 4)])
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_begins_anew_with_each_lease_and_goes_when_nothing_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db-cursors"
    for lease in ("a", "b"):
        file = Cursors(path, lease)
        assert file.put(DIGEST, 9)
        assert left(path) == (lease, [Cursor(8, -80, 9)])
    file.drop(DIGEST)
    file.drop(WORK)  # which never was in it
    assert left(path) == ("b", [])
    file.close()
    assert not path.exists()
    file.close()


def test_places_are_used_again_and_what_finds_none_is_not_saved(tmp_path: Path) -> None:
    file = Cursors(tmp_path / "l.db-cursors", "a")
    assert all(file.put(replace(WORK, id=number), 1) for number in range(1, PLACES + 1))
    assert not file.put(replace(WORK, id=PLACES + 1), 1)
    file.drop(WORK)
    assert file.put(replace(WORK, id=PLACES + 1), 1)
    assert len(left(tmp_path / "l.db-cursors")[1]) == PLACES


def test_where_the_file_cannot_be_written_nothing_is_saved(tmp_path: Path) -> None:
    file = Cursors(tmp_path, "a")  # a folder
    assert not file.put(WORK, 1)
    file.close()
    made = Cursors(tmp_path / "l.db-cursors", "a")
    assert made.put(WORK, 1) and made._file is not None
    os.close(made._file)  # the disk is gone, say
    assert not made.put(WORK, 2)
    made.drop(WORK)
    assert left(tmp_path / "l.db-cursors") == ("a", [Cursor(7, 70, 1)])


def test_after_a_start_of_the_machine_the_file_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows may have forgotten, with their last moments, that a member before the cursor was put off."""
    file, boot = Cursors(tmp_path / "l.db-cursors", "a"), tmp_path / "boot"
    assert file.put(WORK, 3)
    monkeypatch.setattr(cursors, "BOOT", boot)
    assert left(tmp_path / "l.db-cursors") == ("", [])  # it cannot be told
    other = Cursors(tmp_path / "other", "a")
    assert not other.put(WORK, 3)
    boot.write_text("9a1b\n")
    assert left(tmp_path / "l.db-cursors") == ("", [])
    assert other.put(WORK, 3)
    assert left(tmp_path / "other") == ("a", [Cursor(7, 70, 3)])


def test_a_cursor_never_lies_across_two_pages() -> None:
    assert 4096 % _CURSOR.size == 0 and 256 % _CURSOR.size == 0


def test_a_file_that_was_cut_short_says_what_it_can(tmp_path: Path) -> None:
    path = tmp_path / "l.db-cursors"
    file = Cursors(path, "a")
    assert file.put(WORK, 1) and file.put(DIGEST, 2)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        lease, there = left(path)
        assert lease in ("", "a") and there in ([], [Cursor(7, 70, 1)])


CHANGES: list[tuple[Callable[[Range], Range], int, str, int]] = [
    (lambda work: work, 2, "w", 2),
    (lambda work: work, 2, "x", 0),  # another lease has it
    (lambda work: replace(work, id=work.id + 1), 2, "w", 0),
    (lambda work: replace(work, post_id=work.id + 1), 2, "w", 0),  # a later row of the same id
    (lambda work: replace(work, post_id=None, edition_id=work.post_id), 2, "w", 0),
    (lambda work: work, 10, "w", 0),  # beyond its end
]


@pytest.mark.parametrize(("change", "after", "lease", "expected"), CHANGES)
def test_who_starts_moves_what_the_dead_lease_holds_and_nothing_else(
    store: Store, tmp_path: Path, change: Callable[[Range], Range], after: int, lease: str, expected: int
) -> None:
    talk = build(store, 12)
    post(store, talk)
    (work, *_) = store.write_now(lambda conn: deliveries.claim_ranges(conn, "w", NOW, delivery.LEASE, 1, 5, ()))
    file = Cursors(tmp_path / "cursors", lease)
    assert file.put(change(work), talk.members[after - 1])
    name, there = left(tmp_path / "cursors")
    store.write_now(lambda conn: deliveries.start_over(conn, name, there))
    moved = talk.members[expected - 1] if expected else 0
    (found,) = [row for row in rows(store, tables.deliveries, "id", "after", "lease") if row[0] == work.id]
    assert found == (work.id, moved, None)
    again = store.write_now(lambda conn: delivery.claim(conn, "y", Wish(1, 0), NOW)).ranges
    assert all(one.after != work.after or not expected for one in again)


def test_a_row_that_is_further_is_not_moved_back(store: Store, tmp_path: Path) -> None:
    talk = build(store, 5)
    post(store, talk)
    (work,) = store.write_now(lambda conn: delivery.claim(conn, "w", Wish(1, 0), NOW)).ranges
    file = Cursors(tmp_path / "cursors", "w")
    assert file.put(work, talk.members[1])
    store.write_now(lambda conn: deliveries.move(conn, "w", [(work.id, talk.members[3])]))
    name, there = left(tmp_path / "cursors")
    store.write_now(lambda conn: deliveries.start_over(conn, name, there))
    assert rows(store, tables.deliveries, "after") == [(talk.members[3],)]
