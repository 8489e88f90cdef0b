"""The how-to pages, followed from their text: commands are run, settings and snippets written, against real programs.

What changes the machine itself (apt, adduser, …) is read over; `systemctl restart` starts the program here.
"""

import base64
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from listserver import config, doctor
from tests import dns_server, relay
from tests.conftest import need
from tests.interop import mtas
from tests.interop.conftest import catching, until
from tests.interop.mailboxes import PASSWORD, USER, Mailbox, dovecot
from tests.interop.peers import ROOT, Peer, free_port
from tests.running import Serve

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

DOMAIN = "lists.example.org"
OF_THE_MACHINE = ("apt", "adduser", "python3", "/opt/", "ln", "chown", "update-exim4.conf", "sudo")
_BLOCK = re.compile(r"^( *)```(sh|toml|zone)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

Start = Callable[[Path], AbstractContextManager[Peer]]


class Reader:
    """Somebody who follows a page. begin: mail servers by their service's name, given the folder that stands for /."""

    def __init__(self, folder: Path, begin: dict[str, Start], names: str) -> None:
        self.folder, self.begin = folder, begin
        self.instead = {"/etc/": f"{folder}/etc/", "/var/": f"{folder}/var/"}
        self.settings = {"DNS__SERVERS": names, "WEB__LISTEN": ""}
        self.file = folder / "etc/listserver/listserver.toml"
        self.database = f"sqlite:///{folder}/var/lib/listserver/listserver.db"
        self.said: list[str] = []
        self.running = ExitStack()
        self.ports: dict[str, int] = {}
        self.zone: list[str] = []
        (folder / "bin").mkdir()
        (folder / "bin/listserver").write_text(f'#!/bin/sh\nexec {sys.executable} -m listserver "$@"\n')
        (folder / "bin/listserver").chmod(0o755)
        for place in ("etc/listserver", "etc/postfix", "var/lib/listserver", *(f"etc/exim4/conf.d/{s}" for s in _EXIM)):
            (folder / place).mkdir(parents=True, exist_ok=True)

    def follow(self, page: str, after: Callable[[str], None] = lambda line: None) -> None:
        """Do all that a page says, in its order. after: called with each command that was run."""
        text = (ROOT / "docs/howto" / page).read_text("utf-8")
        for indent, kind, block in _BLOCK.findall(text):
            lines = [line.removeprefix(indent) for line in block.splitlines()]
            if kind == "toml":
                self.configure("\n".join(lines))
            elif kind == "zone":
                self.zone += lines
            else:
                for line in "\n".join(lines).replace("\\\n", " ").splitlines():
                    self.do(line)
                    after(line)

    def configure(self, text: str) -> None:
        """Put settings into the configuration file."""
        values: dict[str, Any] = tomllib.loads(self.file.read_text())
        for name, value in tomllib.loads(self.replaced(text)).items():
            values[name] = values.get(name, {}) | value if isinstance(value, dict) else value
        self.file.write_text(config.toml(values))

    def do(self, line: str) -> None:
        """One command."""
        if line.startswith(OF_THE_MACHINE):
            return
        if line.startswith("systemctl"):
            self.start(line.split()[-1])
            return
        if line == "listserver serve":
            self.start("listserver")
            return
        done = self.run(self.replaced(line), patience=20 if line.startswith("listserver archive") else 0)
        if not line.startswith("listserver doctor"):
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        if line.startswith("listserver archive search"):
            assert "First words" in done.stdout, done.stdout
        self.said.append(done.stdout)

    def run(self, line: str, patience: float = 0) -> subprocess.CompletedProcess[str]:
        """A command in this checkout; what looks for a post does so until it is there."""
        end = time.monotonic() + patience
        while True:
            done = subprocess.run(["sh", "-c", line], env=self.environment(), capture_output=True, text=True)
            if time.monotonic() > end or (done.returncode == 0 and "First words" in done.stdout):
                return done
            time.sleep(0.2)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LISTSERVER_")}
        own = {f"LISTSERVER_{name}": value for name, value in self.settings.items()}
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        known = {"LISTSERVER_CONFIG": str(self.file)} if self.file.exists() else {}
        return kept | own | known | {"PATH": path, "PYTHONPATH": str(ROOT)}

    def start(self, service: str) -> None:
        if service != "listserver":
            peer = self.running.enter_context(self.begin[service](self.folder / "etc"))
            self.instead["127.0.0.1:25"] = f"127.0.0.1:{peer.port}"
            self.settings["RELAY__URL"] = f"smtp://127.0.0.1:{peer.port}"
            return
        serve = Serve(self.folder / "serve", database=self.database)
        serve._settings = {"CONFIG": str(self.file), "DATABASE__URL": serve._settings["DATABASE__URL"], **self.settings}
        self.ports = self.running.enter_context(serve).ports

    def replaced(self, text: str) -> str:
        """What a page says, with what stands for it here."""
        names = sorted(self.instead, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, names)), lambda found: self.instead[found[0]], text)

    def doctor(self) -> dict[str, str]:
        """What the doctor said last: name -> state."""
        return {name: state for state, name in re.findall(r"^(ok|warn|bad) +(\w+) ", self.said[-1], re.MULTILINE)}


