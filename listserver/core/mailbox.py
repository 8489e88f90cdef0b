"""What a mail that lies in a mailbox still tells of the envelope that brought it there.

Whoever delivered it has written the envelope's recipient into a field, each in a way of its own, and the envelope's
sender into Return-Path (RFC 5321 §4.4). Where it has not, the recipients are those that the author named.
"""

import re
from collections.abc import Callable

from listserver.core.address import key
from listserver.core.addrspec import addr_spec, addresses
from listserver.core.message import Post

# What was asked for at RCPT comes first; Delivered-To (RFC 9228) may name the mailbox that it ended in.
RECIPIENT_FIELDS = ("X-Original-To", "X-Envelope-To", "Envelope-To", "Original-Recipient", "Delivered-To")
MOST = 100  # recipients of one mail, as in SMTP (standards S7)


def recipients(post: Post, domain: str, ours: Callable[[str], bool]) -> tuple[str, ...]:
    """The addresses of ours that the mail was sent to, each once; () if there are none.

    domain: of our lists. ours: whether an address at it exists; asked at most MOST times for each group of fields.
    """
    for name in RECIPIENT_FIELDS:
        values = [field.value.rpartition(b";")[2] for field in post.by_name.get(name.lower(), ())]  # rfc822;address
        written = [box.address for value in values for box in addresses(value).mailboxes]
        if found := _ours(written, domain, ours):
            return found[:1] if name == "Delivered-To" else found  # below the first stand those of earlier hops
    return _ours([box.address for box in post.recipients], domain, ours)


def sender(post: Post) -> str:
    """The envelope's sender: that of Return-Path, "" for the null sender; the author where there is no such field."""
    paths = post.all("Return-Path")
    if paths:
        return addr_spec(paths[0].strip().strip("<>"))
    return post.authors[0].address if post.authors else ""


def _ours(written: list[str], domain: str, ours: Callable[[str], bool]) -> tuple[str, ...]:
    at = key(f"@{domain}")
    here = {key(address): address for address in reversed(written) if key(address).endswith(at)}
    return tuple(address for address in list(reversed(here.values()))[:MOST] if ours(address))


_LINE_END = re.compile(rb"\r\n|\r|\n")
_RETURN_PATH = re.compile(rb"^return-path[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def as_received(octets: bytes) -> bytes:
    """A mail from a trusted place, as SMTP would have given it: CRLF line ends, no Return-Path (S2, S25)."""
    octets = _LINE_END.sub(b"\r\n", octets)
    stop = octets.find(b"\r\n\r\n")
    head = octets if stop < 0 else octets[: stop + 2]
    return without_return_path(head) + octets[len(head) :]


def without_return_path(header: bytes) -> bytes:
    """The header block without any Return-Path: only the last hop may write it, from the envelope sender (§4.4)."""
    if b"return-path" not in header.lower():
        return header
    return _RETURN_PATH.sub(b"", header)
