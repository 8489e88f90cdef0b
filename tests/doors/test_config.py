"""The site's settings: file and environment, errors that say what would be right, the generated sample."""

import re
import tomllib
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from listserver import config, resources
from listserver.config import Endpoint
from listserver.errors import UsageError

DOMAIN = {"domain": "lists.example.org"}


def test_everything_but_the_domain_has_a_default_and_what_follows_from_it_is_filled_in(tmp_path: Path) -> None:
    got = config.build(DOMAIN, base=tmp_path)
    assert got.site_name == got.auth.authserv_id == "lists.example.org"
    assert got.admin_email == "postmaster@lists.example.org"
    assert got.smtp.listen == (Endpoint("127.0.0.1", 8025),)
    assert got.smtp.max_size == 25 * 2**20
    assert got.web.base_url == "http://127.0.0.1:8080"
    assert (got.smtp.lmtp_listen, got.smtp.tls_cert, got.dns.servers) == ((), None, ())


def test_S10_tls_cannot_be_required_without_a_certificate(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[smtp\] tls_cert"):
        config.build({**DOMAIN, "smtp": {"tls_required": "on"}})
    given = {"tls_required": "on", "tls_cert": str(tmp_path / "x.pem")}
    assert config.build({**DOMAIN, "smtp": given}).smtp.tls_required == "on"


def test_I1_names_of_the_site_are_a_labels_wherever_mail_carries_them() -> None:
    got = config.build({"domain": "Lists.Straße.example", "web": {"base_url": "https://münchen.example:8443/listen"}})
    assert got.domain == "lists.xn--strae-oqa.example"
    assert got.web.base_url == "https://xn--mnchen-3ya.example:8443/listen"
    assert config.build({**DOMAIN, "web": {"base_url": "http://münchen.example"}}).web.base_url.endswith("-3ya.example")
    with pytest.raises(UsageError, match="a domain name"):
        config.build({"domain": "a\u2024\u0301.example"})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        config.build(DOMAIN).domain = "other.example.org"  # type: ignore[misc]


def test_the_environment_wins_over_the_file_and_lists_are_comma_separated(tmp_path: Path) -> None:
    file = tmp_path / "listserver.toml"
    file.write_text('domain = "a.example"\n[smtp]\nlisten = ["127.0.0.1:1", "[::1]:2"]\nlmtp_listen = "127.0.0.1:3"\n')
    environ = {"LISTSERVER_SMTP__LMTP_LISTEN": "127.0.0.1:4,[::1]:5", "LISTSERVER_SITE_NAME": "Lists", "HOME": "/"}
    got = config.load(file, environ)
    assert got.smtp.listen == (Endpoint("127.0.0.1", 1), Endpoint("::1", 2))
    assert got.smtp.lmtp_listen == (Endpoint("127.0.0.1", 4), Endpoint("::1", 5))
    assert got.site_name == "Lists"


def test_all_of_it_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("listserver.toml"),))
    assert config.load(None, {"LISTSERVER_DOMAIN": "Lists.Example.ORG."}).domain == "lists.example.org"


def test_the_file_is_the_one_named_else_the_variable_else_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("given", "variable", "listserver"):
        (tmp_path / f"{name}.toml").write_text(f'domain = "{name}.example"\n')
    environ = {"LISTSERVER_CONFIG": "variable.toml"}
    assert config.load(Path("given.toml"), environ).domain == "given.example"
    assert config.load(None, environ).domain == "variable.example"
    assert config.load(None, {}).domain == "listserver.example"


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "listserver.toml"
    file.write_text('domain = "a.example"\n[smtp]\ntls_cert = "cert.pem"\ntls_key = "/etc/key.pem"\n')
    got = config.load(file, {})
    assert (got.data_dir, got.smtp.tls_cert, got.smtp.tls_key) == (
        tmp_path,
        tmp_path / "cert.pem",
        Path("/etc/key.pem"),
    )
    assert got.database.url == f"sqlite:///{tmp_path / 'listserver.db'}"


