"""What visitors see instead of addresses."""

import base64

import pytest

from listserver.core.masked_mail import masked_file, masked_mail
from listserver.core.masking import author, masked, masked_octets
from listserver.core.message import read

# Two lines of base64, the address across their ends; three letters before it, as keys have what is not text.
PACKED = base64.b64encode(b"\x99\x01\x00" + b"k" * 40 + b" Marit <marit@example.org>" + b"\xb4" * 30).decode()
KEY = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{PACKED[:64]}\n{PACKED[64:]}\n=abcd\n-----END"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to marit@example.org.", "write to marit@…."),
        ("https://x.example/?to=marit%40example.org", "https://x.example/?to=marit%40…"),
        ("marit&#64;example.org", "marit&#64;…"),
        ("<m.s+tag@mail.example.co.uk>", "<m.s+tag@…>"),
        ('"a b"@example.org', '"a b"@…'),
        ("jürgen@bücher.example", "jürgen@…"),
        ("root@[192.0.2.1]", "root@[192.0.2.1]".replace("[192.0.2.1]", "…")),
        ("@decorator.name", "@decorator.name"),
        ("at 5 @ 3.50", "at 5 @ 3.50"),
        ("x@localhost", "x@localhost"),
        ("bounces+marit=example.org@lists.example", "bounces+marit=…@…"),
        ("SRS0=hhh=tt=example.org=marit@relay.example", "SRS0=hhh=tt=…=marit@…"),
        (KEY, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n[left out here, as it holds mail addresses] \n=abcd\n-----END"),
        ("-----BEGIN PGP SIGNATURE-----\n" + "QUJD" * 20, "-----BEGIN PGP SIGNATURE-----\n" + "QUJD" * 20),
        ("On Monday Marit <marit.s at example.org> wrote:", "On Monday Marit <marit.s at …> wrote:"),
        ("marit at example.org wrote:", "marit at … wrote:"),
        ("&lt;marit at example.org&gt;", "&lt;marit at …&gt;"),
        ("> From: marit at example.org (Marit)", "> From: marit at … (Marit)"),
        ("To: a at x.example, b at y.example\nc", "To: a at …, b at …\nc"),
        ("From marit at example.org  Mon Jan 12", "From marit at …  Mon Jan 12"),
        ("[mailto:marit at example.org]", "[mailto:marit at …]"),
        ("marit[at]example.org, marit (at) example.org", "marit[at]…, marit (at) …"),
        ("Look at example.org for it, or at 3.14 of it", "Look at example.org for it, or at 3.14 of it"),
        ("array(at)", "array(at)"),
        ("(all) at example.org", "(all) at example.org"),
        ("-- \nMarit\n  marit at example.org\n", "-- \nMarit\n  marit at …\n"),
        ("have a\nlook at example.org\n", "have a\nlook at example.org\n"),
    ],
)
def test_W8_the_domain_of_an_address_is_not_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_W8_in_bytes_of_a_mail_too() -> None:
    raw = b"From: Marit <marit@example.org>\nX: a=40example.org b%40example.org\n"
    assert masked_octets(raw) == b"From: Marit <marit@...>\nX: a=40... b%40...\n"
    assert masked_octets(b"From: marit at example.org (Marit \xe5)\n") == b"From: marit at ... (Marit \xe5)\n"


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("Marit", "marit@example.org", "Marit"),
        ("", "marit@example.org", "m…@"),
        ("marit@example.org", "marit@example.org", "marit@…"),
        ("", "", "Somebody"),
        ("marit at example.org", "marit@example.org", "marit at …"),
        ("Marit at Home", "marit@example.org", "Marit at Home"),
    ],
)
def test_an_author_is_called_by_name(name: str, address: str, shown: str) -> None:
    assert author(name, address) == shown


