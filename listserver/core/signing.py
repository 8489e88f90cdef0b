"""DKIM signatures and ARC seals of what we send (RFC 6376, 8463, 8617). Keys and the time are arguments."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from listserver.core import canon
from listserver.core.headers import Field

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# Over-signed: named once more than they stand there, so that adding one breaks the signature (6376 §5.4, standards A8).
OVERSIGNED = ("from", "to", "cc", "subject", "date", "reply-to")
SIGNED = (*OVERSIGNED, "sender", "message-id", "in-reply-to", "references", "auto-submitted")
_SIGNED_PREFIXES = ("mime-", "content-", "list-")
_LINE = 74
_PADDING, _DIGEST = padding.PKCS1v15(), Prehashed(hashes.SHA256())
_SLOT = b"\0\0token\0\0"  # stands for the token while a header is made canonical; no field of ours can hold it


@dataclass(frozen=True, slots=True)
class Key:
    """A private key with the name under which the DNS has its public half."""

    domain: str
    selector: str
    private: PrivateKey

    @property
    def algorithm(self) -> Literal["rsa", "ed25519"]:
        return "rsa" if isinstance(self.private, rsa.RSAPrivateKey) else "ed25519"

    @property
    def name(self) -> str:
        """The name of its DNS record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The text of its TXT record (6376 §3.6.1; 8463 §4): one string, to be cut at 255 octets for a zone file."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            form, encoding = serialization.PublicFormat.Raw, serialization.Encoding.Raw
        else:
            form, encoding = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.DER
        public = self.private.public_key().public_bytes(encoding, form)
        return f"v=DKIM1; k={self.algorithm}; p={base64.b64encode(public).decode()}"

    def sign(self, data: bytes) -> bytes:
        """Sign octets; Ed25519 signs their SHA-256 (8463 §3)."""
        return self.sign_digest(hashlib.sha256(data).digest())

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign octets of which this is the SHA-256."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(digest)
        return self.private.sign(digest, _PADDING, _DIGEST)


