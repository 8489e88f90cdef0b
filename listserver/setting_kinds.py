"""What the text of a setting can mean: kinds of values, as config.py names them.

A kind is a function (text, folder that relative paths count from) -> value; it raises ValueError that says what would
be right.
"""

import contextlib
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import idna

Parse = Callable[[str, Path], Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


class Endpoint(NamedTuple):
    """Where something listens: host (IPv6 without brackets) and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def on_this_machine(host: str) -> bool:
    """Whether a host is this very machine, so that what is said to it passes no wire."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def text(text: str, base: Path) -> str:
    """Any text of one line."""
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text.strip()):
        raise ValueError("one line of plain text")
    return text.strip()


def language(text: str, base: Path) -> str:
    """The code of a language."""
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text.strip()):
        raise ValueError("the code of a language, such as en, de or fr")
    return text.strip()


def mail_address(text: str, base: Path) -> str:
    """An address, or "". Whether it is reached, only a mail can tell."""
    if text.strip() and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", text.strip()):
        raise ValueError("an address, such as postmaster@example.org")
    return text.strip()


def _a_labels(name: str) -> str:
    """A name as mail and web carry it (IDNA 2008): münchen.example is xn--mnchen-3ya.example."""
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        raise ValueError("a domain name, such as lists.example.org") from None


def domain(text: str, base: Path) -> str:
    """A domain name, in lower case, with A-labels."""
    name = _a_labels(text.strip().rstrip(".").lower())
    if not re.fullmatch(r"[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)*", name):
        raise ValueError("a domain name, such as lists.example.org")
    return name


def number(text: str, base: Path) -> int:
    """A whole number."""
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        raise ValueError("a whole number, such as 10")
    return int(text)


def positive(text: str, base: Path) -> int:
    """A whole number that is not 0: with none of these nothing would move."""
    if not number(text, base):
        raise ValueError("1 or more")
    return number(text, base)


def size(text: str, base: Path) -> int:
    """A number of octets, with or without a unit."""
    match = re.fullmatch(r"\s*([0-9]{1,12})\s*([KMG]I?B)?\s*", text, re.IGNORECASE)
    if match is None or not int(match[1]):
        raise ValueError("a number of octets, or such as 25 MiB")
    return int(match[1]) * _UNITS[(match[2] or "").upper()]


def path(text: str, base: Path) -> Path | None:
    """A path, None if empty."""
    return base / Path(text.strip()).expanduser() if text.strip() else None


def folder(text: str, base: Path) -> Path:
    """A folder; empty is that of the file."""
    return base / Path(text.strip()).expanduser()


def names(text: str, base: Path) -> tuple[str, ...]:
    """Texts with commas between."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def networks(text: str, base: Path) -> tuple[Network, ...]:
    """IP addresses and networks with commas between."""
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in names(text, base))
    except ValueError:
        raise ValueError("IP addresses or networks, such as 127.0.0.1, 10.0.0.0/8") from None


def endpoints(default_port: int | None = None) -> Parse:
    """Hosts and ports with commas between; the port may be left out where there is a default."""

    def parse(text: str, base: Path) -> tuple[Endpoint, ...]:
        return tuple(_endpoint(item, default_port) for item in names(text, base))

    return parse


def name_servers(text: str, base: Path) -> tuple[Endpoint, ...]:
    """IP addresses, with or without a port: a name would need a name server to be found."""
    found: tuple[Endpoint, ...] = endpoints(53)(text, base)
    try:
        for server in found:
            ipaddress.ip_address(server.host)
    except ValueError:
        raise ValueError("IP addresses, such as 127.0.0.1, or 127.0.0.1:53") from None
    return found


def _endpoint(item: str, default_port: int | None) -> Endpoint:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:\[\]]*))(?::([0-9]{1,5}))?", item)
    port = int(match[3]) if match and match[3] else default_port
    if match is None or port is None or port > 65535 or not (match[1] or match[2]):
        example = "127.0.0.1:8025, or [::1]:8025" if default_port is None else f"127.0.0.1, or 127.0.0.1:{default_port}"
        raise ValueError(f"host and port, such as {example}")
    return Endpoint(match[1] or match[2], port)


def words(*words: str) -> Parse:
    """One of these words."""

    def parse(text: str, base: Path) -> str:
        if text.strip() not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text.strip()

    return parse


def url(*schemes: str) -> Parse:
    """A URL of one of these schemes, or ""."""

    def parse(text: str, base: Path) -> str:
        text = text.strip()
        if text and (text.partition("://")[0] not in schemes or not text.partition("://")[2]):
            raise ValueError("a URL that begins with " + " or ".join(f"{scheme}://" for scheme in schemes))
        if text.startswith("http") and any(c in text for c in "?#@ "):
            raise ValueError("a URL of host and path only, such as https://lists.example.org")
        try:
            host, port = urlsplit(text).hostname or "", urlsplit(text).port  # raises where the port is none
        except ValueError:
            raise ValueError("a URL whose port, if any, is a number up to 65535") from None
        if text.startswith("http") and not host.isascii():  # it stands in header fields
            port_too = f"{_a_labels(host)}:{port}" if port else _a_labels(host)
            return urlsplit(text)._replace(netloc=port_too).geturl()
        return text

    return parse


def database(text: str, base: Path) -> str:
    """The URL of a database, its path made absolute."""
    found: str = url("sqlite", "postgresql+psycopg", "postgresql")(text, base)
    if not found:
        raise ValueError("sqlite:///FILE or postgresql+psycopg://user@host/name")
    if found.startswith("sqlite"):
        name = found.removeprefix("sqlite:///")
        if name in ("", found):
            raise ValueError("sqlite:///FILE, with three slashes before the file")
        return f"sqlite:///{base / name}"
    return re.sub(r"^postgresql:", "postgresql+psycopg:", found)
