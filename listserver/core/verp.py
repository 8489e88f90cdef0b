"""Tokens that we recognise without keeping them: return addresses (VERP, standards B2) and per-member links.

A token is the hexadecimal MAC, then what it vouches for. Letter case does not matter: some MTAs change it.
"""

import hmac
from dataclasses import dataclass
from hashlib import blake2b

_VERP_MAC = 10  # octets: 80 bits (standards B2), so that the address stays short
_MEMBER_MAC = 16


@dataclass(frozen=True, slots=True)
class Verp:
    """What a return address vouches for: a copy to this member, sent on this day (days since 1970-01-01)."""

    member_id: int
    day: int


def verp_token(secret: bytes, list_id: int, member_id: int, day: int) -> str:
    """The token of a return address. secret: 16 to 64 octets; list_id 0 for the site's own notices."""
    return f"{_verp_mac(secret, list_id, member_id, day)}{day:04x}{member_id:x}"


def read_verp_token(secret: bytes, list_id: int, token: str) -> Verp | None:
    """What the token vouches for; None if we never wrote it for that list. The caller judges its age."""
    mac, rest = token[: 2 * _VERP_MAC].lower(), token[2 * _VERP_MAC :].lower()
    day, member_id = _number(rest[:4]), _number(rest[4:])
    if day is None or member_id is None or not _same(mac, _verp_mac(secret, list_id, member_id, day)):
        return None
    return Verp(member_id, day)


def member_token(secret: bytes, purpose: str, member_id: int) -> str:
    """The token of a member's standing link. It does not expire; one of another purpose is not good for this one."""
    return f"{_member_mac(secret, purpose, member_id)}{member_id:x}"


def read_member_token(secret: bytes, purpose: str, token: str) -> int | None:
    """The member whose token this is; None if we never wrote it for that purpose."""
    mac, member_id = token[: 2 * _MEMBER_MAC].lower(), _number(token[2 * _MEMBER_MAC :].lower())
    if member_id is None or not _same(mac, _member_mac(secret, purpose, member_id)):
        return None
    return member_id


def _verp_mac(secret: bytes, list_id: int, member_id: int, day: int) -> str:
    vouched = b"%d %d %d" % (list_id, member_id, day)
    return blake2b(vouched, digest_size=_VERP_MAC, key=secret, person=b"verp").hexdigest()


def _member_mac(secret: bytes, purpose: str, member_id: int) -> str:
    vouched = b"%d %s" % (member_id, purpose.encode())
    return blake2b(vouched, digest_size=_MEMBER_MAC, key=secret, person=b"member").hexdigest()


def _same(mine: str, theirs: str) -> bool:
    return mine.isascii() and hmac.compare_digest(mine, theirs)


def _number(digits: str) -> int | None:
    """A number as we write it: hexadecimal without leading zeros (but the day has four digits), at most 63 bits."""
    if not 0 < len(digits) <= 16 or not set(digits) <= set("0123456789abcdef"):
        return None
    return int(digits, 16)