def load_key(domain: str, selector: str, pem: bytes) -> Key:
    """A key from PEM (PKCS #8 or PKCS #1). Raises ValueError if it is neither RSA nor Ed25519."""
    private = serialization.load_pem_private_key(pem, None)
    if not isinstance(private, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("the key is neither RSA nor Ed25519")
    return Key(domain, selector, private)


def body_hash(body: bytes) -> str:
    """The bh= of a body, relaxed: computed once per variant. body: as it is sent, lines end in CRLF."""
    return base64.b64encode(hashlib.sha256(canon.body_relaxed(body)).digest()).decode()


def sign(header: bytes, hashed: str, keys: Sequence[Key], now: int) -> bytes:
    """The DKIM-Signature fields to put on top, one per key. header: all fields as sent, without the empty line.

    hashed: of body_hash. now: seconds since 1970.
    """
    made = mould((header,), hashed, keys, now)
    return made.fields(made.values(b""))


@dataclass(frozen=True, slots=True)
class Mould:
    """The header of copies that differ in a token alone: what is signed of it is canonical once, not once a copy.

    head: cut where the token stands. blanks: the signature fields up to b=, one per key. signed: what each key signs,
    cut likewise. seal: an ARC set on top of all (see sealed).
    """

    keys: tuple[Key, ...]
    head: tuple[bytes, ...]
    blanks: tuple[bytes, ...]
    signed: tuple[tuple[bytes, ...], ...]
    seal: bytes = b""

    def digests(self, token: bytes) -> list[bytes]:
        """What each key has to sign of the copy with this token: the SHA-256."""
        return [hashlib.sha256(token.join(pieces)).digest() for pieces in self.signed]

    def values(self, token: bytes) -> list[bytes]:
        """The signature of each key: nearly all that a signed copy costs (RSA-2048: 0.3 ms)."""
        return [key.sign_digest(digest) for key, digest in zip(self.keys, self.digests(token), strict=True)]

    def fields(self, values: Sequence[bytes]) -> bytes:
        """The signature fields with these values."""
        return b"".join(blank + _folded(value) + b"\r\n" for blank, value in zip(self.blanks, values, strict=True))

    def header(self, token: bytes, values: Sequence[bytes] | None = None) -> bytes:
        """The header of one copy, with its signatures on top. values: the signatures, where they were made before."""
        copy = token.join(self.head)
        if not self.keys:
            return copy
        return self.seal + self.fields(self.values(token) if values is None else values) + copy


def mould(head: Sequence[bytes], hashed: str, keys: Sequence[Key], now: int) -> Mould:
    """A mould for copies with this header and the body of which this is the body_hash; see sign."""
    if not keys:
        return Mould((), tuple(head), (), ())
    header = _SLOT.join(head)
    fields, _ = canon.split(header)
    names = _names([field.name.lower() for field in fields])
    data = canon.signed_fields(header, fields, names, "relaxed")
    blanks = tuple(_blank(key, names, hashed, now) for key in keys)
    signed = [data + canon.header_relaxed(blank).removesuffix(b"\r\n") for blank in blanks]
    return Mould(tuple(keys), tuple(head), blanks, tuple(tuple(one.split(_SLOT)) for one in signed))


def _names(there: Sequence[str]) -> list[str]:
    names = [n for n in there if n in SIGNED or n == "list-unsubscribe-post" or n.startswith(_SIGNED_PREFIXES)]
    return [*names, *OVERSIGNED]


def _blank(key: Key, names: Sequence[str], hashed: str, now: int) -> bytes:
    return (
        f"DKIM-Signature: v=1; a={key.algorithm}-sha256; c=relaxed/relaxed; d={key.domain};\r\n"
        f" s={key.selector}; t={now};\r\n{_fold_names(names)};\r\n bh={hashed};\r\n b="
    ).encode()


def _fold_names(names: Sequence[str]) -> str:
    lines, line = [], " h="
    for n, name in enumerate(names):
        colon = ":" if n + 1 < len(names) else ""
        if len(line) + len(name) > _LINE:
            lines.append(line)
            line = "  "
        line += name + colon
    return "\r\n".join([*lines, line])


def _folded(value: bytes) -> bytes:
    text = base64.b64encode(value)
    return b"\r\n ".join([text[:70], *(text[n : n + 72] for n in range(70, len(text), 72))])


@dataclass(frozen=True, slots=True)
class Seal:
    """What an ARC set says. chain: none, pass or fail, as we found it (8617 §5.1.2). results: our
    Authentication-Results, without the authserv-id. names: what the message signature covers."""

    authserv_id: str
    chain: str
    results: str
    names: Sequence[str] = ()


def sealed(head: Sequence[bytes], body: bytes, key: Key, what: Seal, now: int) -> bytes:
    """An ARC set that holds for all copies of a mould with this head: made once, it covers no field with their token.

    Covered are the author's signatures (8617 §5.1), not ours, which differ from copy to copy. body: from the empty line
    on. what: without names.
    """
    header = _SLOT.join(head)
    fields, _ = canon.split(header)
    personal = {field.name.lower() for field in fields if _SLOT in header[field.start : field.end]}
    there = [field.name.lower() for field in fields]
    names = [name for name in _names(there) if name not in personal]
    names += ["dkim-signature"] * there.count("dkim-signature")
    return seal(header + body, key, replace(what, names=names), now)


def seal(raw: bytes, key: Key, what: Seal, now: int) -> bytes:
    """An ARC set to put on top of a finished mail, after its DKIM signatures (8617 §5.1). raw: lines end in CRLF.

    b"" where the chain was found broken before, or has 50 sets: nothing can be added then.
    """
    fields, body = canon.split(raw)
    earlier = _earlier(raw, fields)
    instance = max((number for number, _, _ in earlier), default=0) + 1
    if instance > canon.MAX_ARC_SETS or any(b"cv=fail" in octets for _, _, octets in earlier):
        return b""
    end = f"i={instance}; s={key.selector}; t={now}\r\n"
    results = f"ARC-Authentication-Results: i={instance}; {what.authserv_id}; {what.results}\r\n".encode()
    signature = _with_value(
        key,
        "ARC-Message-Signature",
        f"bh={body_hash(body)};\r\n c=relaxed/relaxed; d={key.domain};\r\n{_fold_names(what.names)};\r\n {end}",
        canon.signed_fields(raw, fields, what.names, "relaxed"),
    )
    # A broken chain is not covered (8617 §5.1.2), an unbroken one wholly, oldest set first.
    before = b"".join(octets for _, _, octets in earlier) if what.chain != "fail" else b""
    own = canon.header_relaxed(results) + canon.header_relaxed(signature)
    return (
        _with_value(key, "ARC-Seal", f"cv={what.chain}; d={key.domain};\r\n {end}", before + own) + signature + results
    )


def _with_value(key: Key, name: str, tail: str, data: bytes) -> bytes:
    """An ARC field of these tags with the signature of `data` and of itself in b=, unfolded as others write it."""
    head = f"{name}: a={key.algorithm}-sha256;\r\n b="
    value = key.sign(data + canon.header_relaxed(f"{head};\r\n {tail}".encode()).removesuffix(b"\r\n"))
    return f"{head}{base64.b64encode(value).decode()};\r\n {tail}".encode()


def _earlier(raw: bytes, fields: Sequence[Field]) -> list[tuple[int, int, bytes]]:
    """The earlier ARC fields: instance, kind, canonical octets; in the order in which seals sign them (8617 §5.1.1)."""
    kinds = ("arc-authentication-results", "arc-message-signature", "arc-seal")
    found = [
        (int(number.group(1)), kinds.index(field.name.lower()), canon.header_relaxed(raw[field.start : field.end]))
        for field in fields
        if field.name.lower() in kinds and (number := canon.INSTANCE.search(field.value))
    ]
    return sorted(found, key=lambda one: one[:2])
