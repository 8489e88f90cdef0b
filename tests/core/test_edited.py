"""Posts as moderators edit them."""

from listserver.core.edited import edited
from listserver.core.message import read

RAW = (
    b"From anna Mon\nFrom: Anna <anna@x.example>\nSubject: Drift\n of sensors\nDKIM-Signature: v=1\n"
    b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\nDate: Wed, 25 Nov 2026 12:00:00 +0000\n\n"
    b"--x\n\nold\n"
)


def test_the_header_stays_and_the_body_is_the_moderators() -> None:
    raw = edited(RAW, "new\ntext … ☃", "Edited")
    post = read(raw)
    assert (post.authors[0].address, post.subject) == ("anna@x.example", "Drift of sensors")
    assert post.text == "[Edited]\n\nnew\ntext … ☃\n"
    assert b"old" not in raw and b"DKIM" not in raw and len(post.parts) == 1
    assert raw.count(b"\n") == raw.count(b"\r\n") and max(map(len, raw.split(b"\r\n"))) <= 78


def test_a_mail_without_a_header_is_edited_too() -> None:
    assert read(edited(b"", "x", "Edited")).text == "[Edited]\n\nx\n"
