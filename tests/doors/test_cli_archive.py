"""`listserver archive …`"""

from pathlib import Path

import pytest

from tests.actions.filing import mail
from tests.doors.cli import Cli, runner


@pytest.fixture
def talk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A site with a list and two posts in its archive."""
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", "lists.example.org", "--dir", tmp_path).code == 0
    assert run("list", "create", "talk").code == 0
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(mail("a", "Clock drift", body="The oscillator runs away."))
    (folder / "2.eml").write_bytes(mail("b", "Re: Clock drift", names="a", body="Discipline it."))
    done = run("archive", "import", "talk", folder)
    assert (done.code, done.out) == (0, "talk: 2 posts filed.\n")
    return run


def test_importing_again_adds_nothing(talk: Cli, tmp_path: Path) -> None:
    assert talk("archive", "import", "talk", tmp_path / "mails").out == "talk: 0 posts filed, 2 were there already.\n"
    done = talk("archive", "import", "talk", tmp_path / "mails", "--json")
    assert done.json == {"filed": 0, "present": 2, "failed": []}
    absent = talk("archive", "import", "talk", tmp_path / "absent")
    assert (absent.code, absent.err.count("\n")) == (1, 1)
    assert talk("archive", "import", "nobody", tmp_path).code == 1


@pytest.mark.parametrize(("name", "octets"), [("members.txt", b"anna@example.org\n"), ("x.pdf", b"%PDF-1.5\n\x00")])
def test_what_is_no_mail_is_not_filed(talk: Cli, tmp_path: Path, name: str, octets: bytes) -> None:
    (tmp_path / name).write_bytes(octets)
    refused = talk("archive", "import", "talk", tmp_path / name)
    assert (refused.code, "neither a mail nor an mbox" in refused.err) == (1, True)


def test_empty_files_are_passed_over(talk: Cli, tmp_path: Path) -> None:
    (tmp_path / "box/new").mkdir(parents=True)
    for name in ("empty.mbox", "empty.eml", "box/cur/1", "box/new/2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        path = tmp_path / name.split("/")[0]
        assert talk("archive", "import", "talk", path).code == 0
    assert talk("lists", "--json").json[0]["posts"] == 2


def test_search_prints_posts(talk: Cli) -> None:
    (hit,) = talk("archive", "search", "talk", "oscillators", "--json").json
    assert set(hit) >= {"number", "message_id", "subject", "from", "date", "extract"}
    assert (hit["number"], hit["message_id"], hit["from"]) == (1, "a@x", "Anna Berg <anna@example.org>")
    assert hit["extract"] == "The oscillator runs away."
    assert [row["number"] for row in talk("archive", "search", "talk", "clock", "--json").json] == [2, 1]
    assert talk("archive", "search", "talk", "clock", "from:anna", "-discipline", "--json").json == [hit]
    nothing = talk("archive", "search", "talk", "zebra")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing found.\n")


def test_show_prints_a_post_and_its_bytes(talk: Cli) -> None:
    shown = talk("archive", "show", "talk", "1", "--json").json
    assert (shown["subject"], shown["state"], shown["text"].strip()) == (
        "Clock drift",
        "shown",
        "The oscillator runs away.",
    )
    assert "The oscillator runs away." in talk("archive", "show", "talk", "1").out
    raw = talk("archive", "show", "talk", "2", "--raw").out
    assert raw.encode() == mail("b", "Re: Clock drift", names="a", body="Discipline it.")
    missing = talk("archive", "show", "talk", "9")
    assert (missing.code, missing.err) == (
        1,
        "listserver: There is no post 9 in talk. Its posts are numbered from 1 to 2.\n",
    )


def test_hide_and_delete(talk: Cli) -> None:
    assert talk("archive", "hide", "talk", "1").out == "talk: post 1 is hidden.\n"
    assert talk("archive", "hide", "talk", "1").out == "talk: post 1 was hidden already.\n"
    assert talk("archive", "search", "talk", "oscillator", "--json").json == []
    assert talk("archive", "hide", "talk", "1", "--undo").out == "talk: post 1 is shown again.\n"
    asked = talk("archive", "delete", "talk", "1")
    assert (asked.code, "--yes" in asked.err) == (1, True)
    assert talk("archive", "delete", "talk", "1", "--yes").out == "talk: post 1 is deleted.\n"
    assert talk("archive", "show", "talk", "1").err == "listserver: Post 1 of talk was deleted.\n"


def test_export_writes_files(talk: Cli, tmp_path: Path) -> None:
    assert talk("archive", "export", "talk", "--format", "mbox", "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "talk.mbox").read_bytes().count(b"\nMessage-ID:") == 2
    assert talk("archive", "export", "talk", "--format", "mbox", "--out", tmp_path / "out").code == 1
    assert talk("archive", "export", "talk", "--format", "maildir", "--out", tmp_path / "out").code == 0
    modes = {one.name: one.stat().st_mode & 0o777 for one in (tmp_path / "out").iterdir()}
    assert modes == {"talk.mbox": 0o600, "talk": 0o700}, "they hold everybody's addresses"
    assert len(list((tmp_path / "out" / "talk" / "cur").iterdir())) == 2


def test_a_copy_for_a_web_server(talk: Cli, tmp_path: Path) -> None:
    how = ("--format", "html", "--out", tmp_path / "www", "--url", "https://x.example/old/")
    refused = talk("archive", "export", "talk", *how)
    assert (refused.code, "say --private" in refused.err) == (1, True)
    assert talk("list", "set", "talk", "archive=public").code == 0
    assert talk("archive", "export", "talk", *how).out == f"talk: 1 of 1 threads written to {tmp_path / 'www'}.\n"
    assert 'href="/old/talk/"' in (tmp_path / "www" / "index.html").read_text()
