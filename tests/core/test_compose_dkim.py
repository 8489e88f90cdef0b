"""An author's DKIM signature outlives the trip through the list (RFC 6376). dkimpy is the judge."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from listserver.core.compose import ListFacts, Template, Variant, compose
from listserver.core.message import read
from listserver.core.settings import ListSettings
from listserver.core.site import Site

SITE = Site("lists.example.org", "Lists", "admin@example.org", "en", "https://lists.example.org", b"k" * 16, signs=True)

POST = b"""\
From: Anna Smith <anna@example.org>\r
To: Talk  <talk@lists.example.org>\r
Subject: Hello\r
 from   a fold\t\r
Date: Tue, 3 Mar 2026 10:00:00 +0100\r
Message-ID: <3@example.org>\r
Delivered-To: talk@lists.example.org\r
X-Odd:   spaces   and\ttabs  \r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Gr\xc3\xbc\xc3\x9fe  \r
.\r
\r
\r
"""

RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
RSA_PEM = RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
RSA_DER = RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
ED = ed25519.Ed25519PrivateKey.generate()
ED_SEED = base64.b64encode(
    ED.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
)
ED_RAW = ED.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
KEYS = {"rsa": b"v=DKIM1; p=" + base64.b64encode(RSA_DER), "ed": b"v=DKIM1; k=ed25519; p=" + base64.b64encode(ED_RAW)}


def dns(name: bytes, timeout: int = 5) -> bytes:
    return KEYS[name.split(b".")[0].decode()]


def signed(raw: bytes, algorithm: str, canonicalization: str) -> bytes:
    key, selector = (RSA_PEM, b"rsa") if algorithm == "rsa" else (ED_SEED, b"ed")
    how = canonicalization.encode()
    signature = dkim.sign(
        raw,
        selector,
        b"example.org",
        key,
        canonicalize=(how, how),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"x-odd", b"content-type", b"from"],
        signature_algorithm=b"rsa-sha256" if algorithm == "rsa" else b"ed25519-sha256",
    )
    return signature + raw


def copy(raw: bytes, variant: Variant, **settings: str) -> bytes:
    template = compose(read(raw), ListFacts("talk", SITE, ListSettings(**settings)), variant)  # type: ignore[arg-type]
    assert isinstance(template, Template)
    return template.copy(b"TOKEN")


@pytest.mark.parametrize("algorithm", ["rsa", "ed"])
@pytest.mark.parametrize("canonicalization", ["simple", "relaxed"])
def test_L1_the_authors_signature_still_verifies(algorithm: str, canonicalization: str) -> None:
    raw = signed(POST, algorithm, canonicalization)
    assert dkim.verify(raw, dnsfunc=dns)
    for variant in (Variant(), Variant(personal=False)):
        sent = copy(raw, variant, title="Talk")
        assert b"\r\nDelivered-To:" not in sent
        assert dkim.verify(sent, dnsfunc=dns)


def test_L10_a_tag_or_footer_breaks_it_so_both_are_off_by_default() -> None:
    raw = signed(POST, "rsa", "relaxed")
    assert not dkim.verify(copy(raw, Variant(), subject_tag="[talk]"), dnsfunc=dns)
    assert not dkim.verify(copy(raw, Variant(), footer="Bye"), dnsfunc=dns)


def test_A6_a_wrapped_post_keeps_its_signature_inside() -> None:
    raw = signed(POST, "rsa", "simple")
    inner = copy(raw, Variant("wrap")).partition(b"\r\n\r\n")[2]
    assert dkim.verify(inner, dnsfunc=dns)
