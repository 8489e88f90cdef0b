"""SPF records and macros (RFC 7208 §4.6, §5-§7, §12): text -> terms; a term's domain for one mail."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
_EXPAND = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])(\d{0,3})([rR]?)([.\-+,/_=]*)\}|([%_-])|(.?))", re.S)
_TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)((?:[:/].*)?)$", re.I | re.S)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)$", re.S)
_CIDR = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?$")
_TOP = re.compile(r"\.(?!\d+\.?$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?$")
_VISIBLE = re.compile(r"[\x21-\x7e]*$")


class RecordError(Exception):
    """The record does not follow the syntax: permerror (§4.6)."""


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism. qualifier: one of + - ~ ?. domain: the domain-spec with its macros, "" for the current domain.
    network: for ip4 and ip6. cidr4, cidr6: prefix lengths of a and mx."""

    qualifier: str
    name: str
    domain: str = ""
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    cidr4: int = 32
    cidr6: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    """A record: mechanisms in order, and the target of redirect, "" if none."""

    terms: tuple[Term, ...]
    redirect: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (§4.5)."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


def parse(text: str) -> Record:
    """Parse a record wholly, so that an error after a match counts too (§4.6). Raises RecordError."""
    if not text.isascii():
        raise RecordError("not ASCII")
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text[6:].split(" "):
        if not word:
            continue
        found = _TERM.match(word)
        if found:
            terms.append(_mechanism(found.group(1) or "+", found.group(2).lower(), found.group(3)))
            continue
        modifier = _MODIFIER.match(word)
        if not modifier:
            raise RecordError(f"what is {word!r}?")
        name, value = modifier.group(1).lower(), modifier.group(2)
        _check_macros(value, also="crt" if name == "exp" else "")
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise RecordError(f"{name} twice")
            _check_domain(value)
            modifiers[name] = value
    return Record(tuple(terms), modifiers.get("redirect", ""))


def _mechanism(qualifier: str, name: str, rest: str) -> Term:
    if name == "all":
        if rest:
            raise RecordError("all takes no argument")
        return Term(qualifier, name)
    if name in ("ip4", "ip6"):
        return Term(qualifier, name, network=_network(name, rest))
    if name in ("include", "exists"):
        if not rest.startswith(":"):
            raise RecordError(f"{name} needs a domain")
        return Term(qualifier, name, _check_domain(rest[1:]))
    if name == "ptr":
        if rest and not rest.startswith(":"):
            raise RecordError("ptr takes a domain only")
        return Term(qualifier, name, _check_domain(rest[1:]) if rest else "")
    return _with_prefix(qualifier, name, rest)


def _with_prefix(qualifier: str, name: str, rest: str) -> Term:
    """a and mx: [":" domain-spec] ["/" cidr] ["//" cidr]; a domain may hold slashes too."""
    found = _CIDR.search(rest)
    assert found is not None
    domain = rest[: found.start()]
    if domain and not domain.startswith(":"):
        raise RecordError(f"{rest!r} is no domain and prefix length")
    cidr4, cidr6 = int(found.group(1) or 32), int(found.group(2) or 128)
    if cidr4 > 32 or cidr6 > 128:
        raise RecordError("prefix too long")
    return Term(qualifier, name, _check_domain(domain[1:]) if domain else "", None, cidr4, cidr6)


def _network(name: str, rest: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address, _, prefix = rest[1:].partition("/")
    longest = 32 if name == "ip4" else 128
    if not rest.startswith(":") or (prefix and not re.fullmatch(r"0|[1-9]\d{0,2}", prefix)) or rest.endswith("/"):
        raise RecordError(f"{name}{rest} is no network")
    if prefix and int(prefix) > longest:
        raise RecordError("prefix too long")
    try:
        if name == "ip4":
            return ipaddress.IPv4Network(f"{address}/{prefix or 32}", strict=False)
        return ipaddress.IPv6Network(f"{address}/{prefix or 128}", strict=False)
    except ValueError as error:
        raise RecordError(str(error)) from error


def _check_macros(text: str, also: str = "") -> None:
    if not _VISIBLE.match(text):
        raise RecordError("control characters")
    for found in _EXPAND.finditer(text):
        letter, digits = found.group(1), found.group(2)
        if found.group(6) is not None:
            raise RecordError("a lone %")
        if letter and ((digits and int(digits) == 0) or (letter.lower() in "crt" and letter.lower() not in also)):
            raise RecordError(f"macro {found.group()}")


def _check_domain(text: str) -> str:
    """A domain-spec: macro-string that ends in a macro or a top label (§7.1)."""
    _check_macros(text)
    if not text or not (text.endswith("}") or _TOP.search(text)):
        raise RecordError(f"{text!r} is no domain")
    return text


@dataclass(frozen=True, slots=True)
class Macros:
    """What the macros of §7.2 stand for in one mail. validated: the client's name by PTR, for %{p}."""

    ip: Ip
    sender: str
    helo: str
    validated: str = "unknown"

    def expand(self, spec: str, domain: str) -> str:
        """The domain that a domain-spec means, at most 253 octets: labels fall off at the left (§7.3)."""
        text = _EXPAND.sub(lambda found: self._one(found, domain), spec).rstrip(".") if spec else domain
        if len(text) <= 253:
            return text
        tail = text[-254:]  # with what stands before: a dot if the rest is whole labels
        return tail.partition(".")[2] or text

    def _one(self, found: re.Match[str], domain: str) -> str:
        if found.group(5):
            return {"%": "%", "_": " ", "-": "%20"}[found.group(5)]
        letter = found.group(1)
        local, _, of = self.sender.rpartition("@")
        value = {
            "s": self.sender,
            "l": local,
            "o": of,
            "d": domain,
            "i": self._dotted(),
            "p": self.validated,
            "h": self.helo,
            "v": "in-addr" if self.ip.version == 4 else "ip6",
        }[letter.lower()]
        parts = re.split(f"[{re.escape(found.group(4) or '.')}]", value)
        if found.group(3):
            parts.reverse()
        if found.group(2):
            parts = parts[-int(found.group(2)) :]
        text = ".".join(parts)
        return quote(text, safe="-._~") if letter.isupper() else text

    def _dotted(self) -> str:
        return str(self.ip) if self.ip.version == 4 else ".".join(self.ip.exploded.replace(":", ""))
