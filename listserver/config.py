"""Settings of the site: typed, frozen, read once from TOML and the environment, handed down as values.

Only cli/ and service.py read them. Each setting is documented here, where it is declared, and nowhere else: the sample
(config/listserver.toml) and `config show` are made from these types. Settings of one list are core/settings.py.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from listserver import setting_kinds as kinds
from listserver.core.site import Site
from listserver.errors import UsageError
from listserver.setting_kinds import Endpoint as Endpoint

if TYPE_CHECKING:
    from listserver.core.policy import Check

PLACES = (Path("listserver.toml"), Path("/etc/listserver/listserver.toml"))
_PREFIX = "LISTSERVER_"
_CONFIG = "LISTSERVER_CONFIG"  # names the file; not a setting


def _setting(written: str, parse: kinds.Parse, doc: str, *, secret: bool = False) -> Any:
    """written: the default, as it stands in the sample. secret: it can hold a password, so `config show` masks it."""
    return field(metadata={"written": written, "parse": parse, "doc": doc, "secret": secret})


# --- the settings -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Mail that comes in by SMTP or LMTP."""

    listen: tuple[Endpoint, ...] = _setting(
        "127.0.0.1:8025", kinds.endpoints(), "Where we listen for SMTP, comma-separated; empty = nowhere."
    )
    lmtp_listen: tuple[Endpoint, ...] = _setting(
        "",
        kinds.endpoints(),
        "Where we listen for LMTP (an answer per list), such as 127.0.0.1:8024; empty = nowhere.",
    )
    tls_cert: Path | None = _setting("", kinds.path, "Certificate chain (PEM) for STARTTLS; empty = not offered.")
    tls_key: Path | None = _setting("", kinds.path, "Its private key (PEM).")
    tls_required: Literal["on", "off"] = _setting(
        "off",
        kinds.words("on", "off"),
        "on: SMTP takes no mail without STARTTLS. Never where the world's mail comes in.",
    )
    max_size: int = _setting("25 MiB", kinds.size, "Largest mail that is taken at all; a list's max_size can be less.")
    trusted_hosts: tuple[kinds.Network, ...] = _setting(
        "127.0.0.1, ::1",
        kinds.networks,
        "Our own mail servers (addresses or networks): their Authentication-Results are believed, no limits hold.",
    )
    proxies: tuple[kinds.Network, ...] = _setting(
        "",
        kinds.networks,
        "Load balancers before us (addresses or networks): each connection of theirs must begin with a PROXY header, "
        "v1 or v2.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Whose word counts on where a mail came from."""

    authserv_id: str = _setting(
        "",
        kinds.text,
        "Name under which our own mail server writes Authentication-Results; empty = the domain; none = it writes "
        "none, so that nobody is believed.",
    )
    trusted_sealers: tuple[str, ...] = _setting(
        "",
        kinds.names,
        "Domains of forwarders, such as google.com: a post that they broke is not held where their ARC seal "
        "says that it came whole.",
    )

    @property
    def believed(self) -> str:
        """The name whose results are believed, "" = nobody's."""
        return "" if self.authserv_id.lower() == "none" else self.authserv_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where everything is kept."""

    url: str = _setting(
        "sqlite:///listserver.db", kinds.database, "sqlite:///FILE or postgresql+psycopg://user@host/name.", secret=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The mail server that takes our copies out."""

    url: str = _setting(
        "smtp://127.0.0.1:25",
        kinds.url("smtp", "smtps", "smtp+starttls", "folder"),
        "smtp://, smtps:// or smtp+starttls://[user:password@]host[:port], or folder:///path for a Maildir (to try).",
        secret=True,
    )
    connections: int = _setting("20", kinds.positive, "Connections to it at a time, at most.")
    per_second: int = _setting("0", kinds.number, "Copies handed to it in a second, at most; 0 = as fast as it can.")
    xverp: Literal["auto", "on", "off"] = _setting(
        "auto", kinds.words("auto", "on", "off"), "Postfix's XVERP, many copies in one go: where it is offered (auto)."
    )
    timeout: int = _setting("300", kinds.positive, "Seconds to wait for any of its answers.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The web archive, and /healthz and /metrics."""

    listen: tuple[Endpoint, ...] = _setting(
        "127.0.0.1:8080", kinds.endpoints(), "Where we listen for HTTP, behind nginx or Caddy; empty = no web."
    )
    base_url: str = _setting(
        "",
        kinds.url("http", "https"),
        "How readers reach it, such as https://lists.example.org; empty = http:// and the address it listens on.",
    )
    proxies: tuple[kinds.Network, ...] = _setting(
        "127.0.0.1, ::1",
        kinds.networks,
        "Web servers before us whose X-Forwarded-For is believed (addresses or networks).",
    )
    searches_per_minute: int = _setting(
        "60", kinds.number, "Searches and mbox files that one visitor gets in a minute; 0 = no limit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """Name servers for SPF, DKIM, DMARC and `doctor`."""

    servers: tuple[Endpoint, ...] = _setting(
        "", kinds.name_servers, "Such as 127.0.0.1:5353, comma-separated; empty = the system's."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imap:
    """A mailbox that is fetched, where no mail server hands mail to us."""

    url: str = _setting(
        "",
        kinds.url("imap", "imaps"),
        "imaps://user:password@host[:port], or imap:// with STARTTLS; empty = no mailbox is fetched.",
        secret=True,
    )
    folder: str = _setting("INBOX", kinds.text, "Which of its folders.")
    move_to: str = _setting(
        "", kinds.text, "Folder that mail goes to once it is taken; empty = it stays, marked as read."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """Our signature on the copies."""

    selector: str = _setting("", kinds.text, "Selector of key_file; empty = the keys that `dkim create` made.")
    key_file: Path | None = _setting("", kinds.path, "A private key (PEM) of your own; empty = those of `dkim create`.")
    arc: Literal["on", "off"] = _setting(
        "off", kinds.words("on", "off"), "on: posts get an ARC seal by the same key as well (RFC 8617, an experiment)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What happens, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", kinds.words("debug", "info", "warning", "error"), "debug, info, warning or error."
    )
    format: Literal["text", "json"] = _setting("text", kinds.words("text", "json"), "text, or json: one object a line.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the site. What is empty and can be derived (site_name, admin_email, base_url, …) is filled in."""

    site_name: str = _setting("", kinds.text, "Name of the site in mails and pages; empty = the domain.")
    domain: str = _setting("lists.example.org", kinds.domain, "Domain of the lists' addresses. This one is required.")
    admin_email: str = _setting(
        "", kinds.mail_address, "Where those who run the site are reached; empty = postmaster@ the domain."
    )
    language: str = _setting(
        "en", kinds.language, "Language of mails and pages where neither member nor list chose one."
    )
    data_dir: Path = _setting(
        ".", kinds.folder, "Folder for keys and for texts of your own (templates/, lists/NAME/templates/)."
    )
    checks: tuple[str, ...] = _setting(
        "", kinds.names, "Checks of your own for incoming posts: package.module:function, comma-separated."
    )
    smtp: Smtp
    auth: Auth
    database: Database
    relay: Relay
    web: Web
    dns: Dns
    imap: Imap
    dkim: Dkim
    log: Log


# --- reading ----------------------------------------------------------------------------------------------------------
def find(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one given, else $LISTSERVER_CONFIG, else the first of PLACES; None if there is none.

    Raises UsageError where a file that was named is not there.
    """
    named = given or (Path(environ[_CONFIG]) if environ.get(_CONFIG) else None)
    if named is None:
        return next((place for place in PLACES if place.is_file()), None)
    if not named.is_file():
        raise UsageError(f"There is no configuration file {named}. `listserver init` makes one.")
    return named


def load(given: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings from file and environment. Raises UsageError that names file, key and what would be right."""
    path = find(given, environ)
    if path is None:
        return build({}, environ, origin="no configuration file, and the environment")
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    return build(values, environ, base=path.absolute().parent, origin=str(path))


def build(
    values: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    *,
    base: Path | None = None,
    origin: str = "settings",
) -> Settings:
    """Settings from a nested mapping as TOML gives it, and the environment, which wins.

    base: folder that relative paths count from, by default the current one. origin: names the mapping in errors.
    """
    sources: dict[str, tuple[str, str]] = {}  # dotted name -> (where it stands, text)
    _from_file(values, origin, sources)
    _from_environment(environ or {}, sources)
    if "domain" not in sources:
        raise UsageError(f'{origin}: domain is missing. Write domain = "lists.example.org" with your own domain.')
    read: dict[str, Any] = {}
    for name, each in _declared():
        where, text = sources.get(name, ("default", each.metadata["written"]))
        read[name] = _parsed(each, where, text, base or Path.cwd())
    return _derived(read)


def site_of(settings: Settings, secret: bytes) -> Site:
    """What the meaning of a mail depends on of these settings. secret: the database's (store.site.secret)."""
    return Site(
        domain=settings.domain,
        name=settings.site_name,
        admin_email=settings.admin_email,
        language=settings.language,
        base_url=settings.web.base_url if settings.web.listen else "",
        secret=secret,
        templates=(str(settings.data_dir / "templates"),),
        authserv_id=settings.auth.believed,
    )


def checks_of(settings: Settings) -> "tuple[Check, ...]":
    """The site's own checks, imported. Raises UsageError for one that cannot be had."""
    found = []
    for name in settings.checks:
        module, _, function = name.partition(":")
        try:
            found.append(getattr(import_module(module), function))
        except (ImportError, AttributeError, ValueError) as error:
            raise UsageError(
                f"checks = {name!r} is not possible: {error}. Write package.module:function, of a package that is "
                "installed where listserver is."
            ) from error
    return tuple(found)


def _from_file(values: Mapping[str, Any], origin: str, sources: dict[str, tuple[str, str]]) -> None:
    known = dict(_declared())
    sections = {name.partition(".")[0] for name in known if "." in name}
    for name, value in _flat(values, origin, sections):
        section, dot, _ = name.rpartition(".")
        if name not in known:
            raise UsageError(f"{origin}: there is no setting {_shown_name(name)}. {_alternatives(section + dot)}")
        where = f"{origin}: {_shown_name(name)}"
        sources[name] = (where, _as_text(where, value))


def _flat(values: Mapping[str, Any], origin: str, sections: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if name not in sections:
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            raise UsageError(f"{origin}: {name} is a section. Write [{name}] on a line of its own, its keys below.")


def _from_environment(environ: Mapping[str, str], sources: dict[str, tuple[str, str]]) -> None:
    variables = {variable_of(name): name for name, _ in _declared()}
    for variable, text in environ.items():
        if variable in variables:
            sources[variables[variable]] = (f"environment: {variable}", text)
        elif variable.startswith(_PREFIX) and variable != _CONFIG:
            section = variable.removeprefix(_PREFIX).lower().rpartition("__")[0]
            hint = _alternatives(f"{section}." if section else "")
            raise UsageError(f"environment: {variable} is no setting. {hint}")


def _as_text(where: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    raise UsageError(f"{where} = {value!r} is not possible: write a text in quotes, a whole number or a list of texts.")


def _parsed(each: Field[Any], where: str, text: str, base: Path) -> Any:
    try:
        return each.metadata["parse"](text, base)
    except ValueError as error:
        shown = _masked(text) if each.metadata["secret"] else text
        raise UsageError(f"{where} = {shown!r} is not possible: write {error}.") from error


def _derived(read: dict[str, Any]) -> Settings:
    """Fill in what is empty and follows from the rest, and put the sections together."""
    domain = read["domain"]
    if read["smtp.tls_required"] == "on" and read["smtp.tls_cert"] is None:
        raise UsageError("[smtp] tls_required is on, and there is no certificate: name one in [smtp] tls_cert.")
    read["site_name"] = read["site_name"] or domain
    read["admin_email"] = read["admin_email"] or f"postmaster@{domain}"
    read["auth.authserv_id"] = read["auth.authserv_id"] or domain
    listen = read["web.listen"][0] if read["web.listen"] else None
    read["web.base_url"] = read["web.base_url"].rstrip("/") or (f"http://{listen}" if listen else f"https://{domain}")
    sections: dict[str, Any] = {
        each.name: each.type(**{inner.name: read[f"{each.name}.{inner.name}"] for inner in fields(each.type)})
        for each in fields(Settings)
        if isinstance(each.type, type) and is_dataclass(each.type)
    }
    return Settings(**sections, **{name: value for name, value in read.items() if "." not in name})


def _declared() -> Iterator[tuple[str, Field[Any]]]:
    """Every setting, as (dotted name, field), in the order of the sample."""
    for each in fields(Settings):
        if isinstance(each.type, type) and is_dataclass(each.type):
            yield from ((f"{each.name}.{inner.name}", inner) for inner in fields(each.type))
        else:
            yield each.name, each


def _shown_name(name: str) -> str:
    section, dot, key = name.rpartition(".")
    return f"[{section}] {key}" if dot else key


def _alternatives(prefix: str) -> str:
    """What there is instead. prefix: "smtp." for a section, "" for the top level."""
    here = [n.removeprefix(prefix) for n, _ in _declared() if n.startswith(prefix) and "." not in n[len(prefix) :]]
    sections = dict.fromkeys(name.partition(".")[0] for name, _ in _declared() if "." in name)
    if prefix and here:
        return f"[{prefix[:-1]}] has {', '.join(here)}."
    top = [name for name, _ in _declared() if "." not in name]
    return f"There are {', '.join(top)}, and the sections {', '.join(f'[{s}]' for s in sections)}."


# --- showing ----------------------------------------------------------------------------------------------------------
def names() -> tuple[str, ...]:
    """All settings, dotted ("smtp.listen"), in the order of the sample."""
    return tuple(name for name, _ in _declared())


def variable_of(name: str) -> str:
    """The environment variable of a setting: smtp.listen -> LISTSERVER_SMTP__LISTEN."""
    return _PREFIX + name.replace(".", "__").upper()


def shown(settings: Settings) -> dict[str, Any]:
    """The settings in effect, nested as in the file, passwords masked; for `config show`."""
    result: dict[str, Any] = {}
    for name, each in _declared():
        section, dot, key = name.rpartition(".")
        value: Any = getattr(getattr(settings, section) if dot else settings, key)
        text: Any = value if isinstance(value, int) else _written(value)
        place = result.setdefault(section, {}) if dot else result
        place[key] = _masked(text) if each.metadata["secret"] else text
    return result


def sample(given: Mapping[str, str] | None = None) -> str:
    """A commented configuration file with every setting at its default; those `given` (dotted) stand uncommented."""
    wanted = {"domain": "lists.example.org", **(given or {})}
    lines = [
        "# Configuration of listserver. Lines that begin with # show the defaults.",
        "# Every setting can be given by environment too, such as LISTSERVER_SMTP__LISTEN; that wins over this file.",
        "# Relative paths count from the folder of this file.",
    ]
    section = ""
    for name, each in _declared():
        if name.rpartition(".")[0] != section:
            section = name.rpartition(".")[0]
            kind = next(f.type for f in fields(Settings) if f.name == section)
            lines += ["", f"[{section}]  # {str(kind.__doc__).strip()}"]
        key = name.rpartition(".")[2]
        lines += ["", f"# {each.metadata['doc']}"] if not section else [f"# {each.metadata['doc']}"]
        value = wanted.get(name, each.metadata["written"])
        lines.append(f"{'' if name in wanted else '# '}{key} = {_quoted(value)}")
    return "\n".join(lines) + "\n"


def toml(values: Mapping[str, Any]) -> str:
    """A nested mapping as `shown` makes it, as TOML."""
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for section, inner in values.items():
        if isinstance(inner, dict):
            lines += ["", f"[{section}]", *(f"{key} = {_quoted(value)}" for key, value in inner.items())]
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    text = str(value)
    if text.isascii() and text.isdigit():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _masked(url: str) -> str:
    """The URL with ***** for its password; one that cannot be taken apart is masked whole."""
    try:
        parts = urlsplit(url)
        secret = parts.password
    except ValueError:
        return "*****"
    if secret is None:
        return url
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:*****@{parts.netloc.rpartition('@')[2]}"))
