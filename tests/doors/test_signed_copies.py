"""Copies and notices leave signed where there are keys: octets as they go over the wire."""

from cryptography.hazmat.primitives.asymmetric import ed25519

from listserver.core import dkim, signing
from listserver.core.envelope import AuthResult
from listserver.core.lookup import Answer, Found, run
from listserver.core.signing import Key
from listserver.core.site import Site
from listserver.delivery import copies
from listserver.store.deliveries import Letter

KEY = Key("lists.example", "e1", ed25519.Ed25519PrivateKey.generate())
SITE = Site("lists.example", "Lists", "postmaster@lists.example", "en", "https://lists.example", b"s" * 32)
HEAD = (b"From: anna@example.org\r\nSubject: x\r\nList-Unsubscribe: <https://lists.example/", b">\r\n")
BODY = b"\r\nhello\r\n.dots\r\n..\r\n"
NOW = 1_700_000_000


def mailing(each: bool, keys: tuple[Key, ...] = (KEY,)) -> copies.Mailing:
    mould = signing.mould(HEAD, signing.body_hash(BODY.removeprefix(b"\r\n")), keys, NOW)
    stuffed = BODY.replace(b"\r\n.", b"\r\n..")
    return copies.Mailing(1, "talk", SITE, NOW // 86_400, mould, stuffed, False, False, each)


def results(sent: bytes) -> list[AuthResult]:
    mail = sent.replace(b"\r\n..", b"\r\n.")  # as the other side undoes it
    return [v.result for v in run(dkim.check(mail, NOW), lambda _: Answer(Found.YES, (KEY.record,)))]


def test_A8_each_copy_is_signed_with_its_own_link() -> None:
    sent = [copy.parcel for copy in mailing(True).lots([(1, "a@x.example"), (2, "b@x.example")], lambda: 100, False)]
    assert [results(parcel.head + parcel.body) for parcel in sent] == [[AuthResult.PASS], [AuthResult.PASS]]
    assert sent[0].head != sent[1].head


def test_A8_a_batch_is_signed_once() -> None:
    (lot,) = mailing(False).lots([(1, "a@x.example"), (2, "b@x.example")], lambda: 100, False)
    assert results(lot.parcel.head + lot.parcel.body) == [AuthResult.PASS]


def test_A9_without_keys_copies_go_out_unsigned() -> None:
    (lot,) = mailing(False, ()).lots([(1, "a@x.example")], lambda: 100, False)
    assert lot.parcel.head == b"".join(HEAD)


def test_A8_notices_are_signed() -> None:
    notice = Letter("", HEAD[0] + HEAD[1] + BODY)
    parcel = copies.letter(SITE, "a@x.example", 1, notice, copies.Stamp(NOW, (KEY,)))
    assert results(parcel.head + parcel.body) == [AuthResult.PASS]