_EXIM = ("main", "acl", "router", "transport")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need(shutil.which("swaks"), "no swaks: `tests/needs` installs it")
    return tmp_path


def _starts(caught: relay.Script) -> dict[str, Start]:
    def exim(etc: Path) -> AbstractContextManager[Peer]:
        places = ("conf.d/main/01_listserver", "check_rcpt_local_acl")
        places += ("conf.d/router/050_listserver", "conf.d/transport/50_listserver")
        texts = [(etc / "exim4" / place).read_text() for place in places]
        return mtas.exim(caught.port, **dict(zip(_EXIM, texts, strict=True)))

    return {
        "postfix": lambda etc: mtas.postfix(caught.port, (etc / "postfix/main.cf").read_text()),
        "exim4": exim,
        "opensmtpd": lambda etc: mtas.opensmtpd(caught.port, (etc / "listserver.smtpd.conf").read_text()),
    }


@pytest.mark.parametrize(
    ("page", "good"),
    [
        ("postfix.md", "relay mta ports loop"),
        ("exim.md", "relay mta ports loop"),
        ("opensmtpd.md", "relay ports loop"),
    ],
)
def test_with_a_mail_server(page: str, good: str, folder: Path, caught: relay.Script) -> None:
    with dns_server.serving({}) as names:
        reader = Reader(folder, _starts(caught), names)
        reader.instead["127.0.0.1:8024"] = f"127.0.0.1:{free_port()}"
        with reader.running:
            reader.follow(page)
            assert {name: reader.doctor().get(name) for name in good.split()} == dict.fromkeys(good.split(), "ok")
            until(lambda: "anna@example.net" in caught.got())


def test_a_small_server_from_nothing(folder: Path, caught: relay.Script) -> None:
    zone: dict[tuple[str, str], Sequence[str]] = {}
    address = next(iter(doctor._public_addresses()), "192.0.2.1")
    doctors: list[dict[str, str]] = []

    def after(line: str) -> None:
        if line.startswith("listserver dkim"):  # the names of the page are published by now
            _publish(zone, [record.replace("192.0.2.1", address) for record in reader.zone])
            zone[f"{'.'.join(reversed(address.split('.')))}.in-addr.arpa.", "PTR"] = [f"mail.{DOMAIN}."]
        if line.startswith("listserver doctor"):
            doctors.append(reader.doctor())
            for printed in re.findall(r"Publish: (\S+ IN TXT .*)", reader.said[-1]):
                _publish(zone, printed.split(" and "))

    with dns_server.serving(zone) as names:
        reader = Reader(folder, _starts(caught), names)
        reader.instead["127.0.0.1:8024"] = f"127.0.0.1:{free_port()}"
        with reader.running:
            reader.follow("small-vps.md", after)
            until(lambda: "anna@example.net" in caught.got())
    first, last = doctors[0], doctors[-1]
    assert (first["mx"], first["spf"], first["dkim"], first["dmarc"]) == ("ok", "bad", "bad", "warn")
    wanted = ("mx", "ptr", "spf", "dkim", "dmarc", "relay", "mta", "loop")
    assert {name: last[name] for name in wanted} == dict.fromkeys(wanted, "ok")
    copy = next(copy for copy in caught.taken if copy.recipient == "anna@example.net")
    assert copy.mail.count(b"DKIM-Signature:") == 2


def _publish(zone: dict[tuple[str, str], Sequence[str]], records: list[str]) -> None:
    for record in records:
        name, _, kind, value = record.split(maxsplit=3)
        if kind == "TXT":
            value = value.strip('"')
            value = " ".join(f'"{value[n : n + 250]}"' for n in range(0, len(value), 250))
        zone[name, kind] = [value]


