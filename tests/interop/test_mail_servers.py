"""Real mail servers with the lines that `listserver config mta` prints: they hand posts in and take the copies out."""

import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests import relay
from tests.interop import mtas
from tests.interop.peers import ROOT, USERS, Peer, free_port
from tests.running import Serve

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

DOMAIN = "lists.example.org"
MEMBERS = [f"member{n}@example.net" for n in range(5)]
POST = (
    b"From: Member <member0@example.net>\r\nTo: talk@lists.example.org\r\nSubject: Reading aloud\r\n"
    b"Message-ID: <one@example.net>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n"
    b".Who does it?\r\n\r\n..Every day?\r\n"
)

Lines = Callable[..., str]
Start = Callable[[int, Lines], AbstractContextManager[Peer]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a list of five."""
    folder = tmp_path_factory.mktemp("site")
    _cli(folder, "init", "--domain", DOMAIN, "--dir", str(folder))
    _cli(folder, "list", "create", "talk", "moderation=none")
    _cli(folder, "member", "add", "talk", *MEMBERS)
    return folder


@pytest.fixture
def site(made: Path) -> Iterator[Path]:
    """That site in a folder which, unlike a test's own, is open to other users: for pipes."""
    folder = Path(tempfile.mkdtemp(prefix="listserver-site-"))
    shutil.copytree(made, folder, dirs_exist_ok=True)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    """What makes a command in this checkout work on that site."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISTSERVER_")}
    own = {"LISTSERVER_" + name: value for name, value in settings.items()}
    return kept | {"PYTHONPATH": str(ROOT), "LISTSERVER_CONFIG": str(folder / "listserver.toml")} | own


def _cli(folder: Path, *args: str, **settings: str) -> str:
    env = _environment(folder, **settings)
    if args[0] == "init":
        del env["LISTSERVER_CONFIG"]
    command = [sys.executable, "-m", "listserver", *args]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _until(happened: Callable[[], object], log: Callable[[], str], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, log()
        time.sleep(0.05)


def _post(peer: Peer) -> None:
    with smtplib.SMTP("127.0.0.1", peer.port, timeout=30) as client:
        assert client.sendmail("member0@example.net", [f"talk@{DOMAIN}"], POST) == {}


def postfix(relay_port: int, lines: Lines) -> AbstractContextManager[Peer]:
    return mtas.postfix(relay_port, lines("postfix"), lines("postfix", "--file", "master.cf"))


def exim(relay_port: int, lines: Lines) -> AbstractContextManager[Peer]:
    sections = {name: lines("exim", "--file", f"{name}.conf") for name in ("main", "acl", "router", "transport")}
    return mtas.exim(relay_port, **sections)


def opensmtpd(relay_port: int, lines: Lines) -> AbstractContextManager[Peer]:
    return mtas.opensmtpd(relay_port, lines("opensmtpd"))


@pytest.mark.parametrize("door", ["lmtp", "smtp"])
@pytest.mark.parametrize("start", [postfix, exim, opensmtpd])
def test_a_post_goes_in_through_the_mail_server_and_its_copies_out(
    start: Start, door: str, site: Path, caught: relay.Script
) -> None:
    nowhere = {"SMTP__LISTEN": "", "SMTP__LMTP_LISTEN": ""}
    listen = nowhere | {"SMTP__LISTEN" if door == "smtp" else "SMTP__LMTP_LISTEN": f"127.0.0.1:{free_port()}"}
    with start(caught.port, lambda *args: _cli(site, "config", "mta", *args, **listen)) as peer:
        relay_url = f"smtp://127.0.0.1:{peer.port}"
        with Serve(site, database=f"sqlite:///{site}/listserver.db", RELAY__URL=relay_url, **listen) as serve:
            _post(peer)
            _until(lambda: len(caught.taken) >= len(MEMBERS), lambda: peer.log() + serve.log() + str(caught.got()))
            if start is not opensmtpd:  # it knows no way to ask before it answers
                _refuses_what_we_do_not_know(peer)
    assert sorted(caught.got()) == MEMBERS
    assert len({copy.sender for copy in caught.taken}) == len(MEMBERS)
    assert all(copy.sender.startswith("talk") and copy.sender.endswith(f"@{DOMAIN}") for copy in caught.taken)
    assert all(copy.mail.endswith(POST.partition(b"\r\n\r\n")[2]) for copy in caught.taken)


def test_equal_copies_go_to_postfix_as_one_mail_and_come_out_with_a_return_address_each(
    site: Path, caught: relay.Script
) -> None:
    _cli(site, "list", "set", "talk", "copies=batch")
    listen = {"SMTP__LISTEN": "", "SMTP__LMTP_LISTEN": f"127.0.0.1:{free_port()}"}
    with postfix(caught.port, lambda *args: _cli(site, "config", "mta", *args, **listen)) as peer:
        relay_url = f"smtp://127.0.0.1:{peer.port}"
        with Serve(site, database=f"sqlite:///{site}/listserver.db", RELAY__URL=relay_url, **listen) as serve:
            _post(peer)
            _until(lambda: len(caught.taken) >= len(MEMBERS), lambda: peer.log() + serve.log() + str(caught.got()))
            assert f"nrcpt={len(MEMBERS)} (" in peer.log()
    senders = {copy.recipient: copy.sender for copy in caught.taken}
    assert sorted(senders) == MEMBERS
    for recipient, sender in senders.items():  # XVERP=+=
        assert sender.startswith("talk-bounces+"), sender
        assert sender.endswith(f"+{recipient.replace('@', '=')}@{DOMAIN}"), sender


def _refuses_what_we_do_not_know(peer: Peer) -> None:
    with smtplib.SMTP("127.0.0.1", peer.port, timeout=30) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("member0@example.net", [f"absent@{DOMAIN}"], POST)
    assert refused.value.recipients[f"absent@{DOMAIN}"][0] == 550


@pytest.mark.parametrize("start", [postfix, exim, opensmtpd])
def test_a_post_goes_in_by_a_pipe(start: Start, site: Path) -> None:
    wrapper = site / "listserver"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m listserver "$@"\n')
    wrapper.chmod(0o755)
    for path in (site, *site.iterdir()):
        os.chown(path, USERS["listserver"], USERS["listserver"])

    def lines(*args: str) -> str:
        printed = _cli(site, "config", "mta", *args, SMTP__LISTEN="", SMTP__LMTP_LISTEN="")
        return printed.replace(str(Path(sys.prefix, "bin", "listserver")), str(wrapper))

    with start(free_port(), lines) as peer:
        _post(peer)
        _until(lambda: '"posts": 1' in _cli(site, "lists", "--json"), peer.log)
