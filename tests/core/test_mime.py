"""The parts of a mail (standards R8-R10, R12-R14)."""

import pytest

from listserver.core import mime
from listserver.core.message import part_bytes, part_text, read


def parts(raw: str, kind: str = "mixed", boundary: str = "b") -> list[mime.Part]:
    return list(read(f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{raw}".encode()).parts)


def shape(found: list[mime.Part]) -> list[tuple[str, str]]:
    return [(part.path, part.content_type) for part in found]


NESTED = """\
preamble
--b
Content-Type: multipart/alternative; boundary=b2

--b2

plain
--b2
Content-Type: text/html

<p>html
--b2--
--b
Content-Type: image/png; name="../a/b\\\\c.png"
Content-ID: <x@y>
Content-Disposition: Attachment

png
--b--
epilogue
"""


def test_the_leaves_of_a_nested_mail() -> None:
    found = parts(NESTED)
    assert shape(found) == [("1.1", "text/plain"), ("1.2", "text/html"), ("2", "image/png")]
    assert [part.alternative for part in found] == ["1", "1", None]
    picture = found[2]
    assert (picture.filename, picture.content_id, picture.disposition) == ("c.png", "x@y", "attachment")


@pytest.mark.parametrize(
    ("raw", "boundary", "shapes", "finding"),
    [
        ("--b\n\none\n--b\n\ntwo", "b", [("1", "text/plain"), ("2", "text/plain")], ()),
        ("--b\n\none\n--b--", "b", [("1", "text/plain")], ()),
        ("--b \t\n\none\n--bc\nstill\n--b-- x", "b", [("1", "text/plain")], ()),
        ("--b--\n", "b", [("1", "multipart/mixed")], ()),
        ("no delimiter", "b", [("1", "application/octet-stream")], ("bad-boundary",)),
        ("--b\n\none", "", [("1", "application/octet-stream")], ("bad-boundary",)),
        ("--" + "b" * 71 + "\n\none", "b" * 71, [("1", "application/octet-stream")], ("bad-boundary",)),
        ("--b\n--b\n--b--", "b", [("1", "text/plain"), ("2", "text/plain")], ()),
        ("--b", "b", [("1", "text/plain")], ()),
        ("--b\n\nx\n" * 1_100, "b", [("1", "application/octet-stream")], ("too-many-parts",)),
        ("--b" + "\n--bx" * 10_001, "b", [("1", "application/octet-stream")], ("too-many-parts",)),
    ],
)
def test_R8_what_cannot_be_taken_apart_is_one_opaque_part(
    raw: str, boundary: str, shapes: list[tuple[str, str]], finding: tuple[str, ...]
) -> None:
    post = read(f"From: a@b.example\nContent-Type: multipart/mixed; boundary={boundary}\n\n{raw}".encode())
    assert (shape(list(post.parts)), post.findings) == (shapes, finding)


def test_R8_depth_is_bounded() -> None:
    deep = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(100))
    found = read(f"From: a@b.example\nContent-Type: multipart/mixed; boundary=b0\n\n{deep}".encode())
    assert found.findings == ("too-many-parts",)
    assert found.parts[0].path.count(".") == mime.MAX_DEPTH - 1


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        ("", "text/plain"),
        ("Content-Type: TEXT/HTML; x", "text/html"),
        ("Content-Type: nonsense", "text/plain"),
        ("Content-Type: /x", "text/plain"),
        ("Content-Type: a/b/c", "text/plain"),
        ("Content-Type: message/rfc822", "message/rfc822"),
        ("Content-Type: a/b\nContent-Type: c/d", "a/b"),
    ],
)
def test_the_type_of_a_part(head: str, content_type: str) -> None:
    assert read(f"{head}\n\nx".encode()).parts[0].content_type == content_type


def test_R12_a_mail_within_a_digest_is_a_leaf() -> None:
    assert shape(parts("--b\n\nFrom: x@y.example\n\nhello\n--b--", "digest")) == [("1", "message/rfc822")]


