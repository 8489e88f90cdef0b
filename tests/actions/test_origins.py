"""Copies of authors whose domain has a DMARC policy (standards A5-A7); dkimpy is the receiver."""

import base64
import email
import email.policy
import itertools
import re
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from listserver import inbound
from listserver.actions import aliases, lists, moderation
from listserver.core.actor import OPERATOR
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope
from listserver.core.signing import Key
from listserver.delivery import copies
from listserver.delivery.copies import Mailing, Stamp
from listserver.delivery.transport import Features
from listserver.store.lists import List
from tests.actions.conftest import SITE, Community

LIST = "talk@lists.example.org"
ANNA = "anna.berg@bank.example"
AUTHOR = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = AUTHOR.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
DER = AUTHOR.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
RECORD = f"v=DKIM1; p={base64.b64encode(DER).decode()}"
OURS = Key("lists.example.org", "s1", ed25519.Ed25519PrivateKey.generate())
ZONE = {"sel._domainkey.bank.example": RECORD, "s1._domainkey.lists.example.org": OURS.record}
FEATURES = Features(pipelining=True, eightbit=True)

ABSENT, NONE, QUARANTINE, REJECT = DmarcPolicy
CHANGES: dict[str, dict[str, str]] = {"none": {}, "tag": {"subject_tag": "[talk]"}, "footer": {"footer": "Bye"}}


def dns(name: bytes, timeout: int = 5) -> bytes:
    return ZONE[name.decode().rstrip(".")].encode()


def mail(signature: str, serial: int = 1, author: str = f'"Anna Berg" <{ANNA}>') -> bytes:
    raw = (
        f"From: {author}\r\nTo: {LIST}\r\nCc: carl@example.net\r\nSubject: Drift\r\n"
        f"Date: Wed, 25 Nov 2026 11:00:00 +0000\r\nMessage-ID: <{serial}@bank.example>\r\n\r\nHas anybody met this?\r\n"
    ).encode()
    if signature == "none":
        return raw
    # "strict": what some providers do; List-* signed as absent, so that adding them breaks it (RFC 6376 §5.4).
    names = [b"from", b"to", b"subject", b"date", b"message-id", b"from"]
    names += [b"list-unsubscribe", b"list-id"] if signature == "strict" else []
    return dkim.sign(raw, b"sel", b"bank.example", PEM, include_headers=names) + raw


def arrive(community: Community, raw: bytes, policy: DmarcPolicy | None, *, keys: bool = True) -> None:
    signed = b"DKIM-Signature" in raw
    found = Authenticity(
        source="ours",
        dmarc=AuthResult.TEMPERROR if policy is None else AuthResult.PASS,
        dmarc_policy=policy or ABSENT,
        proved=ANNA,
        keys=(("sel._domainkey.bank.example", RECORD),) if signed and keys and policy in (QUARANTINE, REJECT) else (),
    )
    envelope = Envelope(ANNA, LIST, "smtp", authenticity=found)
    reply = community.write(
        lambda c: inbound.receive(c, community.receiver, inbound.prepare(envelope, raw), community.now)
    )
    assert reply.code == 250, reply


def copy(community: Community) -> bytes:
    """The newest post as its member gets it, signed by us."""
    post = community.rows("posts")[-1]
    member = community.rows("members")[-1]["id"]
    stamp = Stamp(int(community.now.timestamp()), (OURS,))
    mailing = community.store.read_now(lambda c: copies.prepare(c, SITE, post["id"], FEATURES, stamp))
    assert isinstance(mailing, Mailing)
    parcel = mailing.copy((member, "ben@example.org"))
    return (parcel.head + parcel.body).replace(b"\r\n..", b"\r\n.")


def receiver_says(raw: bytes, policy: DmarcPolicy | None) -> str:
    """DMARC as somebody else's server does it: an aligned signature that dkimpy verifies, else the domain's policy."""
    domain = parsed(raw)["From"].addresses[0].domain
    signed = [
        re.search(rb"\bd=([^;\s]+)", dkim.DKIM(raw).headers[i][1])
        for i, (name, _) in enumerate(dkim.DKIM(raw).headers)
        if name.lower() == b"dkim-signature"
    ]
    for index, found in enumerate(signed):
        if found and found[1].decode() == domain and verified(raw, index):
            return "pass"
    asked = {"bank.example": policy or REJECT, "lists.example.org": REJECT}[domain]
    return "pass" if asked in (ABSENT, NONE) else f"fail: {asked}"


