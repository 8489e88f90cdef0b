"""Header fields for ways that take ASCII only (RFC 6531 §3.2, 6857; standards O3), and lines of a legal length (O9)."""

from collections.abc import Sequence
from urllib.parse import quote

import idna

from listserver.core.addrspec import Mailbox, addresses
from listserver.core.edits import LONGEST_LINE, Splice, mailbox, phrase, write_addresses, write_field, write_tokens
from listserver.core.headers import Field, ids, parameters, text_of

_ADDRESSES = ("from", "sender", "reply-to", "to", "cc", "resent-from", "resent-sender", "resent-to", "resent-cc")
_IDS = ("message-id", "in-reply-to", "references", "resent-message-id")
_PARAMETERS = ("content-type", "content-disposition")
_ROOM = LONGEST_LINE - 100  # octets of one word; the field's name stands before the first
# Fields that other machines wrote for machines: changed they are worth nothing.
_TRACE = ("received", "return-path", "dkim-", "domainkey-", "authentication-", "arc-", "x-google-")


def fit_header(raw: bytes, fields: Sequence[Field], ascii_only: bool) -> list[Splice]:
    """Splices for those fields that cannot travel: over-long lines, and what is not ASCII (or, at least, not UTF-8)."""
    splices = []
    for field in fields:
        octets = raw[field.start : field.end]
        if not octets.isascii() and (ascii_only or not _is_utf8(octets)):
            splices.append(Splice(field.start, field.end, _in_ascii(field)))
        elif len(octets) > LONGEST_LINE and max(map(len, octets.split(b"\n"))) > LONGEST_LINE + 1:
            splices.append(Splice(field.start, field.end, _refolded(field)))
    return splices


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _in_ascii(field: Field) -> bytes:
    name = field.name.lower()
    if name.startswith(_TRACE):
        return b""
    if name in _IDS:
        return _ids(field, [one for one in ids(field.value) if one.isascii()])
    if name in _PARAMETERS:
        return _parameters(field)
    if name in _ADDRESSES:
        ready = [_ascii_mailbox(box) for box in addresses(field.value).mailboxes]
        if ready:
            return write_tokens(field.name, ", ".join(ready).split(" "))
    return write_field(field.name, text_of(field.value))


def _ascii_mailbox(box: Mailbox) -> str:
    """With its domain as A-labels; an address that ASCII cannot say becomes an empty group (6857 §3.1.8)."""
    local, _, domain = box.address.rpartition("@")
    if local.isascii() and (a_label := ascii_domain(domain)):
        return mailbox(Mailbox(box.name, f"{local}@{a_label}"))
    return f"{phrase(f'{box.name} {box.address}'.strip())}:;"


def ascii_domain(domain: str) -> str:
    """The domain in A-labels (5891), "" if it is none."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _parameters(field: Field) -> bytes:
    word, params = parameters(field.value)
    tokens = [word]
    for name, value in params.items():
        tokens[-1] += ";"
        plain = value.isascii() and not set(value) & set('"\\')
        tokens.append(f'{name}="{value}"' if plain else f"{name}*=utf-8''{quote(value, safe='')}")
    return write_tokens(field.name, [token for token in tokens if token.isascii()])


def _refolded(field: Field) -> bytes:
    """Folded at its spaces; what has too few of them is made encoded-words, or goes where that would say nothing."""
    words = field.value.decode("utf-8").split(" ")
    if all(len(word.encode("utf-8")) < _ROOM for word in words):
        return write_tokens(field.name, words)
    name = field.name.lower()
    if name in _IDS:
        return _ids(field, ids(field.value))
    if name in _ADDRESSES and (found := addresses(field.value).mailboxes):
        return write_addresses(field.name, found)
    return b"" if name.startswith(_TRACE) or name in _PARAMETERS else write_field(field.name, text_of(field.value))


def _ids(field: Field, found: Sequence[str]) -> bytes:
    kept = [f"<{one}>" for one in found if len(one.encode("utf-8")) < _ROOM]
    return write_tokens(field.name, kept) if kept else b""
