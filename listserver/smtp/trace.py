"""Trace fields (RFC 5321 §4.4): the Received field that we add."""

import re
from dataclasses import dataclass
from email.utils import formatdate

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


@dataclass(frozen=True, slots=True)
class Hop:
    """How a mail came in; `recipient` only where it was the only one (RFC 5321 §7.6), `when` in seconds UTC."""

    helo: str
    client: str
    hostname: str
    protocol: str
    identity: str
    recipient: str
    when: float


def protocol(*, lmtp: bool, extended: bool, tls: bool, utf8: bool) -> str:
    """The word after `with` (RFC 3848; RFC 6531 §4.3)."""
    if utf8:
        word = "UTF8LMTP" if lmtp else "UTF8SMTP"
    elif lmtp:
        word = "LMTP"
    else:
        word = "ESMTP" if extended or tls else "SMTP"
    return word + ("S" if tls else "")


def received(hop: Hop) -> bytes:
    """The Received field, folded, with its CRLF."""
    helo = hop.helo if _PLAIN_NAME.fullmatch(hop.helo) else "unknown"
    client = f" ([{'IPv6:' if ':' in hop.client else ''}{hop.client}])" if hop.client else ""
    target = f"\r\n\tfor <{hop.recipient}>" if hop.recipient else ""
    return (
        f"Received: from {helo}{client}\r\n"
        f"\tby {hop.hostname} with {hop.protocol} id {hop.identity}{target};\r\n"
        f"\t{formatdate(hop.when)}\r\n"
    ).encode()
