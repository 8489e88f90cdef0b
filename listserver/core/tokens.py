"""Tokens that we mail to people: 128 random bits; only their hash is stored (standards C2)."""

import base64
import hashlib

BYTES = 16


def write(random: bytes) -> str:
    """The token as it stands in an address: 26 letters and digits, any case."""
    return base64.b32encode(random).decode("ascii").rstrip("=").lower()


def digest(token: str) -> bytes:
    """What is stored of a token; folds case, for mail programs and people change it."""
    return hashlib.sha256(token.strip().lower().encode("utf-8", "replace")).digest()
