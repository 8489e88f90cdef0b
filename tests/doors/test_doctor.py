"""listserver doctor, with a name server on loopback and a real server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from listserver import config, dkim_keys, doctor
from listserver.actions import lists
from listserver.core.actor import OPERATOR
from listserver.core.diagnosis import Line, State
from listserver.core.signing import Key
from listserver.store import migrations
from listserver.store.engine import Store
from listserver.store.site import make_secret
from tests import dns_server, relay
from tests.interop.peers import free_port
from tests.running import Serve

DOMAIN = "lists.example.org"
NAMES = {"mx", "ptr", "spf", "dkim", "dmarc", "relay", "database", "disk", "clock", "queue"}
GOOD = {
    (f"{DOMAIN}.", "MX"): [f"10 mail.{DOMAIN}."],
    (f"mail.{DOMAIN}.", "A"): ["192.0.2.1"],
    (f"{DOMAIN}.", "TXT"): ['"v=spf1 mx -all"'],
    (f"_dmarc.{DOMAIN}.", "TXT"): ['"v=DMARC1; p=none"'],
    ("1.2.0.192.in-addr.arpa.", "PTR"): [f"mail.{DOMAIN}."],
}


@pytest.fixture(autouse=True)
def _no_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_public_addresses", lambda: ())


def _published(keys: list[dkim_keys.Stored]) -> dns_server.Zone:
    return {(f"{one.key.name}.", "TXT"): [_strings(one.key)] for one in keys}


def _strings(key: Key) -> str:
    return " ".join(f'"{key.record[n : n + 250]}"' for n in range(0, len(key.record), 250))


def _examine(zone: dns_server.Zone, url: str, folder: Path, wait: float = 0, **more: Any) -> dict[str, Line]:
    with dns_server.serving(zone) as place:
        values = {"domain": DOMAIN, "data_dir": str(folder), "database": {"url": url}, "dns": {"servers": place}}
        settings = config.build(values | {"relay": {"url": f"folder://{folder}/out"}, "web": {"listen": ""}} | more)
        lines = doctor.examine(settings, lambda: datetime.now(UTC), wait)
    assert len({line.name for line in lines}) == len(lines)
    return {line.name: line for line in lines}


def _states(lines: dict[str, Line], *names: str) -> dict[str, str]:
    return {name: lines[name].state.value for name in names}


def test_mail_for_the_operator_and_the_owners_must_reach_somebody(database_url: str, tmp_path: Path) -> None:
    with Store.open(database_url) as store:
        store.write_now(lambda conn: make_secret(conn, b"s" * 32))
    lines = _examine(GOOD, database_url, tmp_path)
    assert lines["operator"].state is State.WARN and "admin_email" in lines["operator"].fix
    assert lines["owners"].state is State.OK
    with Store.open(database_url) as store:
        store.write_now(lambda conn: lists.create(conn, OPERATOR, "talk", {}, datetime.now(UTC)))
    alone = _examine(GOOD, database_url, tmp_path)["owners"]
    assert (alone.state, alone.text) == (State.WARN, "Nobody is told of posts that wait on: talk.")
    for person in ("olga@example.org", f"olga@{DOMAIN}"):
        assert _examine(GOOD, database_url, tmp_path, admin_email=person)["operator"].state is State.OK


def test_where_all_is_published_the_dns_is_right(database_url: str, tmp_path: Path) -> None:
    with Store.open(database_url) as store:
        store.write_now(lambda conn: make_secret(conn, b"s" * 32))
    keys = dkim_keys.create(tmp_path / "dkim", DOMAIN, datetime.now(UTC))
    lines = _examine({**GOOD, **_published(keys)}, database_url, tmp_path)
    assert set(lines) >= NAMES
    assert set(_states(lines, "mx", "ptr", "spf", "dkim", "dmarc", "database").values()) == {"ok"}, [
        str(line) for line in lines.values() if line.state is State.BAD
    ]
    assert all(line.fix for line in lines.values() if line.state is not State.OK)


def test_where_nothing_is_published_each_record_is_printed(sqlite_url: str, tmp_path: Path) -> None:
    (key, *_) = dkim_keys.create(tmp_path / "dkim", DOMAIN, datetime.now(UTC))
    lines = _examine({}, sqlite_url, tmp_path)
    assert _states(lines, "mx", "spf", "dkim", "dmarc") == {"mx": "bad", "spf": "bad", "dkim": "bad", "dmarc": "warn"}
    assert f"{DOMAIN}. IN MX 10" in lines["mx"].fix
    assert f'{DOMAIN}. IN TXT "v=spf1 mx -all"' in lines["spf"].fix
    assert f"{key.key.name}. IN TXT {key.key.record}" in lines["dkim"].fix
    assert f"_dmarc.{DOMAIN}. IN TXT" in lines["dmarc"].fix


def test_a_dead_dns_is_a_warning_and_no_verdict(sqlite_url: str, tmp_path: Path) -> None:
    dkim_keys.create(tmp_path / "dkim", DOMAIN, datetime.now(UTC))
    lines = _examine({(".", "A"): ["SERVFAIL"]}, sqlite_url, tmp_path)
    assert set(_states(lines, "mx", "spf", "dkim", "dmarc").values()) == {"warn"}


def test_a_database_that_cannot_be_used_is_bad_and_the_rest_is_told(tmp_path: Path) -> None:
    lines = _examine(GOOD, f"sqlite:///{tmp_path}/absent/x.db", tmp_path)
    assert set(lines) >= NAMES
    assert _states(lines, "database", "queue", "mx") == {"database": "bad", "queue": "warn", "mx": "ok"}


def test_an_empty_database_is_bad(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    lines = _examine(GOOD, f"sqlite:///{tmp_path}/x.db", tmp_path)
    assert lines["database"].state is State.BAD
    assert "db upgrade" in lines["database"].fix


def test_the_certificate_is_read(sqlite_url: str, tmp_path: Path) -> None:
    relay.certified(tmp_path)
    files = {"tls_cert": str(tmp_path / "server.pem"), "tls_key": str(tmp_path / "server.pem")}
    lines = _examine(GOOD, sqlite_url, tmp_path, smtp={"listen": "", **files})
    assert lines["tls"].state is State.WARN  # it ends tomorrow
    assert "ends on" in lines["tls"].text
    lines = _examine(GOOD, sqlite_url, tmp_path, smtp={"tls_cert": str(tmp_path / "no.pem")})
    assert lines["tls"].state is State.BAD


def test_a_relay_that_is_not_there_is_bad(sqlite_url: str, tmp_path: Path) -> None:
    lines = _examine(GOOD, sqlite_url, tmp_path, relay={"url": f"smtp://127.0.0.1:{free_port()}"})
    assert lines["relay"].state is State.BAD
    assert "loop" not in lines


def test_a_mailbox_that_cannot_be_fetched_is_bad(sqlite_url: str, tmp_path: Path) -> None:
    lines = _examine(GOOD, sqlite_url, tmp_path, imap={"url": f"imap://a:secretword@127.0.0.1:{free_port()}"})
    assert lines["imap"].state is State.BAD
    assert "secretword" not in lines["imap"].text
    assert _examine(GOOD, sqlite_url, tmp_path, imap={"url": "imap://127.0.0.1"})["imap"].state is State.BAD


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Serve, str]]:
    """A running server whose relay is its own SMTP door: what it sends to itself comes back."""
    url, port = f"sqlite:///{tmp_path}/x.db", free_port()
    migrations.upgrade(url)
    keys = dkim_keys.create(tmp_path / "serve" / "dkim", DOMAIN, datetime.now(UTC))
    with dns_server.serving({**GOOD, **_published(keys)}) as place:
        here = f"127.0.0.1:{port}"
        more = {"SMTP__LISTEN": here, "RELAY__URL": f"smtp://{here}", "DNS__SERVERS": place, "WEB__LISTEN": ""}
        with Serve(tmp_path / "serve", database=url, ADMIN_EMAIL=f"postmaster@{DOMAIN}", **more) as serve:
            yield serve, here


def _command(serve: Serve, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "listserver", "doctor", *args]
    return subprocess.run(command, env=serve.environment, capture_output=True, text=True, timeout=60)


def test_a_mail_to_ourselves_goes_round_and_the_exit_status_tells(site: tuple[Serve, str]) -> None:
    serve, here = site
    done = _command(serve, "--json", "--wait", "15")
    lines = {line["name"]: line for line in json.loads(done.stdout)}
    assert all(set(line) == {"name", "state", "text", "fix"} for line in lines.values())
    found = {name: lines[name]["state"] for name in ("relay", "mta", "loop", "ports", "queue", "database")}
    assert set(found.values()) == {"ok"}, done.stdout + serve.log()
    assert here in lines["ports"]["text"]
    assert done.returncode == (1 if "bad" in {line["state"] for line in lines.values()} else 0)
    assert lines["forgery"]["state"] == "warn"  # this relay passes everything on
    serve._settings["AUTH__AUTHSERV_ID"] = "none"
    assert '"forgery"' not in _command(serve, "--json", "--wait", "15").stdout
    serve.stop()
    text = _command(serve)
    assert text.returncode == 1
    assert "bad  relay" in text.stdout
    assert "-> " in text.stdout
