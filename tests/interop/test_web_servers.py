"""nginx and Caddy before the archive, by the files of config/; and the systemd unit, as systemd reads it."""

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from listserver.actions import lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.verp import member_token
from listserver.delivery.copies import LEAVE
from listserver.store import tables
from listserver.store.engine import Store
from tests import relay
from tests.conftest import need
from tests.interop.conftest import until
from tests.interop.peers import PEERS, ROOT, free_port, peer_folder, run
from tests.names import lead_here
from tests.running import Serve

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

HOST = "lists.example.org"
CONFIG = ROOT / "config"


@dataclass(frozen=True)
class Answer:
    """What a web server answered."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Front:
    """A web server before ours. plain, secure: its ports."""

    plain: int
    secure: int
    context: ssl.SSLContext
    name: str

    def get(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """What it answers under https; also what is no success."""
        asked = urllib.request.Request(f"https://{HOST}:{self.secure}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(asked, context=self.context, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers, refused.read())

    def answers(self) -> bool:
        """Whether it does; `nginx -t` opens its ports for a moment too."""
        with contextlib.suppress(OSError):
            return self.get("/").status > 0
        return False


@contextlib.contextmanager
def nginx(folder: Path, behind: int) -> Iterator[Front]:
    """Debian's nginx with our file in sites-enabled; other ports, and a certificate for the occasion."""
    package = peer_folder("nginx-light")
    relay.certified(folder)
    plain, secure = free_port(), free_port()
    site = (CONFIG / "nginx/listserver.conf").read_text()
    replaced = {"127.0.0.1:8080": f"127.0.0.1:{behind}"}
    for port, instead in ((80, plain), (443, secure)):
        replaced |= {f"listen {port}": f"listen 127.0.0.1:{instead}", f"listen [::]:{port}": f"listen [::1]:{instead}"}
    for here, there in replaced.items():
        assert here in site
        site = site.replace(here, there)
    pem = (folder / "server.pem").read_text()
    etc = {
        "nginx/nginx.conf": (package / "etc/nginx/nginx.conf").read_text().replace("/var/log/nginx", "FOLDER/data"),
        "nginx/sites-enabled/listserver.conf": site,
        f"letsencrypt/live/{HOST}/fullchain.pem": pem,
        f"letsencrypt/live/{HOST}/privkey.pem": pem,
    }
    start = "mkdir -p /var/lib/nginx; nginx -t && exec nginx -g 'daemon off;'"
    with run("nginx-light", etc, ["sh", "-c", start], plain, greets=False) as peer:
        front = Front(plain, secure, ssl.create_default_context(cafile=folder / "server.pem"), "nginx")
        until(front.answers)
        assert "test is successful" in peer.log()
        yield front


@contextlib.contextmanager
def caddy(folder: Path, behind: int) -> Iterator[Front]:
    """Caddy with our file; other ports, and an authority of its own instead of Let's Encrypt."""
    program = PEERS.absolute() / "caddy/usr/bin/caddy"
    need(program.exists(), f"caddy is not unpacked under {PEERS}: `tests/needs` does it")
    plain, secure = free_port(), free_port()
    site = (CONFIG / "caddy/Caddyfile").read_text()
    assert "127.0.0.1:8080" in site
    options = (
        f"http_port {plain}\nhttps_port {secure}\nadmin off\nlocal_certs\nskip_install_trust\ndefault_bind 127.0.0.1\n"
    )
    file = folder / "Caddyfile"
    file.write_text("{\n" + options + "}\n" + site.replace("127.0.0.1:8080", f"127.0.0.1:{behind}"))
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [str(program), "run", "--config", str(file), "--adapter", "caddyfile"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        root = folder / "caddy/pki/authorities/local/root.crt"
        certificate = folder / f"caddy/certificates/local/{HOST}/{HOST}.crt"
        until(lambda: (root.exists() and certificate.exists()) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        front = Front(plain, secure, ssl.create_default_context(cafile=root), "caddy")
        until(front.answers)
        yield front
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("server", [nginx, caddy])
def test_the_archive_behind_a_web_server(
    server: Callable[[Path, int], contextlib.AbstractContextManager[Front]],
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_here(monkeypatch, HOST)
    member = _create(sqlite_url)
    settings = {"WEB__BASE_URL": f"https://{HOST}", "WEB__SEARCHES_PER_MINUTE": "1"}
    with (
        Serve(tmp_path / "serve", database=sqlite_url, only="web", **settings) as serve,
        server(tmp_path, serve.ports["web"]) as front,
    ):
        page = front.get("/talk/")
        assert (page.status, b"Talk of the town" in page.body) == (200, True)
        assert "max-age" in page.headers["Strict-Transport-Security"]
        with pytest.raises(urllib.error.HTTPError) as moved:
            urllib.request.build_opener(_Stay).open(f"http://{HOST}:{front.plain}/talk/", timeout=20)
        moved.value.close()
        assert moved.value.code in (301, 308)
        assert moved.value.headers["Location"].startswith(f"https://{HOST}")
        # Who asks is told apart by their true address, whatever they write.
        said = [front.get("/talk/search?q=x", **{"X-Forwarded-For": f"203.0.113.{n}"}).status for n in range(2)]
        assert said == [200, 429]
        assert front.get("/metrics").status == {"nginx": 200, "caddy": 404}[front.name]  # on this machine only
        # One-click (RFC 8058), as Gmail posts it.
        token = member_token(b"s" * 32, LEAVE, member)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        left = front.get(f"/talk/unsubscribe/{token}", b"List-Unsubscribe=One-Click", **form)
        assert left.status == 200
    with Store.open(sqlite_url) as store:
        assert store.read_now(lambda conn: conn.execute(tables.members.select()).all()) == []


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _create(url: str) -> int:
    now = datetime.now(UTC)
    with Store.open(url) as store:
        wanted = {"title": "Talk of the town", "archive": "public"}
        talk = store.write_now(lambda conn: lists.create(conn, OPERATOR, "talk", wanted, now)).list
        store.write_now(lambda conn: membership.add(conn, OPERATOR, talk, [membership.Entry("anna@example.net")], now))
        return int(store.read_now(lambda conn: conn.execute(tables.members.select()).one()).id)


def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    need(shutil.which("systemd-analyze"), "no systemd-analyze: it comes with systemd")
    unit = tmp_path / "listserver.service"
    text = (CONFIG / "systemd/listserver.service").read_text()
    assert "/usr/local/bin/listserver serve" in text
    unit.write_text(text.replace("/usr/local/bin/listserver", sys.executable))  # which is there
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    options = ["--offline=true", "--no-pager"]
    shown = subprocess.run(["systemd-analyze", "security", *options, unit], capture_output=True, text=True).stdout
    exposure = re.search(r"Overall exposure level for listserver.service: ([0-9.]+)", shown)
    assert exposure and float(exposure[1]) < 2, shown
    print(f"\nsystemd: exposure {exposure[1]} of 10")