class Provider(list[relay.Copy]):
    """Mail that a provider took: for the domain of the lists it goes into the one mailbox, else out into the world."""

    def __init__(self, box: Mailbox, out: list[relay.Copy]) -> None:
        self.box, self.out = box, out

    def __iadd__(self, copies: Any) -> "Provider":  # type: ignore[override,misc]
        for copy in copies:
            if copy.recipient.endswith(f"@{DOMAIN}"):
                head = f"Return-Path: <{copy.sender}>\r\nX-Original-To: {copy.recipient}\r\nDelivered-To: {USER}\r\n"
                self.box.put(head.encode() + copy.mail)
            else:
                self.out.append(copy)
        return self


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with dovecot(tmp_path_factory.mktemp("dovecot")) as found:
        yield found


def test_on_a_rented_mailbox(folder: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    out: list[relay.Copy] = []
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(box.trust)
    monkeypatch.setenv("SSL_CERT_FILE", str(box.trust))
    secret = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()

    def submission(verb: str, line: str, nth: int) -> bytes | None:
        if verb == "AUTH":
            return b"235 2.7.0 welcome" if secret in line else b"535 5.7.8 no"
        return b"530 5.7.0 sign in first" if verb == "MAIL" and not smarthost.verbs["AUTH"] else None

    offers = (*relay.OFFERS, "STARTTLS", "AUTH PLAIN")
    smarthost = relay.Script(submission, offers, server, Provider(box, out))
    mx = relay.Script(taken=Provider(box, out))
    with catching(smarthost), catching(mx), dns_server.serving({}) as names:
        reader = Reader(folder, {}, names)
        reader.instead |= {
            "PASSWORD": shlex.quote(PASSWORD).strip("'").replace(" ", "%20"),
            "imap.example.org": box.url.rpartition("@")[2],
            "smtp.example.org:587": f"127.0.0.1:{smarthost.port}",
            "mx.example.org:25": f"127.0.0.1:{mx.port}",
        }
        doctors: list[dict[str, str]] = []
        with reader.running:
            reader.follow(
                "rented-mailbox.md", lambda line: doctors.append(reader.doctor()) if "doctor" in line else None
            )
            until(lambda: "anna@example.net" in [copy.recipient for copy in out])
            until(lambda: not box.unread())
    wanted = ("relay", "imap", "loop")
    assert {name: doctors[0].get(name) for name in wanted} == dict.fromkeys(wanted, "ok")


def owner(folder: Path, database: str) -> Reader:
    """Somebody with an empty site."""
    reader = Reader(folder, {}, "")
    reader.database = database
    reader.instead["DATABASE"] = database
    reader.do(f"listserver init --domain {DOMAIN} --dir /etc/listserver --database DATABASE")
    return reader


def test_running_a_list(folder: Path) -> None:
    reader = owner(folder, f"sqlite:///{folder}/var/lib/listserver/listserver.db")
    reader.follow("owners.md")
    members, events = reader.said[-2:]
    assert {line.split()[0]: " owner " in line for line in members.splitlines()[1:]} == {
        "anna@example.net": False, "bob@example.net": False, "kim@example.net": False, "olga@example.net": True,
    }  # fmt: skip
    assert "dora@example.net" in events


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_back_up_restore_upgrade(engine: str, folder: Path, request: pytest.FixtureRequest) -> None:
    sqlite = f"sqlite:///{folder}/var/lib/listserver/listserver.db"
    reader = owner(folder, sqlite if engine == "sqlite" else request.getfixturevalue("postgres_url"))
    reader.do("listserver list create talk --owner olga@example.net")

    def after(line: str) -> None:
        if line.startswith("listserver db check"):  # after the backup, before the restore
            reader.do("listserver list create later --owner olga@example.net")

    reader.follow("backup-and-upgrade.md", after)
    reader.do("listserver lists --json")
    assert [name for name in ("talk", "later") if f'"{name}"' in reader.said[-1]] == ["talk"]


def test_several_hosts(folder: Path, postgres_url: str) -> None:
    with dns_server.serving({}) as names:
        reader = Reader(folder, {}, names)
        reader.database = postgres_url
        reader.instead["postgresql+psycopg://listserver@db.example.org/listserver"] = postgres_url
        reader.settings["RELAY__URL"] = f"folder://{folder}/out"
        with reader.running:
            reader.follow("several-hosts.md")
            reader.instead["127.0.0.1:8025"] = f"127.0.0.1:{free_port()}"
            reader.configure('[smtp]\nlisten = "127.0.0.1:8025"')
            reader.start("listserver")  # the second host
            reader.do("listserver queue status")
