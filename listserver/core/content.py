"""What pages, digests and the search show of a post: worked out once, when it is filed, and kept as packed JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from listserver.core.message import Part


class File(NamedTuple):
    """An attachment. path: as core.mime.Part; size: octets, about, its transfer encoding undone."""

    path: str
    name: str
    content_type: str
    size: int
    content_id: str


def content(text: str, files: Sequence[Part]) -> dict[str, Any]:
    """The JSON value for a post with that own text and these attachments."""
    return {"own": text, "files": [_file(part) for part in files]}


def own(value: dict[str, Any]) -> str:
    """The author's own words."""
    return str(value["own"])


def files(value: dict[str, Any]) -> list[File]:
    """The attachments."""
    return [File(*entry) for entry in value["files"]]


def _file(part: Part) -> File:
    encoded = part.end - part.start
    size = encoded * 3 // 4 if part.encoding == "base64" else encoded
    return File(part.path, part.filename, part.content_type, size, part.content_id)
