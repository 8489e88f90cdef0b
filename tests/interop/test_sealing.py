"""ARC seals of ours (A10) on the copies that leave the whole service; dkimpy and mailauth are the receivers."""

import base64
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from listserver import dkim_keys
from listserver.actions import lists, membership
from listserver.core import signing
from listserver.core.actor import OPERATOR
from listserver.store.engine import Store
from tests import dns_server, relay
from tests.interop.conftest import until
from tests.interop.test_dkim import mailauth
from tests.running import Serve

pytestmark = pytest.mark.interop

DOMAIN = "lists.example.org"
NOW = 1_700_000_000
AUTHOR = signing.Key("example.net", "a1", rsa.generate_private_key(65537, 2048))
FORWARDER = signing.Key("forwarder.example", "f1", AUTHOR.private)
HEAD = (
    b"From: Anna <anna@example.net>\r\nTo: talk@lists.example.org\r\nSubject: Hello\r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%d@example.net>\r\nMIME-Version: 1.0\r\n"
)
BODY = b"Has  anybody\r\n.met this?\r\n\r\n"


def _posts() -> dict[str, bytes]:
    """What comes in: with no chain before, with one that holds, with one that was broken on the way."""
    what = signing.Seal("mx.forwarder.example", "none", "dkim=pass header.d=example.net", ("from", "subject"))
    made = []
    for number in range(3):
        head = HEAD % number
        made.append(signing.sign(head, signing.body_hash(BODY), (AUTHOR,), NOW) + head + b"\r\n" + BODY)
    plain, chained, broken = made
    seal = signing.seal(broken, FORWARDER, what, NOW)
    return {
        "none": plain,
        "pass": signing.seal(chained, FORWARDER, what, NOW) + chained,
        "fail": seal.replace(b"dkim=pass", b"dkim=fail") + broken,
    }


@pytest.mark.parametrize(
    "settings", [{}, {"copies": "batch"}, {"subject_tag": "[talk]", "footer": "Bye"}], ids=["each", "batch", "changed"]
)
def test_A10_copies_are_sealed_where_the_site_wishes_it(
    settings: dict[str, str], caught: relay.Script, sqlite_url: str, tmp_path: Path
) -> None:
    records = {key.name: key.record for key in (AUTHOR, FORWARDER)}
    records |= {one.key.name: one.key.record for one in dkim_keys.create(tmp_path / "dkim", DOMAIN, datetime.now(UTC))}
    cut = {name: " ".join(f'"{text[n : n + 250]}"' for n in range(0, len(text), 250)) for name, text in records.items()}
    _create(sqlite_url, settings)

    with dns_server.serving({(f"{name}.", "TXT"): [text] for name, text in cut.items()}) as names:
        site = {"DKIM__ARC": "on", "DATA_DIR": str(tmp_path), "WEB__BASE_URL": f"https://{DOMAIN}"}
        site |= {"DNS__SERVERS": names, "RELAY__URL": f"smtp://127.0.0.1:{caught.port}"}
        with Serve(tmp_path / "serve", database=sqlite_url, **site) as serve:
            for post in _posts().values():
                _hand_in(serve.ports["smtp"], post)
            until(lambda: len(caught.taken) >= 6)
    taken = [copy.mail for copy in caught.taken]

    def text(name: bytes, timeout: int = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    asked = {
        "zone": {n: {"TXT": [t]} for n, t in records.items()},
        "mails": [base64.b64encode(m).decode() for m in taken],
    }
    theirs = mailauth(asked)["arc"]
    changed = "footer" in settings
    for copy, said in zip(taken, theirs, strict=True):
        number = int(copy.partition(b"Message-ID: <")[2].partition(b"@")[0])
        found = dkimpy.arc_verify(copy, dnsfunc=text)[0]  # None: a sealer said that the chain ends
        assert (found, said) == ((None, "fail") if number == 2 else (b"pass", "pass"))
        seal = copy.partition(b"\r\nARC-Message-Signature")[0]
        assert seal.startswith(b"ARC-Seal: a=rsa-sha256;") and b"cv=%b" % list(_posts())[number].encode() in seal
        results = copy.partition(b"ARC-Authentication-Results: ")[2].partition(b"\r\nDKIM-Signature")[0]
        assert b"dkim=pass header.d=example.net" in results
        assert [_verifies(copy, index, text) for index in range(3)] == [True, True, not changed]


def _verifies(copy: bytes, index: int, text: Callable[..., bytes]) -> bool:
    try:
        return bool(dkimpy.DKIM(copy).verify(index, dnsfunc=text))
    except dkimpy.ValidationError:
        return False


def _create(url: str, settings: dict[str, str]) -> None:
    now = datetime.now(UTC)
    with Store.open(url) as store:
        talk = store.write_now(
            lambda conn: lists.create(conn, OPERATOR, "talk", {"moderation": "none", **settings}, now)
        )
        entries = [membership.Entry(address) for address in ("anna@example.net", "ben@example.com")]
        store.write_now(lambda conn: membership.add(conn, OPERATOR, talk.list, entries, now))


def _hand_in(port: int, mail: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("anna@example.net", [f"talk@{DOMAIN}"], mail)
