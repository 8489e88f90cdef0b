"""dkim create, show, rotate: the files, and what is printed."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from listserver import dkim_keys
from listserver.errors import UsageError
from tests.doors.cli import Cli, runner

DOMAIN = "lists.example.org"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    (tmp_path / "listserver.toml").write_text(f'domain = "{DOMAIN}"\n', "utf-8")
    return runner(tmp_path / "listserver.toml", capsys, monkeypatch)


def states(cli: Cli) -> list[tuple[str, str]]:
    return [(row["algorithm"], row["state"]) for row in cli("dkim", "show", "--json").json]


def test_A9_create_makes_two_keys_that_only_we_can_read(cli: Cli, tmp_path: Path) -> None:
    made = cli("dkim", "create", "--json").json
    assert [(row["algorithm"], row["state"]) for row in made] == [("rsa", "active"), ("ed25519", "active")]
    assert made == cli("dkim", "show", "--json").json
    for row in made:
        assert row["name"] == f"{row['selector']}._domainkey.{DOMAIN}"
        assert row["value"].startswith(f"v=DKIM1; k={row['algorithm']}; p=")
        file = tmp_path / "dkim" / "active" / f"{row['selector']}.pem"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    again = cli("dkim", "create")
    assert (again.code, "dkim rotate" in again.err) == (1, True)


def test_records_are_cut_for_zone_files(cli: Cli) -> None:
    assert "dkim create" in cli("dkim", "show").out
    out = cli("dkim", "create").out
    strings = [text for line in out.splitlines() for text in line.split('"')[1::2]]
    assert all(len(text) <= 255 for text in strings)
    assert "".join(strings[:-1]) == cli("dkim", "show", "--json").json[0]["value"]
    assert strings[-1] == cli("dkim", "show", "--json").json[1]["value"]


def test_A9_rotation_publishes_first_and_keeps_the_old_ones(cli: Cli, tmp_path: Path) -> None:
    refused = cli("dkim", "rotate")
    assert (refused.code, "dkim create" in refused.err) == (1, True)
    cli("dkim", "create")
    assert "then run `listserver dkim rotate` again" in cli("dkim", "rotate").out
    assert [state for _, state in states(cli)] == ["active", "active", "next", "next"]
    assert "Leave the old records in the DNS for 7 days" in cli("dkim", "rotate").out
    assert [state for _, state in states(cli)] == ["active", "active", "old", "old"]
    names = {row["selector"] for row in cli("dkim", "show", "--json").json}
    assert len(names) == 4
    for file in (tmp_path / "dkim" / "old").iterdir():
        os.utime(file, (1, 1))
    assert len(cli("dkim", "rotate", "--json").json) == 2
    assert [state for _, state in states(cli)] == ["active", "active", "next", "next"]


def test_A9_keys_that_sign(tmp_path: Path) -> None:
    assert dkim_keys.signing(tmp_path, DOMAIN) == ()
    (rsa, ed25519) = dkim_keys.create(tmp_path, DOMAIN, datetime(2026, 3, 1, tzinfo=UTC))
    assert [key.record for key in dkim_keys.signing(tmp_path, DOMAIN)] == [rsa.key.record, ed25519.key.record]
    (own,) = dkim_keys.signing(tmp_path, DOMAIN, rsa.path, "mine")
    assert own.name == f"mine._domainkey.{DOMAIN}"
    with pytest.raises(UsageError, match="selector"):
        dkim_keys.signing(tmp_path, DOMAIN, rsa.path)


def test_files_that_are_no_keys(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    with pytest.raises(UsageError, match="cannot be read"):
        dkim_keys.load(file, DOMAIN, "s")
    file.write_text("no key", "utf-8")
    file.chmod(0o600)
    with pytest.raises(UsageError, match="no RSA or Ed25519"):
        dkim_keys.load(file, DOMAIN, "s")
    curve = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageError, match="no RSA or Ed25519"):
        dkim_keys.load(file, DOMAIN, "s")
    file.chmod(0o604)
    with pytest.raises(UsageError, match="chmod 600"):
        dkim_keys.load(file, DOMAIN, "s")
    with pytest.raises(UsageError, match="cannot be written"):
        dkim_keys.create(file, DOMAIN, datetime.now(UTC))


def test_a_key_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    (made, _) = dkim_keys.create(tmp_path / "elsewhere", DOMAIN, datetime.now(UTC))
    config = f'domain = "{DOMAIN}"\n[dkim]\nkey_file = "{made.path}"\nselector = "mine"\n'
    (tmp_path / "listserver.toml").write_text(config, "utf-8")
    (row,) = cli("dkim", "show", "--json").json
    assert (row["selector"], row["state"]) == ("mine", "active")
    refused = cli("dkim", "rotate")
    assert (refused.code, "key_file" in refused.err) == (1, True)