def verified(raw: bytes, index: int) -> bool:
    try:
        return bool(dkim.DKIM(raw).verify(index, dnsfunc=dns))
    except dkim.DKIMException:
        return False


def parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def boxes(mail_: EmailMessage, *names: str) -> set[str]:
    return {address for _, address in getaddresses([str(v) for name in names for v in mail_.get_all(name, [])])}


def prepared(community: Community, **settings: str) -> List:
    lst = community.create("talk", moderation="none", hourly_posts="0", **settings)
    community.join(lst, ANNA, "ben@example.org")
    return lst


def alias(community: Community) -> str:
    (row,) = community.rows("aliases")
    return f"{row['local']}@lists.example.org"


def expected_from(policy: DmarcPolicy | None, signature: str, changes: str) -> bool:
    """Whether From is kept."""
    return policy in (ABSENT, NONE) or (policy in (QUARANTINE, REJECT) and signature == "plain" and changes == "none")


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("reply_to", ["author", "list", "both"])
def test_A6_A7_policy_signature_changes_and_reply_button(community: Community, changes: str, reply_to: str) -> None:
    prepared(community, title="Talk", reply_to=reply_to, **CHANGES[changes])
    rows = []
    for serial, (policy, signature) in enumerate(
        itertools.product((ABSENT, NONE, QUARANTINE, REJECT, None), ("none", "plain", "strict"))
    ):
        arrive(community, mail(signature, serial), policy)
        raw = copy(community)
        found = parsed(raw)
        kept = expected_from(policy, signature, changes)
        said = receiver_says(raw, policy)
        rows.append(f"{policy or 'no answer':10} {signature:7} {found['From']} | {found['Reply-To']} | {said}")
        assert said == "pass", rows[-1]
        assert ("Anna Berg via Talk" in str(found["From"])) is not kept
        assert boxes(found, "From") == {ANNA if kept else alias(community)}
        # Reply: what the list wants. Reply to all: always the list, and the author.
        reply = boxes(found, "Reply-To") or boxes(found, "From")
        wanted = {"author": {ANNA}, "list": {LIST}, "both": {LIST, ANNA}}[reply_to]
        assert reply == wanted, rows[-1]
        everybody = reply | boxes(found, "To", "Cc")
        assert LIST in everybody
        if not (kept and reply_to == "list"):  # there the author stays in From, for who wants to write to them alone
            assert ANNA in everybody, rows[-1]
    print("\n".join(["", f"changes: {changes}, reply_to = {reply_to}", *rows]))


@pytest.mark.parametrize(("setting", "sender"), [("keep", ANNA), ("rewrite", None), ("wrap", None)])
def test_A6_the_other_settings_do_as_they_say(community: Community, setting: str, sender: str | None) -> None:
    prepared(community, **{"from": setting})
    arrive(community, mail("plain"), REJECT)
    raw = copy(community)
    assert boxes(parsed(raw), "From") == {sender or alias(community)}
    if setting == "wrap":
        inner = raw.partition(b"\r\n\r\n")[2]
        assert dkim.verify(inner, dnsfunc=dns)


def test_A3_results_under_our_name_do_not_leave(community: Community) -> None:
    prepared(community)
    forged = b"Authentication-Results: LISTS.example.org (x);\r\n dmarc=pass\r\n"
    others = b"Authentication-Results: mx.elsewhere.example; dkim=pass\r\n"
    arrive(community, forged + others + mail("none"), ABSENT)
    raw = copy(community)
    assert b"LISTS.example.org (x)" not in raw
    assert others in raw


def test_the_alias_is_stable_and_one_for_each_author(community: Community) -> None:
    prepared(community)
    for serial in range(3):
        arrive(community, mail("none", serial), REJECT)
    first = alias(community)
    assert re.fullmatch(r"anna\.berg\.[a-z2-7]{6}@lists\.example\.org", first)
    arrive(community, mail("none", 9, '"other" <ANNA.berg@Bank.example>'), REJECT)
    assert alias(community) == first


