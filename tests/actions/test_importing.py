"""Importing and exporting archives."""

import base64
import gzip
import hashlib
import lzma
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from listserver.actions import exporting, importing
from listserver.actions.importing import Imported, OldLinks
from listserver.core import imported
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.core.message import Post
from listserver.core.old_links import Numbering
from listserver.core.thread import identifier
from listserver.errors import Refused, UsageError
from listserver.store import lists, old_links, posts
from listserver.store.engine import Store
from listserver.store.lists import List
from listserver.store.tables import events
from listserver.store.tables import posts as posts_table
from tests.actions.filing import NOW, mail, new_list

SEPARATOR = b"From a@x Sun Mar  1 10:00:00 2026\n"
THREE = [mail("a"), mail("b", "Re: x", names="a", body="text\n\nFrom here"), mail("c", "y", day=2)]
MBOX = b"".join(SEPARATOR + raw.replace(b"\nFrom h", b"\n>From h") + b"\n" for raw in THREE)


@pytest.fixture
def talk(store: Store) -> List:
    return new_list(store, "talk")


def run(store: Store, lst: List, *paths: Path, workers: int = 0) -> Imported:
    *_, last = importing.run(store, OPERATOR, lst, paths, NOW, workers=workers)
    return last


def raws(store: Store, lst: List) -> list[bytes]:
    """The bytes of all posts, by number."""
    found = select(posts_table.c.id).where(posts_table.c.list_id == lst.id).order_by(posts_table.c.number)
    return store.read_now(
        lambda conn: [posts.raw_of(conn, post_id) or b"" for post_id in conn.execute(found).scalars()]
    )


def as_mbox(folder: Path) -> Path:
    (folder / "talk").write_bytes(MBOX)
    return folder / "talk"


def as_gzip(folder: Path) -> Path:
    (folder / "talk.mbox.gz").write_bytes(gzip.compress(MBOX))
    return folder / "talk.mbox.gz"


def as_xz_in_a_folder(folder: Path) -> Path:
    (folder / "in").mkdir()
    (folder / "in" / "talk.mbox.xz").write_bytes(lzma.compress(MBOX))
    (folder / "in" / "notes.txt").write_bytes(b"no mail")
    return folder


def as_maildir(folder: Path) -> Path:
    for sub in ("cur", "new", "tmp"):
        (folder / sub).mkdir()
    (folder / "cur" / "1.a:2,S").write_bytes(THREE[0])
    (folder / "new" / "2.b").write_bytes(THREE[1])
    (folder / "cur" / "3.c").write_bytes(THREE[2])
    return folder


def as_eml(folder: Path) -> Path:
    for name, raw in zip("123", THREE, strict=True):
        (folder / f"{name}.eml").write_bytes(raw)
    return folder


