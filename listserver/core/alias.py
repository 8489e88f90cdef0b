"""Addresses of ours that stand for an author where From has to be rewritten (standards A7)."""

import base64
import re
import unicodedata

from listserver.core.address import Verb, route

CODE = 6  # letters and digits: 30 bits, so that nobody finds them by trying
_LONGEST = 30  # characters of the name in it
_REST = re.compile(r"[^a-z0-9]+")


def local_part(name: str, random: bytes) -> str:
    """The local part of a new alias, such as `anna.berg.x7k2mq`. random: four octets or more."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = _REST.sub(".", plain).strip(".")[:_LONGEST].strip(".") or "author"
    local = f"{words}.{base64.b32encode(random).decode().lower()[:CODE]}"
    meant = route(f"{local}@x", "x", lambda _: False).verb  # such as return.smith: a word of our own addresses
    return local if meant is Verb.UNKNOWN else f"author.{local}"
