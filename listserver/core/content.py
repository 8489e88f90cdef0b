"""What pages, digests and the search show of a post: worked out once, when it is filed, and kept as packed JSON."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from listserver.core.blocks import Block, Kind
from listserver.core.message import Part
from listserver.core.packing import unpack_json

_KINDS = {kind.value: kind for kind in Kind}
_OWN = (Kind.PARAGRAPH, Kind.CODE, Kind.LIST)
_OWN_NAMES = tuple([kind.value for kind in _OWN])


class File(NamedTuple):
    """An attachment. path: as core.mime.Part; size: octets, about, its transfer encoding undone."""

    path: str
    name: str
    content_type: str
    size: int
    content_id: str


def content(blocks: Iterable[Block], files: Sequence[Part]) -> dict[str, Any]:
    """The JSON value for a post with that text and these attachments."""
    rows = [[block.kind.value, block.text, block.depth, block.who, block.lines] for block in blocks]
    return {"blocks": rows, "files": [_file(part) for part in files]}


class Content(NamedTuple):
    """A post's text and its attachments."""

    blocks: list[Block]
    files: list[File]


def opened(packed: bytes) -> Content:
    """What the packed JSON of a post holds."""
    value = unpack_json(packed)
    return Content(blocks(value), files(value))


def blocks(value: dict[str, Any]) -> list[Block]:
    """The text, in blocks."""
    return [Block(_KINDS[kind], text, depth, who, lines) for kind, text, depth, who, lines in value["blocks"]]


def files(value: dict[str, Any]) -> list[File]:
    """The attachments."""
    return [File(*entry) for entry in value["files"]]


def own(value: dict[str, Any]) -> str:
    """The author's own words: `own_words`, no block being made."""
    return "\n\n".join([text for kind, text, depth, *_ in value["blocks"] if not depth and kind in _OWN_NAMES])


def own_words(blocks: Iterable[Block]) -> str:
    """The author's own words among these blocks: no quotes, signature or footers."""
    return "\n\n".join([block.text for block in blocks if not block.depth and block.kind in _OWN])


def _file(part: Part) -> File:
    encoded = part.end - part.start
    size = encoded * 3 // 4 if part.encoding == "base64" else encoded
    return File(part.path, part.filename, part.content_type, size, part.content_id)
