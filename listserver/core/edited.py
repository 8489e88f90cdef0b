"""A post as a moderator edited it: the author's header, the moderator's text, marked as such."""

from binascii import b2a_base64

from listserver.core.edits import crlf
from listserver.core.headers import skip_mbox_lines, split_header

# What describes the old body, or signs it.
_GONE = frozenset(("mime-version", "dkim-signature", "arc-seal", "arc-message-signature", "arc-authentication-results"))
_MIME = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
_LINE = 57  # octets that make a base64 line of 76 (RFC 2045 §6.8)


def edited(raw: bytes, text: str, mark: str) -> bytes:
    """The mail with `text` as its only part, under the line `[mark]`; its other parts and its signatures go."""
    fields, _, _ = split_header(raw, skip_mbox_lines(raw), len(raw))
    kept = [raw[f.start : f.end].rstrip(b"\r\n") for f in fields if not _describes_body(f.name.lower())]
    body = crlf(f"[{mark}]\n\n{text}\n".encode("utf-8", "replace"))
    lines = [b2a_base64(body[at : at + _LINE], newline=False) for at in range(0, len(body), _LINE)]
    return b"".join(crlf(field) + b"\r\n" for field in kept) + _MIME + b"\r\n" + b"\r\n".join(lines) + b"\r\n"


def _describes_body(name: str) -> bool:
    return name in _GONE or name.startswith("content-")
