"""SpamAssassin and rspamd find nothing wrong with the form of what our members get. `-s` prints what they say."""

import http.client
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from listserver.core import signing
from listserver.core.compose import ListFacts, Template, Variant, compose
from listserver.core.message import read
from listserver.core.settings import ListSettings
from listserver.core.site import Site
from tests.conftest import need
from tests.interop import peers

HOST = "lists.example.org"
SITE = Site(HOST, "Lists", f"postmaster@{HOST}", "en", f"https://{HOST}", b"s" * 32, signs=True)
KEY = signing.Key(HOST, "s1", rsa.generate_private_key(65537, 2048))
CLIENT = "8.8.4.4"  # an address that may send; nobody is asked about it
RECEIVED = f"Received: from {HOST} ({HOST} [{CLIENT}])\r\n\tby mx.receiver.example with ESMTPS id 4f2a; "
NOW = datetime.now(UTC)  # what is a day old has points for that
DATE = format_datetime(NOW)
RECEIVED += f"{DATE}\r\n"
POST = (
    f"Received: from mail.berg.example (mail.berg.example [8.8.8.8])\r\n\tby {HOST} with ESMTPS id 7c1e; "
    f"{DATE}\r\n"
    "From: Anna Berg <anna@berg.example>\r\nTo: talk@lists.example.org\r\nSubject: Notes of the meeting on Tuesday\r\n"
    f"Date: {DATE}\r\nMessage-ID: <{NOW:%Y%m%d%H%M%S}.12345@mail.berg.example>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    "Hello everybody,\r\n\r\nhere are the notes of our meeting on Tuesday. We agreed to meet again in two weeks,\r\n"
    "and Ben will bring the maps.\r\n\r\nBest wishes,\r\nAnna\r\n"
)
LISTS = {
    "personal": (ListSettings(), True),
    "equal copies": (ListSettings(copies="batch"), False),
    "tag and footer": (ListSettings(title="Talk", subject_tag="[talk]", footer="The list of the club."), True),
}
# Symbols that say nothing of the form: no name server may be asked here, and its answers are what they are about.
_DNS = re.compile(r"^(R_SPF|R_DKIM|DMARC|ARC|DKIM|HFILTER|RDNS|AUTH)_")


def sent(name: str) -> bytes:
    """A copy, as the receiver's filter sees it."""
    settings, personal = LISTS[name]
    link = f"https://{HOST}/talk/p/abcdefghij/"
    made = compose(read(POST.encode()), ListFacts("talk", SITE, settings), Variant("keep", personal), link)
    assert isinstance(made, Template)
    mould = signing.mould(made.head, signing.body_hash(made.body.removeprefix(b"\r\n")), (KEY,), int(NOW.timestamp()))
    return RECEIVED.encode() + mould.header(b"0123456789abcdef0123456789abcdef7") + made.body


def points(said: dict[str, float]) -> dict[str, float]:
    """What counts against the form."""
    return {name: score for name, score in said.items() if score > 0 and not _DNS.search(name)}


@pytest.mark.interop
@pytest.mark.parametrize("name", LISTS)
def test_J_spamassassin_has_nothing_against_a_post(name: str, tmp_path: Path) -> None:
    unpacked = peers.PEERS.absolute() / "spamassassin"
    need(shutil.which("perl") is not None and unpacked.is_dir(), "spamassassin is not unpacked: `tests/needs` does it")
    libraries = [unpacked / "usr/share/perl5", *unpacked.glob("usr/lib/*/perl5/*")]
    (tmp_path / "prefs").write_text("")
    command = ["perl", "-T", *(f"-I{folder}" for folder in libraries), str(unpacked / "usr/bin/spamassassin"), "-L",
               "-t", f"--configpath={unpacked}/usr/share/spamassassin", f"--prefspath={tmp_path}/prefs",
               f"--siteconfigpath={unpacked}/etc/spamassassin"]  # fmt: skip
    ran = subprocess.run(command, input=sent(name), capture_output=True, check=False, env={"HOME": str(tmp_path)})
    report = ran.stdout.decode().rpartition("Content analysis details:")[2]
    need(bool(report), f"spamassassin does not run here: {ran.stderr.decode()[-300:]}")
    said = {rule: float(score) for score, rule in re.findall(r"^ *(-?\d+\.\d) ([A-Z][A-Z0-9_]+)", report, re.M)}
    print(f"\nSpamAssassin, {name}: {said}", file=sys.stderr)
    assert said.get("MAILING_LIST_MULTI", 0) < 0  # it knows a list when it sees one
    assert points(said) == {}


RSPAMD = """
.include "$CONFDIR/common.conf"
options {
  .include "$CONFDIR/options.inc"
  pidfile = "FOLDER/data/pid";
  dns { nameserver = "127.0.0.1:1"; timeout = 0.05s; retransmits = 1; }
}
logging { type = "console"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:%d"; count = 1; }
"""


@pytest.mark.interop
def test_J_rspamd_has_nothing_against_a_post() -> None:
    port = peers.free_port()
    command = ["/usr/bin/rspamd", "-f", "--insecure", "-c", "/etc/rspamd/test.conf", "--var=DBDIR=FOLDER/data"]
    with peers.run("rspamd", {"rspamd/test.conf": RSPAMD % port}, command, port, greets=False):
        for name in LISTS:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            envelope = {"IP": CLIENT, "Helo": HOST, "From": f"talk-bounces+7@{HOST}", "Rcpt": "ben@receiver.example"}
            connection.request("POST", "/checkv2", sent(name), envelope)
            found = json.load(connection.getresponse())["symbols"]
            said = {symbol: one["score"] for symbol, one in found.items()}
            print(f"\nrspamd, {name}: {said}", file=sys.stderr)
            assert said["MAILLIST"] < 0
            assert points(said) == {}
