"""The readable, meaningless end of an address of a page."""

import re
import unicodedata

_LONGEST = 60
_OTHER = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 60 characters, cut between words; "" if nothing is left."""
    folded = unicodedata.normalize("NFKD", text[:300].casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = _OTHER.sub("-", plain).strip("-")
    if len(words) <= _LONGEST:
        return words
    return words[: _LONGEST + 1].rpartition("-")[0] or words[:_LONGEST]
