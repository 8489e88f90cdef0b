"""A mail with other words in it: as visitors may have it, every address masked (W8), or without a person (D3).

Words are changed in fields, texts, encoded-words and encoded parts.
"""

import re
from collections.abc import Callable

from listserver.core import transfer
from listserver.core.edits import Splice
from listserver.core.headers import decode_words
from listserver.core.masking import masked, masked_octets
from listserver.core.message import Part, Post, part_bytes

_ENCODED = re.compile(
    rb"=\?[\w.*+-]{1,60}\?[bBqQ]\?[^?\s]{0,4000}\?=(?:\s+=\?[\w.*+-]{1,60}\?[bBqQ]\?[^?\s]{0,4000}\?=)*"
)
_WIDE = ("utf-16", "utf-32", "utf-7", "ucs")


def masked_mail(post: Post) -> bytes:
    """Its octets, every address masked."""
    return changed_mail(post, masked, masked_octets)


def changed_mail(post: Post, in_text: Callable[[str], str], in_octets: Callable[[bytes], bytes]) -> bytes:
    """Its octets as these change them; where a text part is encoded, it is opened, changed and encoded again."""

    def words(found: re.Match[bytes]) -> bytes:
        text = decode_words(found[0].decode("ascii", "replace"))
        changed = in_text(text)
        return found[0] if changed == text else changed.encode()

    def fields(octets: bytes) -> bytes:
        return in_octets(_ENCODED.sub(words, octets))

    splices = [Splice(part.start, part.end, _part(post, part, in_octets)) for part in post.parts if _is_text(part)]
    pieces: list[bytes] = []
    position = 0
    for one in sorted(splices):
        pieces += [fields(post.raw[position : one.start]), one.new]
        position = one.end
    return b"".join([*pieces, fields(post.raw[position:])])


def masked_file(post: Post, part: Part) -> bytes:
    """What an attachment holds; addresses are masked where it is text."""
    octets = part_bytes(post, part)
    return masked_octets(octets) if _is_text(part) else octets


def _is_text(part: Part) -> bool:
    return part.content_type.startswith(("text/", "message/")) or part.content_type.endswith(("json", "xml"))


def _part(post: Post, part: Part, in_octets: Callable[[bytes], bytes]) -> bytes:
    if part.encoding not in ("base64", "quoted-printable"):
        return in_octets(post.raw[part.start : part.end])
    octets = part_bytes(post, part)
    clear = b"" if part.charset.lower().startswith(_WIDE) else in_octets(octets)
    if clear == octets:
        return post.raw[part.start : part.end]
    return transfer.base64(clear) if part.encoding == "base64" else transfer.quoted_printable(clear)
