"""The arguments of MAIL and RCPT (RFC 5321 §4.1.2): strict about characters, never about what an address means."""

import re
from dataclasses import dataclass

# No class overlaps its neighbour, so matching is linear. Characters beyond ASCII: RFC 6531 §3.3; no controls (C0, C1).
_BEYOND = "\u00a0-\ud7ff\ue000-\U0010ffff"
_ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.{_BEYOND}-]+"
_QUOTED = rf'"(?:[ !#-\[\]-~{_BEYOND}]|\\[ -~])*"'
_DOMAIN = rf"[A-Za-z0-9._{_BEYOND}-]+|\[[!-Z^-~]+\]"
_MAILBOX = re.compile(rf"(?:{_ATOM}|{_QUOTED})@(?:{_DOMAIN})")
# RFC 5321 App. C: a source route is accepted and ignored.
_ROUTE = re.compile(rf"@(?:{_DOMAIN})(?:,@(?:{_DOMAIN}))*:")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")


class Malformed(Exception):
    """The argument has no angle brackets or no keyword: not even the shape of MAIL or RCPT."""


@dataclass(frozen=True, slots=True)
class Path:
    """`address` without <> and source route, "" for the null path, None where malformed; parameters upper-cased."""

    address: str | None
    parameters: dict[str, str] | None


def parse(argument: str, keyword: str) -> Path:
    """Read `FROM:<a@b> KEY=value …`; raises Malformed. `parameters` is None where one of them is malformed."""
    if argument[: len(keyword)].upper() != keyword:
        raise Malformed
    inner, rest = _angle(argument[len(keyword) :].lstrip(" "))
    return Path(_address(inner), _parameters(rest))


def _angle(text: str) -> tuple[str, str]:
    """What stands in the brackets, and what follows; a quoted local part may hold brackets itself."""
    if not text.startswith("<"):
        raise Malformed
    quoted = escaped = False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == ">" and not quoted:
            return text[1:at], text[at + 1 :]
    raise Malformed


def _address(inner: str) -> str | None:
    if inner == "" or inner.lower() == "postmaster":  # RFC 5321 §4.5.1: Postmaster needs no domain
        return inner
    route = _ROUTE.match(inner)
    mailbox = inner[route.end() :] if route else inner
    return mailbox if _MAILBOX.fullmatch(mailbox) else None


def _parameters(rest: str) -> dict[str, str] | None:
    if rest and not rest.startswith(" "):
        return None
    found = {}
    for word in rest.split():
        match = _PARAMETER.fullmatch(word)
        if not match or match[1].upper() in found:
            return None
        found[match[1].upper()] = match[2] or ""
    return found
