"""Octets as they are kept: compressed where that helps. Done before the writer sees a post."""

import json
from typing import Any

import zstandard

from listserver.errors import Unavailable

LEVEL = 3


# Those that nobody uses just now: to make one takes as long as its work on a short mail.
_idle: list[zstandard.ZstdCompressor] = []
_idle_openers: list[zstandard.ZstdDecompressor] = []


def _compressed(octets: bytes) -> bytes:
    try:
        compressor = _idle.pop()  # no two threads get the same
    except IndexError:
        compressor = zstandard.ZstdCompressor(level=LEVEL)
    packed = compressor.compress(octets)
    _idle.append(compressor)
    return packed


def _opened(octets: bytes) -> bytes:
    try:
        opener = _idle_openers.pop()
    except IndexError:
        opener = zstandard.ZstdDecompressor()
    clear = opener.decompress(octets)
    _idle_openers.append(opener)
    return clear


def pack(octets: bytes) -> tuple[str, bytes]:
    """How octets are stored: ("zstd", compressed), or ("", as they are) where compressing would not make them fewer."""
    packed = _compressed(octets)
    return ("zstd", packed) if len(packed) < len(octets) else ("", octets)


def unpack(enc: str, octets: bytes) -> bytes:
    """The octets as they came. Raises Unavailable if they are damaged or of a newer release."""
    if not enc:
        return octets
    if enc != "zstd":
        raise Unavailable("A stored mail cannot be read.", f"unknown encoding {enc!r}")
    try:
        return _opened(octets)
    except zstandard.ZstdError as failure:
        raise Unavailable("A stored mail cannot be read.", str(failure)) from failure


def pack_json(value: Any) -> bytes:
    """A JSON value, compressed."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _compressed(text.encode("utf-8", "surrogatepass"))


def unpack_json(octets: bytes) -> Any:
    """The value that pack_json was given (tuples come back as lists)."""
    return json.loads(_opened(octets).decode("utf-8", "surrogatepass"))
