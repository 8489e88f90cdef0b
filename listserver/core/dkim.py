"""DKIM signatures (RFC 6376, 8301, 8463, 8616): read and verified. Keys come through DNS questions, see core.lookup."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from listserver.core import canon
from listserver.core.address import a_label
from listserver.core.envelope import AuthResult
from listserver.core.headers import Field
from listserver.core.lookup import Answer, Check, Found, Question

MAX_SIGNATURES = 5
MIN_RSA_BITS = 1024  # RFC 8301 §3.2
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*$")
_SEMICOLONS = re.compile(r";[ \t;]*;")
_SPACE = re.compile(r"[ \t\r\n]+")


class Unusable(Exception):
    """A signature or key that gives no answer. `result` says whether for good, for now, or as if it were not there."""

    def __init__(self, reason: str, result: AuthResult = AuthResult.PERMERROR) -> None:
        super().__init__(reason)
        self.reason = reason
        self.result = result


@dataclass(frozen=True, slots=True)
class Signature:
    """The tags of a DKIM-Signature (§3.5) or ARC-Message-Signature (RFC 8617 §4.1.2)."""

    algorithm: str
    domain: str
    selector: str
    identity: str
    names: tuple[str, ...]
    header_form: str
    body_form: str
    body_hash: bytes
    value: bytes
    length: int | None
    expires: int | None
    field: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one signature. domain, selector: "" where it could not be read. reason: "" for pass."""

    domain: str
    selector: str
    result: AuthResult
    reason: str = ""


def tags(text: str) -> dict[str, str]:
    """A tag list (§3.2). Raises Unusable on bad syntax or a tag that stands twice."""
    result: dict[str, str] = {}
    for piece in text.strip(" \t\r\n").removesuffix(";").split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _NAME.match(name) or name in result:
            raise Unusable(f"tag {name[:20]!r} is not possible here")
        result[name] = value.strip(" \t\r\n")
    return result