def test_an_alias_is_never_given_twice(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(community)
    same = iter([b"aaaaa", b"aaaaa", b"bbbbb"])
    monkeypatch.setattr("listserver.actions.origins.secrets.token_bytes", lambda n: next(same))
    arrive(community, mail("none"), REJECT)
    community.join(community.write(lambda c: lists.find(c, "talk")), "anna@other.example")
    arrive(community, mail("none", 2, '"Anna Berg" <anna@other.example>'), REJECT)
    first, second = (row["local"] for row in community.rows("aliases"))
    assert first != second


def answer(community: Community, **fields: str) -> bytes:
    return community.mail("ben@example.org", alias(community), **fields)


def test_A7_a_private_answer_to_the_alias_reaches_the_author(community: Community) -> None:
    prepared(community)
    arrive(community, mail("none"), REJECT)
    raw = answer(community)
    assert (
        community.store.read_now(lambda c: inbound.accept_recipient(c, community.receiver, alias(community).upper()))
        is None
    )
    reply = community.arrive(raw, "ben@example.org", alias(community))
    assert (reply.code, "bank.example" in reply.text) == (250, False)
    (sent,) = community.notices("private-answer")
    assert (sent["address"], sent["bytes"].endswith(raw)) == (ANNA, True)
    assert sent["sender"] == ""  # ours: what comes back goes nowhere


@pytest.mark.parametrize(
    ("fields", "sender", "found", "code"),
    [
        ({"Auto-Submitted": "auto-replied"}, "ben@example.org", Authenticity(), 250),
        ({}, "", Authenticity(), 250),
        ({"X-Loop": "{alias}"}, "ben@example.org", Authenticity(), 554),
        ({}, "ben@example.org", Authenticity(dmarc=AuthResult.FAIL, dmarc_policy=REJECT), 550),
    ],
)
def test_A7_what_is_not_passed_on(
    community: Community, fields: dict[str, str], sender: str, found: Authenticity, code: int
) -> None:
    prepared(community)
    arrive(community, mail("none"), REJECT)
    given: dict[str, Any] = {name: value.format(alias=alias(community)) for name, value in fields.items()}
    raw = answer(community, **given)
    assert community.arrive(raw, sender, alias(community), authenticity=found).code == code
    assert community.notices("private-answer") == []


def test_A7_answers_to_an_alias_are_limited(community: Community) -> None:
    prepared(community)
    arrive(community, mail("none"), REJECT)
    codes = [community.arrive(answer(community), "ben@example.org", alias(community)).code for _ in range(22)]
    assert codes == [250] * 20 + [450] * 2
    community.later(hours=2)
    assert community.arrive(answer(community), "ben@example.org", alias(community)).code == 250


def test_who_is_no_alias_is_unknown(community: Community) -> None:
    assert community.store.read_now(lambda c: aliases.find(c, SITE, "anna.berg.x7k2mq@example.net")) is None
    for to in ("anna.berg.x7k2mq@lists.example.org", "anna.berg.x7k2mq@example.net"):
        assert community.arrive(community.mail("ben@example.org", to), "ben@example.org", to).code == 550


def test_a_held_post_keeps_what_was_found_of_its_author(community: Community) -> None:
    lst = community.create("talk")
    community.join(lst, "ben@example.org")
    arrive(community, mail("plain"), REJECT)
    (hold,) = community.rows("holds")
    community.write(lambda c: moderation.approve(c, SITE, OPERATOR, hold["id"], community.now))
    (row,) = community.rows("origins")
    assert (row["policy"], row["keys"]) == ("reject", [["sel._domainkey.bank.example", RECORD]])
    assert boxes(parsed(copy(community)), "From") == {ANNA}


@pytest.mark.parametrize("moderation_", ["none", "all"])
def test_A10_what_a_seal_says_is_kept_with_the_post(community: Community, moderation_: str) -> None:
    lst = community.create("talk", moderation=moderation_)
    community.join(lst, ANNA, "ben@example.org")
    found = Authenticity(
        source="ours", chain=AuthResult.PASS, results="arc=pass;\r\n dmarc=pass header.from=bank.example"
    )
    raw = mail("none")
    assert community.arrive(raw, ANNA, LIST, authenticity=found).code == 250
    for hold in community.rows("holds"):
        community.write(lambda c, held=hold["id"]: moderation.approve(c, SITE, OPERATOR, held, community.now))
    post = community.rows("posts")[-1]["id"]
    heads = []
    for seals in (False, True):
        stamp = Stamp(int(community.now.timestamp()), (OURS,), seals)
        mailing = community.store.read_now(lambda c, s=stamp: copies.prepare(c, SITE, post, FEATURES, s))
        assert isinstance(mailing, Mailing)
        heads.append(mailing.copy((1, "ben@example.org")).head)
    assert b"ARC-" not in heads[0]
    assert heads[1].startswith(b"ARC-Seal: a=ed25519-sha256;")
    assert b"cv=pass; d=lists.example.org" in heads[1]
    assert b"i=1; lists.example.org; arc=pass;\r\n dmarc=pass header.from=bank.example\r\n" in heads[1]
    assert community.rows("aliases") == []
