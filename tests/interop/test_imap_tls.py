"""The way to a mailbox is encrypted and its server is who it should be, or no password is said: with Dovecot."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from listserver import imap
from tests.interop.mailboxes import Mailbox, dovecot
from tests.names import lead_here

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

MAIL = b"From: anna@example.net\r\nTo: talk@lists.example.org\r\n\r\nHello\r\n"
HERE, OTHER = "mail.example.test", "other.example.test"  # the certificate is for the first


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with dovecot(tmp_path_factory.mktemp("dovecot")) as found:
        yield found


def _account(box: Mailbox, scheme: str, host: str) -> imap.Account:
    secret, _, place = box.url.removeprefix("imaps://").rpartition("@")
    port = box.plain if scheme == "imap" else place.rpartition(":")[2]
    return imap.account(f"{scheme}://{secret}@{host}:{port}", "INBOX", "")


async def _fetched(account: imap.Account) -> bytes | None:
    async with imap.connected(account) as session:
        await session.select("INBOX")
        return await session.fetch((await session.search("UNSEEN"))[0])


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_mail_is_fetched_by_starttls_and_by_tls_from_the_first_octet(
    scheme: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_here(monkeypatch, HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(box.trust))
    box.put(MAIL)
    assert asyncio.run(_fetched(_account(box, scheme, HERE))) == MAIL
    signed_in = [line for line in box.log.read_text().splitlines() if "Login:" in line]
    assert "TLS" in signed_in[-1]


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
@pytest.mark.parametrize(
    ("host", "trusted", "said"), [(OTHER, True, "not valid for 'other.example.test'"), (HERE, False, "self-signed")]
)
def test_no_password_is_said_to_a_server_that_is_another(
    scheme: str, host: str, trusted: bool, said: str, box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_here(monkeypatch, HERE, OTHER)
    nobody = tmp_path / "nobody.pem"
    nobody.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(box.trust if trusted else nobody))
    before = box.log.read_text().count("Login:")
    problem = asyncio.run(imap.problem(_account(box, scheme, host)))
    assert said in problem.replace("self signed", "self-signed"), problem
    assert box.log.read_text().count("Login:") == before
