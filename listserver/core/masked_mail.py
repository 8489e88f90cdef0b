"""A mail with other words in it: as visitors may have it, every address masked (W8), or without a person (D3).

Words are changed in fields, texts, encoded-words and encoded parts.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from listserver.core import transfer
from listserver.core.headers import decode_words
from listserver.core.masking import LEFT_OUT, holds_address, masked, masked_octets
from listserver.core.message import Part, Post, part_bytes
from listserver.core.mime import octets_of, parts_of

_ENCODED = re.compile(
    rb"=\?[\w.*+-]{1,60}\?[bBqQ]\?[^?\s]{0,4000}\?=(?:\s+=\?[\w.*+-]{1,60}\?[bBqQ]\?[^?\s]{0,4000}\?=)*"
)
_WIDE = ("utf-16", "utf-32", "utf-7", "ucs")


class _How(NamedTuple):
    """What becomes of words, of octets that are text, and of others."""

    text: Callable[[str], str]
    octets: Callable[[bytes], bytes]
    others: Callable[[bytes], bytes]


def masked_mail(raw: bytes) -> bytes:
    """A mail, every address in it masked."""
    return _changed(raw, _MASKED, 0)


def changed_mail(raw: bytes, in_text: Callable[[str], str], in_octets: Callable[[bytes], bytes]) -> bytes:
    """A mail as these change it; encoded parts are opened, changed and encoded again, mails in it as well."""
    return _changed(raw, _How(in_text, in_octets, bytes), 0)


def masked_file(post: Post, part: Part) -> bytes | None:
    """What an attachment holds, addresses masked; None where that cannot be done, as in a key or a certificate."""
    shown = _content(part, part_bytes(post, part), _MASKED, 0)
    return None if shown == _WITHHELD else shown


def _changed(raw: bytes, how: _How, depth: int) -> bytes:
    def words(found: re.Match[bytes]) -> bytes:
        text = decode_words(found[0].decode("ascii", "replace"))
        changed = how.text(text)
        return found[0] if changed == text else changed.encode()

    def fields(octets: bytes) -> bytes:
        return how.octets(_ENCODED.sub(words, octets))

    pieces: list[bytes] = []
    position = 0
    for part in parts_of(raw):  # in the order in which they lie
        pieces += [fields(raw[position : part.start]), _part(raw, part, how, depth)]
        position = part.end
    return b"".join([*pieces, fields(raw[position:])])


_DEEPEST = 3  # mails in mails that are opened; what lies deeper is masked as one text
_WITHHELD = LEFT_OUT.encode()
_PICTURES = ("image/", "audio/", "video/")  # and archives: in what is compressed, an address is chance
_ARCHIVES = (
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-xz",
    "application/x-7z-compressed",
)


def _content(part: Part, octets: bytes, how: _How, depth: int) -> bytes:
    """What becomes of a part's octets, the transfer encoding undone."""
    if part.content_type in ("message/rfc822", "message/global") and depth < _DEEPEST:
        return _changed(octets, how, depth + 1)
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = octets.decode("utf-16", "replace")
        changed = how.text(text)
        return octets if changed == text else changed.encode("utf-16", "replace")
    if part.charset.lower().startswith(_WIDE):
        return b""  # nothing says in which order its octets come
    if _is_text(part, octets):
        return how.octets(octets)
    compressed = part.content_type.startswith(_PICTURES) or part.content_type in _ARCHIVES
    return octets if compressed else how.others(octets)


def _unless_address(octets: bytes) -> bytes:
    return _WITHHELD if holds_address(octets) else octets


_MASKED = _How(masked, masked_octets, _unless_address)


def _is_text(part: Part, octets: bytes) -> bool:
    """Whether it says so, or is text whatever it says: vcf, ics, logs that come as octet-stream."""
    said = part.content_type.startswith(("text/", "message/")) or part.content_type.endswith(("json", "xml"))
    return said or not octets[:4_096].translate(None, _LETTERS)


_LETTERS = bytes([9, 10, 12, 13, 27, *range(32, 127), *range(128, 256)])


def _part(raw: bytes, part: Part, how: _How, depth: int) -> bytes:
    octets = octets_of(raw, part)
    clear = _content(part, octets, how, depth)
    if clear == octets:
        return raw[part.start : part.end]
    if part.encoding == "base64":
        return transfer.base64(clear)
    return transfer.quoted_printable(clear) if part.encoding == "quoted-printable" else clear