@pytest.mark.parametrize(
    ("values", "environ", "hint"),
    [
        ({}, {}, r'FILE: domain is missing. Write domain = "'),
        ({**DOMAIN, "colour": 1}, {}, r"FILE: there is no setting colour. There are site_name, domain"),
        ({**DOMAIN, "smtp": {"port": 25}}, {}, r"FILE: there is no setting \[smtp\] port. \[smtp\] has listen"),
        ({**DOMAIN, "mail": {"port": 25}}, {}, r"FILE: there is no setting mail. .* sections \[smtp\], \[auth\]"),
        ({**DOMAIN, "smtp": 25}, {}, r"FILE: smtp is a section. Write \[smtp\]"),
        ({**DOMAIN, "smtp": {"listen": 25}}, {}, r"FILE: \[smtp\] listen = '25' .* such as 127.0.0.1:8025"),
        ({**DOMAIN, "smtp": {"listen": "h:99999"}}, {}, r"host and port"),
        ({**DOMAIN, "smtp": {"listen": True}}, {}, r"\[smtp\] listen = True is not possible: write a text in quotes"),
        ({**DOMAIN, "smtp": {"max_size": "25 parsecs"}}, {}, r"write a number of octets, or such as 25 MiB"),
        ({"domain": "not a name"}, {}, r"domain = 'not a name' .* such as lists.example.org"),
        ({**DOMAIN, "relay": {"timeout": "soon"}}, {}, r"\[relay\] timeout = 'soon' .* a whole number"),
        ({**DOMAIN, "relay": {"timeout": 0}}, {}, r"\[relay\] timeout = '0' .* write 1 or more"),
        ({**DOMAIN, "relay": {"connections": 0}}, {}, r"\[relay\] connections = '0' .* write 1 or more"),
        ({**DOMAIN, "smtp": {"max_size": 0}}, {}, r"write a number of octets"),
        ({**DOMAIN, "dns": {"servers": "ns.example.org"}}, {}, r"write IP addresses"),
        ({**DOMAIN, "web": {"base_url": "https://u:p@lists.example.org/?x"}}, {}, r"host and path only"),
        ({**DOMAIN, "admin_email": "the admin"}, {}, r"write an address, such as postmaster@example.org"),
        ({**DOMAIN, "language": "German"}, {}, r"code of a language, such as en, de or fr"),
        ({**DOMAIN, "site_name": "Lists\nBcc: mallory@example.com"}, {}, r"one line of plain text"),
        ({**DOMAIN, "relay": {"url": "http://x"}}, {}, r"begins with smtp:// or smtps:// or"),
        ({**DOMAIN, "relay": {"url": "smtp://x:70000"}}, {}, r"port"),
        ({**DOMAIN, "database": {"url": "sqlite://x.db"}}, {}, r"three slashes"),
        ({**DOMAIN, "database": {"url": ""}}, {}, r"sqlite:///FILE or postgresql"),
        (
            DOMAIN,
            {"LISTSERVER_RELAY__XVERP": "maybe"},
            r"environment: LISTSERVER_RELAY__XVERP = 'maybe' .* auto, on, of",
        ),
        (DOMAIN, {"LISTSERVER_RELAY__COLOUR": "1"}, r"LISTSERVER_RELAY__COLOUR is no setting. \[relay\] has url"),
        (DOMAIN, {"LISTSERVER_COLOUR": "1"}, r"LISTSERVER_COLOUR is no setting. There are site_name"),
    ],
)
def test_errors_name_place_and_key_and_what_would_be_right(
    values: dict[str, object], environ: dict[str, str], hint: str
) -> None:
    with pytest.raises(UsageError, match=hint):
        config.build(values, environ, origin="FILE")


@pytest.mark.parametrize(
    ("content", "hint"),
    [(b"domain = \n", "is not TOML: Invalid value"), (b"\xff", "is not TOML"), (None, "no configur")],
)
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None, hint: str) -> None:
    file = tmp_path / "listserver.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=hint):
        config.load(file, {})


def test_passwords_are_shown_neither_by_config_show_nor_in_errors() -> None:
    urls = {
        "database": {"url": "postgresql://ls:s3cret@db/ls"},
        "relay": {"url": "smtp+starttls://me:s3cret@[::1]:587"},
        "imap": {"url": "imaps://me:s3cret@imap.example.org"},
    }
    shown = config.shown(config.build({**DOMAIN, **urls}))
    assert "s3cret" not in str(shown)
    assert shown["relay"]["url"] == "smtp+starttls://me:*****@[::1]:587"
    assert shown["database"]["url"] == "postgresql+psycopg://ls:*****@db/ls"
    with pytest.raises(UsageError) as caught:
        config.build({**DOMAIN, "relay": {"url": "lmtp://me:s3cret@host"}})
    assert "s3cret" not in str(caught.value)


def test_what_is_shown_can_be_read_again() -> None:
    settings = config.build({**DOMAIN, "site_name": 'The "Lists"', "smtp": {"listen": "[::1]:25, 0.0.0.0:25"}})
    again = config.build(tomllib.loads(config.toml(config.shown(settings))))
    assert again == settings


def test_the_sample_names_every_setting_and_is_nothing_but_the_defaults() -> None:
    sample = config.sample()
    assert config.build(tomllib.loads(sample)) == config.build(DOMAIN)
    values = tomllib.loads(re.sub(r"^# ([a-z_]+ = )", r"\1", sample, flags=re.MULTILINE))
    named = {n for k, v in values.items() for n in ([f"{k}.{i}" for i in v] if isinstance(v, dict) else [k])}
    assert named == set(config.names())


def test_the_shipped_sample_is_the_generated_one() -> None:
    shipped = (resources.folder("config") / "listserver.toml").read_text("utf-8")
    assert shipped == config.sample(), "run: listserver config sample > config/listserver.toml"


def test_the_site_is_made_of_the_settings(tmp_path: Path) -> None:
    values = {"domain": "lists.example.org", "web": {"listen": "", "base_url": "https://a.example/"}}
    made = config.site_of(config.build(values, base=tmp_path), b"k")
    assert (made.domain, made.base_url, made.secret, made.name) == ("lists.example.org", "", b"k", "lists.example.org")
    assert made.templates == (str(tmp_path / "templates"),)
    reached = config.site_of(config.build({**values, "web": {"base_url": "https://a.example/"}}, base=tmp_path), b"k")
    assert reached.base_url == "https://a.example"
