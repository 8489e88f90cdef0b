"""Copies and notices leave signed where there are keys: octets as they go over the wire."""

import asyncio
import os
import signal

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from listserver.core import dkim, signing
from listserver.core.envelope import AuthResult
from listserver.core.lookup import Answer, Found, run
from listserver.core.signing import Key
from listserver.core.site import Site
from listserver.delivery import copies, signers
from listserver.delivery.signers import Signers
from listserver.store.deliveries import Letter
from tests.helping import all_ready, children

KEY = Key("lists.example", "e1", ed25519.Ed25519PrivateKey.generate())
RSA = Key("lists.example", "r1", rsa.generate_private_key(65537, 2048))
MEMBERS = [(n, f"m{n}@x.example") for n in range(1, 121)]
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
    records = {key.name: Answer(Found.YES, (key.record,)) for key in (KEY, RSA)}
    return [v.result for v in run(dkim.check(mail, NOW), lambda asked: records[asked.name])]


async def running(pool: Signers) -> set[int]:
    """The processes of a pool that was asked once, when all are ready."""
    await pool.values([[b"d" * 32] * len(pool.keys)])
    await all_ready(pool._helpers)
    return children()


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


async def sent_by(pool: Signers) -> list[list[AuthResult]]:
    post = mailing(True, (RSA, KEY))
    lots = [lot async for lot in signers.signed(pool, signers.personal(post, MEMBERS))]
    assert [lot.members for lot in lots] == [(member,) for member in MEMBERS]
    assert len({lot.parcel.head for lot in lots}) == len(MEMBERS)
    return [results(lot.parcel.head + lot.parcel.body) for lot in lots]


def test_A8_other_processes_sign_personal_copies_in_the_order_of_the_members() -> None:
    async def story() -> None:
        pool = Signers((RSA, KEY))
        assert await running(pool)
        found = await asyncio.gather(*(sent_by(pool) for _ in range(4)))  # as many couriers do at once
        assert found == [[[AuthResult.PASS, AuthResult.PASS]] * len(MEMBERS)] * 4
        await pool.close()

    asyncio.run(story())


def test_A9_copies_are_signed_though_the_processes_that_sign_are_killed_at_their_work() -> None:
    async def story() -> None:
        pool = Signers((RSA, KEY))
        post = mailing(True, (RSA, KEY))
        for _ in range(2):
            pids = await running(pool)
            sent = []
            async for lot in signers.signed(pool, signers.personal(post, MEMBERS)):
                if pids:
                    assert any(one.busy for one in pool._helpers._ready)
                while pids:
                    os.kill(pids.pop(), signal.SIGKILL)
                sent.append(results(lot.parcel.head + lot.parcel.body))
            assert sent == [[AuthResult.PASS, AuthResult.PASS]] * len(MEMBERS)
        assert len(await running(pool)) == min(len(os.sched_getaffinity(0)), signers.MOST)
        await pool.close()
        assert children() == set()

    asyncio.run(story())
