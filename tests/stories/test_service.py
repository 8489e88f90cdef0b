"""`listserver serve` as operators and systemd see it."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from listserver.store import site
from listserver.store.engine import Store
from tests import relay
from tests.running import Serve


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def until(true: object, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_is_small_and_healthy_and_ends_when_told(sqlite_url: str, tmp_path: Path) -> None:
    with Serve(tmp_path / "serve", database=sqlite_url) as serve:
        status, body = get(serve.ports["web"], "/healthz")
        assert (status, json.loads(body)) == (200, {"status": "ok", "database": "ok"})
        status, body = get(serve.ports["web"], "/metrics")
        assert "listserver_database_up 1" in body
        assert 'listserver_events_total{event="service-started"} 1' in body
        assert get(serve.ports["web"], "/metrics", **{"X-Forwarded-For": "192.0.2.1"})[0] == 404
        assert serve.memory() < 90_000_000
        assert serve.stop() == 0
    assert "service-stopping" in serve.log()
    assert "service-stopped" in serve.log()


def test_a_second_serve_on_one_sqlite_database_is_told_so(sqlite_url: str, tmp_path: Path) -> None:
    with Serve(tmp_path / "serve", database=sqlite_url) as serve:
        command = [sys.executable, "-m", "listserver", "serve"]
        second = subprocess.run(command, env=serve.environment, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"Another `listserver serve` (process {serve.pid}) has the database" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_said_in_one_sentence(sqlite_url: str, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with Serve(tmp_path / "serve", database=sqlite_url) as serve:
        shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), other)
        with Store.open(f"sqlite:///{other}") as store:
            store.write_now(lambda conn: site.make_secret(conn, b"s" * 32))
        taken = f"127.0.0.1:{serve.ports['web']}"
        more = {"LISTSERVER_WEB__LISTEN": taken, "LISTSERVER_DATABASE__URL": f"sqlite:///{other}"}
        command = [sys.executable, "-m", "listserver", "serve", "--only", "web"]
        done = subprocess.run(command, env=serve.environment | more, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"listserver: Nothing can listen on {taken}: Address already in use." in done.stderr.splitlines()[-1]


def test_S10_S24_tls_and_the_proxy_before_it_are_settings(sqlite_url: str, tmp_path: Path) -> None:
    relay.certified(tmp_path)
    pem = str(tmp_path / "server.pem")
    settings = {"SMTP__PROXIES": "127.0.0.1", "SMTP__TLS_REQUIRED": "on", "SMTP__LMTP_LISTEN": "127.0.0.1:0"}
    given = {"SMTP__TLS_CERT": pem, "SMTP__TLS_KEY": pem, **settings}
    header = b"PROXY TCP4 203.0.113.7 192.0.2.1 5555 25\r\n"
    with Serve(tmp_path / "serve", database=sqlite_url, **given) as serve:
        said = _said(serve.ports["smtp"], header, b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n")
        assert (b"250-STARTTLS\r\n" in said, b"\r\n530 5.7.0 " in said) == (True, True)
        said = _said(serve.ports["lmtp"], header, b"LHLO x\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n")
        assert b"\r\n250 2.1.0 " in said
        assert _said(serve.ports["smtp"], b"EHLO x\r\n", b"") == b""  # it must say for whom it speaks, and does not


def _said(port: int, first: bytes, then: bytes) -> bytes:
    """All that is answered. first: before the greeting."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(first)
        greeting = connection.recv(65536)
        connection.sendall(then if greeting else b"")
        return greeting + b"".join(iter(lambda: connection.recv(65536), b""))


def test_SIGHUP_reads_the_configuration_again(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "listserver.toml"
    file.write_text('[log]\nformat = "text"\n')
    with Serve(tmp_path / "serve", database=sqlite_url, CONFIG=str(file)) as serve:
        file.write_text('[log]\nformat = "json"\n')
        serve.send(signal.SIGHUP)
        until(lambda: "service-reloaded" in serve.log())
        assert json.loads(serve.log().splitlines()[-1])["event"] == "service-reloaded"
        file.write_text('[log]\nformat = "poem"\n')
        serve.send(signal.SIGHUP)
        until(lambda: "poem" in serve.log())
        assert get(serve.ports["web"], "/healthz")[0] == 200


def test_an_unknown_part_is_said_with_those_there_are(sqlite_url: str, tmp_path: Path) -> None:
    environment = Serve(tmp_path / "serve", database=sqlite_url).environment
    command = [sys.executable, "-m", "listserver", "serve", "--only", "web,tea"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "--only tea is not possible: the parts are smtp, lmtp" in done.stderr