def test_R14_what_lies_within_a_signature() -> None:
    sealed = "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b\nContent-Type: a/sig\n\n--b--"
    assert [part.signed for part in parts(sealed, "signed")] == [True, True]
    assert [part.signed for part in parts(sealed, "mixed")] == [False, False]
    assert read(b"Content-Type: application/pkcs7-mime\n\nx").parts[0].signed


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\x\\\\y.exe", "y.exe"),
        ("=?utf-8?q?a=2F=C3=A4.txt?=", "ä.txt"),
        (" .. ", ""),
        ("x" * 300 + ".txt", "x" * 180 + "x" * 16 + ".txt"),
        ("a/", "a"),
    ],
)
def test_file_names_are_cleaned(name: str, clean: str) -> None:
    raw = f'Content-Type: a/b\nContent-Disposition: attachment; filename="{name}"\n\nx'
    assert read(raw.encode()).parts[0].filename == clean


@pytest.mark.parametrize(
    ("encoding", "body", "octets"),
    [
        ("base64", b"aGVs\nbG8=\n", b"hello"),
        ("Quoted-Printable", b"caf=C3=A9=\n=3D=zz\n", b"caf\xc3\xa9==zz\n"),
        ("8bit", b"\xff\n", b"\xff\n"),
        ("x-unknown", b"=41", b"=41"),
    ],
)
def test_R10_transfer_encodings(encoding: str, body: bytes, octets: bytes) -> None:
    post = read(b"Content-Transfer-Encoding: " + encoding.encode() + b" (x)\n\n" + body)
    assert part_bytes(post, post.parts[0]) == octets
    assert len(octets) <= len(body)


@pytest.mark.parametrize(
    ("text", "delsp", "unflowed"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        (">> one \n>> two\n> three \nfour ", False, ">> one two\n> three \nfour "),
        ("bye \n-- \nAnna", False, "bye \n-- \nAnna"),
        (" >stuffed\n From\n>", False, ">stuffed\nFrom\n>"),
        ("", False, ""),
    ],
)
def test_R13_flowed_text_is_joined(text: str, delsp: bool, unflowed: str) -> None:
    assert mime.unflow(text, delsp) == unflowed


def text_of(kind: str, *bodies: str) -> str:
    raw = "".join(f"--b\n{body}\n" for body in bodies)
    return read(f"Content-Type: multipart/{kind}; boundary=b\n\n{raw}--b--".encode()).text


PLAIN, HTML = "\nplain", "Content-Type: text/html\n\n<p>html"


@pytest.mark.parametrize(
    ("kind", "bodies", "text"),
    [
        ("alternative", [PLAIN, HTML], "plain"),
        ("alternative", [HTML], "html"),
        ("alternative", ["\n \n", HTML], "html"),
        ("mixed", [PLAIN, "\nfooter"], "plain\nfooter"),
        ("mixed", [HTML, "\nfooter"], "html\nfooter"),
        ("mixed", [PLAIN, "Content-Type: text/x-patch; name=x.patch\n\n+1"], "plain"),
        ("mixed", ["Content-Disposition: attachment\n\nno", PLAIN], "plain"),
        ("mixed", ["Content-Type: text/plain; name=a.txt\n\nnamed"], "named"),
        ("mixed", ["Content-Type: image/png\n\nx"], ""),
        ("mixed", ["\n \n"], ""),
        ("mixed", ["Content-Type: text/plain; format=flowed\n\na \r\nb\r\0"], "a b\n\ufffd"),
    ],
)
def test_the_text_that_a_person_wrote(kind: str, bodies: list[str], text: str) -> None:
    assert text_of(kind, *bodies) == text


def test_part_text_of_html() -> None:
    post = read(b"Content-Type: text/html; charset=latin1\n\n<p>caf\xe9")
    assert part_text(post, post.parts[0]) == "café"