def octets(text: str) -> bytes:
    """base64 with spaces in it. Raises Unusable."""
    try:
        return base64.b64decode(_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable("bad base64") from error


def parse(field: bytes, value: bytes) -> Signature:
    """Read a DKIM-Signature. field: all its octets. Raises Unusable."""
    found = tags(value.decode("utf-8", "replace"))
    if found.get("v") != "1":
        raise Unusable("v= is not 1")
    return signature_of(found, field)


def signature_of(found: dict[str, str], field: bytes) -> Signature:
    """The tags that DKIM-Signature and ARC-Message-Signature share. Raises Unusable."""
    for needed in ("a", "b", "bh", "d", "h", "s"):
        if not found.get(needed):
            raise Unusable(f"no {needed}=")
    header_form, _, body_form = found.get("c", "simple/simple").lower().partition("/")
    if header_form not in canon.HEADER or (body_form or "simple") not in canon.BODY:
        raise Unusable("unknown c=")
    names = tuple(name.strip(" \t\r\n") for name in found["h"].split(":"))
    if "from" not in {name.lower() for name in names}:
        raise Unusable("h= does not cover From")
    domain = found["d"].lower().rstrip(".")
    identity = found.get("i", f"@{domain}")
    of = identity.rpartition("@")[2].lower().rstrip(".")
    if of != domain and not of.endswith(f".{domain}"):
        raise Unusable("i= is not of d=")
    if "dns/txt" not in found.get("q", "dns/txt"):
        raise Unusable("unknown q=")
    made, expires = _number(found, "t"), _number(found, "x")
    if made is not None and expires is not None and expires <= made:
        raise Unusable("x= is before t=")
    return Signature(
        _algorithm(found["a"]),
        domain,
        found["s"],
        identity,
        names,
        header_form,
        body_form or "simple",
        octets(found["bh"]),
        octets(found["b"]),
        _number(found, "l"),
        expires,
        field,
    )


def _algorithm(name: str) -> str:
    name = name.lower()
    if name == "rsa-sha1":
        raise Unusable("rsa-sha1 proves nothing any more", AuthResult.NEUTRAL)  # RFC 8301 §3.1
    if name not in ("rsa-sha256", "ed25519-sha256"):
        raise Unusable("unknown a=")
    return name


def _number(found: dict[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,76}", text):
        raise Unusable(f"{name}= is no number")
    return int(text)


def public_key(text: str, signature: Signature) -> rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
    """The key of a TXT record (§3.6.1), if it may be used for this signature. Raises Unusable."""
    found = tags(_SEMICOLONS.sub(";", text))  # hand-written records have them doubled
    kind = found.get("k", "rsa").lower()
    if found.get("v", "DKIM1") != "DKIM1" or (("v" in found) and next(iter(found)) != "v"):
        raise Unusable("the key is of an unknown version")
    if "sha256" not in found.get("h", "sha256").lower().replace(" ", "").split(":"):
        raise Unusable("the key is not for SHA-256")
    if not {"*", "email"} & set(found.get("s", "*").lower().replace(" ", "").split(":")):
        raise Unusable("the key is not for mail")
    strict = "s" in found.get("t", "").lower().replace(" ", "").split(":")
    if strict and signature.identity.rpartition("@")[2].lower() != signature.domain:
        raise Unusable("the key is not for subdomains")
    if "p" not in found:
        raise Unusable("the record holds no key")
    data = octets(found["p"])
    if not data:
        raise Unusable("the key is revoked")
    if kind != signature.algorithm.partition("-")[0]:
        raise Unusable("the key is of another kind than the signature")
    return _rsa(data) if kind == "rsa" else _ed25519(data)


def _rsa(data: bytes) -> rsa.RSAPublicKey:
    key: object
    try:
        key = serialization.load_der_public_key(data)
    except (ValueError, TypeError) as error:
        raise Unusable("the key cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise Unusable("the key is no RSA key")
    if key.key_size < MIN_RSA_BITS:
        raise Unusable(f"an RSA key of {key.key_size} bits proves nothing", AuthResult.NEUTRAL)  # RFC 8301 §3.2
    return key


def _ed25519(data: bytes) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(data)
    except ValueError as error:
        raise Unusable("the key cannot be read") from error


def key_name(selector: str, domain: str) -> str:
    """Where the key record is (§3.6.2.1)."""
    return f"{a_label(selector)}._domainkey.{a_label(domain)}"


def fetch(signature: Signature) -> Check[str]:
    """The key record's text. Raises Unusable."""
    answer: Answer = yield Question(key_name(signature.selector, signature.domain), "TXT")
    if answer.found is Found.FAILED:
        raise Unusable("no answer from the DNS", AuthResult.TEMPERROR)
    if not answer.records:
        raise Unusable("no key in the DNS")
    return answer.records[0]


def body_hash(body: bytes, form: str, length: int | None = None) -> bytes:
    """SHA-256 of the canonical body (§3.7). Raises Unusable if l= leaves a part of it unsigned (§8.2, standards A2)."""
    canonical = canon.BODY[form](body)
    if length is not None and length != len(canonical):
        if length > len(canonical):
            raise Unusable("l= is longer than the body")
        raise Unusable("l= leaves a part of the body unsigned", AuthResult.NEUTRAL)
    return hashlib.sha256(canonical).digest()


def proves(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey, value: bytes, data: bytes) -> bool:
    """Whether value is the key's signature of data; Ed25519 signs its SHA-256 (RFC 8463 §3)."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, hashlib.sha256(data).digest())
        else:
            key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def check(raw: bytes, now: int) -> Check[tuple[Verdict, ...]]:
    """Verify the first five signatures of a mail, top first. now: seconds since 1970, for x=."""
    raw = canon.crlf(raw)
    fields, body = canon.split(raw)
    found = [f for f in fields if f.name.lower() == "dkim-signature"][:MAX_SIGNATURES]
    verdicts = []
    for field in found:
        domain = selector = ""
        try:
            signature = parse(raw[field.start : field.end], field.value)
            domain, selector = signature.domain, signature.selector
            key = yield from key_for(signature, body, now)
            verdicts.append(_verdict(signature, key, raw, fields))
        except Unusable as problem:
            verdicts.append(Verdict(domain, selector, problem.result, problem.reason))
    return tuple(verdicts)


def key_for(signature: Signature, body: bytes, now: int) -> Check[rsa.RSAPublicKey | ed25519.Ed25519PublicKey]:
    """The key, once the body's hash is right: a wrong one needs no question. Raises Unusable."""
    if signature.expires is not None and signature.expires < now:
        raise Unusable("expired", AuthResult.FAIL)
    if body_hash(body, signature.body_form, signature.length) != signature.body_hash:
        raise Unusable("the body was changed", AuthResult.FAIL)
    text = yield from fetch(signature)
    return public_key(text, signature)


def _verdict(
    signature: Signature, key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey, raw: bytes, fields: Sequence[Field]
) -> Verdict:
    data = signed_data(signature, raw, fields)
    if proves(key, signature.value, data):
        return Verdict(signature.domain, signature.selector, AuthResult.PASS)
    return Verdict(signature.domain, signature.selector, AuthResult.FAIL, "the signed header fields were changed")


def signed_data(signature: Signature, raw: bytes, fields: Sequence[Field]) -> bytes:
    """What the signature signs: the fields of h=, then itself without b= and without its line end (§3.7)."""
    own = canon.HEADER[signature.header_form](canon.without_b(signature.field))
    return canon.signed_fields(raw, fields, signature.names, signature.header_form) + own.removesuffix(b"\r\n")