@pytest.mark.parametrize("make", [as_mbox, as_gzip, as_xz_in_a_folder, as_maildir, as_eml])
def test_every_form_is_imported_once(sqlite_url: str, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    (tmp_path / "source").mkdir()
    path = make(tmp_path / "source")
    with Store.open(sqlite_url) as store:
        lst = new_list(store, "talk")
        assert run(store, lst, path) == Imported(3, 0)
        assert run(store, lst, path) == Imported(0, 3)
        assert raws(store, lst) == THREE


def test_a_single_mail_is_a_source(store: Store, talk: List, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(THREE[0])
    (tmp_path / "strange.eml").write_bytes(SEPARATOR + THREE[2])
    assert run(store, talk, tmp_path / "one", tmp_path / "strange.eml").filed == 2
    assert raws(store, talk) == [THREE[0], SEPARATOR + THREE[2]]


def test_rows_are_repaired_and_bytes_are_not(store: Store, talk: List, tmp_path: Path) -> None:
    first = b"From: joe at x.org (Joe)\nSubject: s\nDate: Sun, 01 Feb 2026 10:00:00 +0000\n\nbody\n"
    second = b"From: joe at x.org (Joe)\nSubject: s\nDate: never\n\nbody\n"
    separators = (b"From joe at x.org Sun Feb  1 10:00:00 2026\n", b"From joe at x.org nowhere 10:00 2026\n")
    (tmp_path / "m").write_bytes(separators[0] + first + b"\n" + separators[1] + second)
    assert run(store, talk, tmp_path / "m") == Imported(2)
    rows = store.read_now(lambda conn: list(conn.execute(select(posts_table).order_by(posts_table.c.number))))
    at = datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert [(r.author_name, r.author_address, r.sent_at) for r in rows] == [("Joe", "joe@x.org", at)] * 2
    assert all(row.message_id.endswith("@no-message-id.invalid") for row in rows)
    assert raws(store, talk) == [first, second]


def test_other_processes_give_the_same(sqlite_url: str, tmp_path: Path) -> None:
    many = [mail(f"m{i}", f"topic {i % 40}", day=i / 100, names=f"m{i - 40}") for i in range(800)]
    (tmp_path / "m").write_bytes(b"".join(SEPARATOR + raw + b"\n" for raw in many))
    with Store.open(sqlite_url) as store:
        one, two = new_list(store, "one"), new_list(store, "two")
        states = list(importing.run(store, OPERATOR, one, [tmp_path / "m"], NOW, workers=1))
        assert [state.seen for state in states] == [250, 500, 750, 800, 800]
        few = new_list(store, "few")
        assert list(importing.run(store, OPERATOR, few, [tmp_path / "m"], NOW, workers=2))[-1].filed == 800
        assert run(store, two, tmp_path / "m", workers=0).filed == 800
        assert raws(store, one) == raws(store, two) == many
        counts = [store.read_now(lambda conn, lst=lst: lists.get(conn, lst.id)) for lst in (one, two)]
        assert counts[0].threads == counts[1].threads == 40


def test_one_mail_that_fails_does_not_end_the_import(
    store: Store, talk: List, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_mbox(tmp_path)

    def fault(raw: bytes) -> Post:
        if b"<b@x>" in raw.splitlines()[2]:
            raise ValueError("a fault")
        return real(raw)

    real = imported.read
    monkeypatch.setattr(imported, "read", fault)
    done = run(store, talk, path)
    assert done == Imported(2, 0, (f"{path}, mail 2: ValueError('a fault')",))
    monkeypatch.undo()
    assert run(store, talk, path) == Imported(1, 2)


def test_nothing_to_file_writes_nothing(store: Store, talk: List, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run(store, talk, tmp_path / "empty") == Imported()


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_damaged_file_says_so_and_what_came_before_is_filed(
    store: Store, talk: List, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(MBOX * 300)
    (tmp_path / "m").write_bytes(whole[: len(whole) - 100])
    with pytest.raises(UsageError, match=r"m is damaged .* What came before the damage is filed"):
        run(store, talk, tmp_path / "m")


def test_no_source_and_no_right_are_refused(store: Store, talk: List, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is nothing at"):
        run(store, talk, tmp_path / "absent")
    with pytest.raises(Refused, match="may not"):
        list(importing.run(store, Actor(Proof.NONE, "eve@x"), talk, [tmp_path], NOW))


def test_an_import_is_an_event(store: Store, talk: List, tmp_path: Path) -> None:
    run(store, talk, as_mbox(tmp_path))
    (row,) = store.read_now(lambda conn: list(conn.execute(select(events).where(events.c.name == "archive-imported"))))
    assert row.data == {"filed": 3, "present": 0, "failed": 0}


@pytest.mark.parametrize("form", ["mbox", "maildir"])
def test_an_export_is_imported_as_it_was(store: Store, talk: List, tmp_path: Path, form: str) -> None:
    odd = b"Subject: no author\n\n>From me\nFrom you"
    for name, raw in enumerate([*THREE, odd]):
        (tmp_path / f"{name}.eml").write_bytes(raw)
    run(store, talk, tmp_path)
    assert list(exporting.export(store, OPERATOR, talk, form, tmp_path / "out")) == [4]
    again = new_list(store, "again")
    assert run(store, again, tmp_path / "out" / ("talk.mbox" if form == "mbox" else "talk")).filed == 4
    assert [raw.rstrip(b"\n") for raw in raws(store, again)] == [*(raw.rstrip(b"\n") for raw in THREE), odd]
    with pytest.raises(UsageError, match="is there already"):
        list(exporting.export(store, OPERATOR, talk, form, tmp_path / "out"))


def test_an_export_of_an_empty_list_is_empty(store: Store, talk: List, tmp_path: Path) -> None:
    assert list(exporting.export(store, OPERATOR, talk, "mbox", tmp_path / "out")) == []
    assert (tmp_path / "out" / "talk.mbox").read_bytes() == b""


def test_a_process_that_died_is_resumed(sqlite_url: str, tmp_path: Path) -> None:
    many = [mail(f"m{i}", f"topic {i}") for i in range(600)]
    (tmp_path / "m").write_bytes(b"".join(SEPARATOR + raw + b"\n" for raw in many))
    with Store.open(sqlite_url) as store:
        lst = new_list(store, "talk")
        steps = importing.run(store, OPERATOR, lst, [tmp_path / "m"], NOW, workers=0)
        next(steps)
        steps.close()
        assert run(store, lst, tmp_path / "m") == Imported(350, 250)
        assert raws(store, lst) == many


def test_links_of_the_old_archive_are_learned(store: Store, talk: List, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"".join(SEPARATOR + raw + b"\n" for raw in [*THREE, mail("a")]))

    def learn(numbering: Numbering, first: int = 0) -> None:
        how = OldLinks(numbering, first)
        for _ in importing.run(store, OPERATOR, talk, [tmp_path / "m"], NOW, workers=0, links=how):
            pass

    def find(name: str) -> str | None:
        return store.read_now(lambda conn: old_links.find(conn, talk.id, name))

    run(store, talk, tmp_path / "m")  # what is there already is learned too
    learn(Numbering.PIPERMAIL)
    learn(Numbering.PIPERMAIL)
    learn(Numbering.MHONARC, 7)
    learn(Numbering.HYPERKITTY)
    one, two, three = (identifier("talk", f"{name}@x") for name in "abc")
    assert [find(f"pipermail/{place}") for place in range(5)] == [one, two, three, one, None]
    assert [find(f"mhonarc/{place}") for place in (6, 7, 10)] == [None, one, one]
    assert find(base64.b32encode(hashlib.sha1(b"b@x").digest()).decode()) == two
