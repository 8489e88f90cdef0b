"""The how-to pages about the archive, keys and what to look at, followed from their text alone."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import dns_server
from tests.interop.test_howto import DOMAIN, Reader, folder, owner

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

_ = folder  # a fixture of theirs
MAIL = (
    "From: Anna Berg <anna@example.net>\nTo: talk@lists.example.org\nSubject: Drift in {month}\n"
    "Date: 1 {month} 2024 12:00:00 +0000\nMessage-ID: <{month}@example.net>\n\nWho has met drift?\n"
)
MONTHS = ("Mar", "Apr", "May")
MBOX = "".join(f"From anna@example.net Mon Mar  4 12:00:00 2024\n{MAIL.format(month=m)}\n" for m in MONTHS)

Followed = Callable[[str], None]


@pytest.fixture
def reader(folder: Path) -> Reader:
    made = owner(folder, f"sqlite:///{folder}/var/lib/listserver/listserver.db")
    made.settings |= {"RELAY__URL": f"folder://{folder}/out", "SMTP__LISTEN": ""}
    return made


def _list(reader: Reader, mbox: bool = True) -> None:
    reader.do("listserver list create talk --title Talk --owner olga@example.net archive=public")
    (reader.folder / "posts.mbox").write_text(MBOX)
    if mbox:
        reader.do(f"listserver archive import talk {reader.folder}/posts.mbox")


def _serve(reader: Reader) -> str:
    """The archive's address."""
    reader.settings["WEB__LISTEN"] = "127.0.0.1:0"
    reader.start("listserver")
    return f"http://127.0.0.1:{reader.ports['web']}"


def test_keys_are_made_and_changed(reader: Reader) -> None:
    states: list[list[str]] = []

    def after(line: str) -> None:
        states.append(sorted(key["state"] for key in json.loads(reader.run("listserver dkim show --json").stdout)))

    reader.follow("sign-and-verify.md", after)
    assert states[:2] == [["active", "active"], ["active", "active", "next", "next"]]
    assert states[-1] == ["active", "active", "old", "old"]
    assert reader.said[1].count("v=DKIM1") == 2


def test_what_to_look_at_when_nothing_comes(reader: Reader) -> None:
    with dns_server.serving({}) as names:
        reader.settings["DNS__SERVERS"] = names
        _list(reader, mbox=False)
        (reader.folder / "mail.eml").write_text(MAIL.format(month="Jun"))
        reader.instead["mail.eml"] = f"{reader.folder}/mail.eml"
        reader.follow("mail-servers.md")
    lines, explained, taken, status = reader.said[-4:]
    assert f"transport_maps = inline:{{{DOMAIN}=listserver:}}" in lines
    assert "verdict: hold" in explained
    assert taken == ""
    assert "pending" in status


def test_a_list_moves_here_from_mailman(reader: Reader) -> None:
    (reader.folder / "members.txt").write_text("anna@example.net\nBo Lind <bo@example.net>\n")
    (reader.folder / "LIST.mbox").write_text(MBOX)
    (reader.folder / "LIST.mbox.gz").write_bytes(gzip.compress(MBOX.encode()))
    for name in ("members.txt", "LIST.mbox", "LIST.mbox.gz"):
        reader.instead[name] = f"{reader.folder}/{name}"
    reader.instead |= {"LIST": "talk", "2015-June/028001.html": "2024-April/000001.html"}

    def after(line: str) -> None:
        if "hyperkitty" in line:
            reader.do("listserver list set talk archive=public")
            reader.instead["https://HOST"] = _serve(reader)

    with reader.running:
        reader.follow("from-mailman.md", after)
    assert reader.said[-1].lower().startswith("location: /talk/")
    reader.do("listserver member list talk")
    assert "bo@example.net" in reader.said[-1]
    reader.do("listserver lists --json")
    assert json.loads(reader.said[-1])[0]["posts"] == len(MONTHS)


def test_the_api_answers(reader: Reader) -> None:
    _list(reader)
    with reader.running:
        reader.instead["https://lists.example.org"] = _serve(reader)

        def after(line: str) -> None:
            answer = json.loads(reader.said[-1])
            assert answer.get("status", 200) == 200, (line, answer)
            if line.endswith("/threads"):
                reader.instead["threads/ID/"] = f"threads/{answer['items'][0]['id']}/"

        reader.follow("web.md", after)
    assert "Drift in May" in reader.said[-1]


def test_a_copy_as_files(reader: Reader) -> None:
    _list(reader)
    reader.instead["/srv/"] = f"{reader.folder}/srv/"
    reader.follow("static-copy.md")
    pages = list((reader.folder / "srv/www/old").rglob("*.html"))
    assert any("Drift in Apr" in page.read_text() for page in pages)
    assert (reader.folder / "srv/www/old/404.html").exists()
