"""Canonical forms of headers and bodies (RFC 6376 §3.4), for DKIM and ARC. Octets in and out; lines end in CRLF."""

import re
from collections.abc import Iterable, Sequence

from listserver.core.headers import Field, split_header

_LONE_LF = re.compile(rb"(?<!\r)\n")
_SPACES = re.compile(rb"[ \t]+")
_SPACE_END = re.compile(rb"[ \t]+(?=\r\n|\Z)")
_FOLD = re.compile(rb"\r?\n")
# The b= tag's value, not bh= (§3.7): tags are parted by ";", the name stands at the start of one.
_B_VALUE = re.compile(rb"((?:^[^:]*:|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")

MAX_ARC_SETS = 50  # RFC 8617 §5.1.1.1
# The i= tag of an ARC field (RFC 8617 §4.1).
INSTANCE = re.compile(rb"(?:^|;)[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,4})[ \t\r\n]*(?:;|$)")


def crlf(raw: bytes) -> bytes:
    """The mail with lone LF made CRLF, as it travels."""
    return _LONE_LF.sub(b"\r\n", raw) if _LONE_LF.search(raw) else raw


def split(raw: bytes) -> tuple[list[Field], bytes]:
    """The header fields (offsets in `raw`) and the body."""
    fields, body_start, _ = split_header(raw, 0, len(raw))
    return fields, raw[body_start:]


def header_simple(field: bytes) -> bytes:
    """A whole field, unchanged (§3.4.1)."""
    return field


def header_relaxed(field: bytes) -> bytes:
    """A whole field: name in lower case, unfolded, spaces as one, none around the colon (§3.4.2)."""
    name, _, value = field.partition(b":")
    value = _SPACES.sub(b" ", _FOLD.sub(b"", value)).strip(b" \r")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def body_simple(body: bytes) -> bytes:
    """The body without empty lines at its end; one CRLF if nothing is left (§3.4.3)."""
    return _without_empty_end(body) + b"\r\n"


def body_relaxed(body: bytes) -> bytes:
    """The body with spaces as one, none at line ends, without empty lines at its end (§3.4.4)."""
    body = _without_empty_end(_SPACES.sub(b" ", _SPACE_END.sub(b"", body)))
    return body + b"\r\n" if body else b""


def _without_empty_end(body: bytes) -> bytes:
    end = len(body)
    while body[end - 2 : end] == b"\r\n" and end >= 2:
        end -= 2
    return body[:end]


HEADER = {"simple": header_simple, "relaxed": header_relaxed}
BODY = {"simple": body_simple, "relaxed": body_relaxed}


def without_b(field: bytes) -> bytes:
    """A signature field with the value of its b= tag taken out (§3.7)."""
    return _B_VALUE.sub(rb"\1", field, count=1)


def signed_fields(raw: bytes, fields: Sequence[Field], names: Iterable[str], method: str) -> bytes:
    """The fields that h= names, canonical, in its order: each name takes the next instance from the bottom (§5.4.2)."""
    stacks: dict[str, list[Field]] = {}
    for field in fields:
        stacks.setdefault(field.name.lower(), []).append(field)
    form = HEADER[method]
    pieces = []
    for name in names:
        stack = stacks.get(name.lower())
        if stack:
            field = stack.pop()
            pieces.append(form(raw[field.start : field.end]))
    return b"".join(pieces)