def test_W8_encoded_parts_are_opened_masked_and_encoded_again() -> None:
    raw = (
        b"From: =?utf-8?B?a2ltQGV4YW1wbGUub3Jn?= =?utf-8?Q?_plain?= <k@example.org>\nX: =?utf-8?Q?caf=C3=A9?=\n"
        b'Content-Type: multipart/mixed; boundary="q"\n\n'
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nask kim@exam=\nple.org\n"
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\na2ltQGV4YW1wbGUub3Jn\n"
        b"--q\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n"
        b"--q\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\naABpAA==\n"
        b"--q\nContent-Type: text/plain\n\nplain kim@example.org\n"
        b"--q\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0K\n--q--\n"
    )
    post = read(raw)
    shown = masked_mail(post.raw)
    assert b"kim@... plain" in shown.replace("…".encode(), b"...")
    assert b"=?utf-8?Q?caf=C3=A9?=" in shown
    for hidden in (b"a2ltQGV4", b"exam=", b"example", b"aABpAA"):
        assert hidden not in shown
    assert b"aGVsbG8=" in shown
    assert b"iVBORw0K" in shown
    assert masked_file(post, post.parts[-1]) == b"\x89PNG\r\n"
    assert masked_file(post, post.parts[-2]).strip() == b"plain kim@..."


def leaves(*parts: bytes) -> bytes:
    inner = b"".join(b"--q\n" + part + b"\n" for part in parts)
    return b'From: k@example.net\nContent-Type: multipart/mixed; boundary="q"\n\n' + inner + b"--q--\n"


def packed(kind: str, octets: bytes) -> bytes:
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n".encode()
    return head + base64.encodebytes(octets)


def test_W8_keys_in_fields_are_left_out() -> None:
    post = read(
        b"From: k@example.net\nAutocrypt: addr=k@example.net;\n keydata=" + PACKED.encode() + b"\nX-A: 1\n\nHi\n"
    )
    shown = masked_mail(post.raw)
    assert b"addr=k@...;" in shown and b"left out here" in shown and b"X-A: 1\n\nHi" in shown
    assert PACKED[:40].encode() not in shown


@pytest.mark.parametrize(
    "kind", ["application/octet-stream; name=a.vcf", "text/vcard", "text/calendar", "application/x"]
)
def test_W8_text_is_masked_whatever_it_says_it_is(kind: str) -> None:
    post = read(leaves(packed(kind, "MAILTO:märit@example.org\n".encode())))
    assert masked_file(post, post.parts[0]) == "MAILTO:märit@...\n".encode()
    assert b"example.org" not in base64.b64decode(masked_mail(post.raw).split(b"\n\n")[2].partition(b"--q")[0])


def test_W8_two_octets_a_letter() -> None:
    plain = "hällo".encode("utf-16")
    for text, shown in ((b"marit@example.org".decode().encode("utf-16"), "marit@…".encode("utf-16")), (plain, plain)):
        post = read(leaves(packed("application/octet-stream", text)))
        assert masked_file(post, post.parts[0]) == shown


def test_W8_a_certificate_is_withheld_a_picture_is_not() -> None:
    octets = b"\x00\x01 marit@example.org\x00"
    post = read(
        leaves(packed("application/pkcs7-signature", octets), packed("image/png", octets), packed("a/b", b"\0"))
    )
    assert masked_file(post, post.parts[0]) is None
    assert masked_file(post, post.parts[1]) == octets
    assert masked_file(post, post.parts[2]) == b"\0"
    assert base64.b64encode(octets) in (shown := masked_mail(post.raw))
    assert shown.count(base64.b64encode(octets)) == 1


def test_W8_mails_in_mails_are_opened_some_levels_deep() -> None:
    raw = leaves(packed("text/plain", b"ask kim@example.org today"))
    for depth in range(6):
        post = read(raw)
        shown = masked_file(post, post.parts[0])
        assert shown is not None
        assert b"example.org" not in shown and b"ZXhhbXBsZS5vcmc" not in shown, depth
        raw = leaves(b"Content-Type: message/rfc822\n\n" + raw)
