"""DKIM and DMARC: real signatures verified by us, ours by others."""

import base64
import csv
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from listserver.core import dkim, dmarc, signing
from listserver.core.envelope import AuthResult, DmarcPolicy
from listserver.core.lookup import Answer, Found, Question, run
from tests.conftest import need
from tests.interop.peers import PEERS

NOW = 1_700_000_000
KEYS = (
    signing.Key("lists.example", "r1", rsa.generate_private_key(65537, 2048)),
    signing.Key("lists.example", "e1", ed25519.Ed25519PrivateKey.generate()),
)
ZONE = {key.name: key.record for key in KEYS}
HEADER = (
    b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nTo: talk@lists.example,\r\n  b@example.net\r\nCc: \r\n"
    b"Subject: long \r\n\t folded   subject\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x.example>\r\n"
    b"References: <a@b>\r\n <c@d>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"List-Id: <talk.lists.example>\r\nList-Unsubscribe: <https://lists.example/u/1>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nAuto-Submitted: no\r\n"
)
BODIES = (b"", b"\r\n\r\n", b"hello  all \t\r\n\r\nbye\r\n\r\n\r\n", "grüße\r\n".encode(), b".\r\n..\r\n")


def _mails() -> list[bytes]:
    return [signing.sign(HEADER, signing.body_hash(b), KEYS, NOW) + HEADER + b"\r\n" + b for b in BODIES]


def _answer(zone: dict[str, str]) -> Any:
    def answer(question: Question) -> Answer:
        text = zone.get(question.name.lower())
        return Answer(Found.YES, (text,)) if text else Answer(Found.NO_NAME)

    return answer


@pytest.mark.interop
def test_A2_signatures_of_others(shared: Path) -> None:
    folder = shared / "data" / "auth" / "dkim"
    zone = json.loads((folder / "dns.json").read_text("utf-8"))
    right, wrong = 0, []
    with (folder / "expect.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            verdicts = run(dkim.check((folder / row["file"]).read_bytes(), NOW), _answer(zone))
            verdict = verdicts[int(row["signature"]) - 1]
            if verdict.result == row["result"]:
                right += 1
            else:
                wrong.append((row, verdict))
    mails = [path for path in folder.rglob("*") if path.is_file()]
    for path in mails:
        run(dkim.check(path.read_bytes(), NOW), _answer(zone))
    print(f"\nDKIM: {right} signatures of dkimpy, mailauth and MimeKit as wanted, {len(mails)} files read")
    assert wrong == []


@pytest.mark.interop
def test_A8_dkimpy_verifies_ours() -> None:
    def text(name: bytes, timeout: int = 5) -> bytes:
        return ZONE[name.decode().rstrip(".")].encode()

    for mail in _mails():
        assert dkimpy.verify(mail, dnsfunc=text)
        assert dkimpy.DKIM(mail).verify(idx=1, dnsfunc=text)
        assert not dkimpy.verify(mail.replace(b"folded", b"forged"), dnsfunc=text)
        sealed = (
            signing.seal(mail, KEYS[0], signing.Seal("lists.example", "none", "dmarc=pass", ("from", "subject")), NOW)
            + mail
        )
        assert dkimpy.arc_verify(sealed, dnsfunc=text)[0] == b"pass"


@pytest.mark.interop
def test_A8_opendkim_verifies_ours(tmp_path: Path) -> None:
    program = shutil.which("opendkim") or PEERS / "opendkim" / "usr/sbin/opendkim"
    need(Path(program).exists(), "no opendkim (tests/needs unpacks it)")
    libraries = ":".join({str(path.parent) for path in (PEERS / "opendkim").rglob("*.so*")})
    keys, conf = tmp_path / "keys", tmp_path / "conf"
    keys.write_text("".join(f"{name} {text}\n" for name, text in ZONE.items()), "utf-8")
    conf.write_text(f"Mode v\nSyslog no\nTestPublicKeys {keys}\n", "utf-8")
    for mail in _mails():
        file = tmp_path / "mail"
        file.write_bytes(mail)
        done = subprocess.run(
            [program, "-x", conf, "-t", file, "-vv"],
            capture_output=True,
            text=True,
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
            timeout=30,
            check=False,
        )
        results = [part for part in done.stdout.split() if part.startswith("dkim=")]
        assert results == ["dkim=pass", "dkim=pass"], done.stdout + done.stderr


def mailauth(question: dict[str, Any]) -> Any:
    node = shutil.which("node")
    need(node and (PEERS / "mailauth/node_modules/mailauth").exists(), "no mailauth (npm; tests/needs fetches it)")
    script = Path(__file__).parent / "mailauth.js"
    done = subprocess.run(
        [str(node), script, PEERS / "mailauth"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.interop
def test_A8_mailauth_verifies_ours() -> None:
    mails = [base64.b64encode(mail).decode() for mail in _mails()]
    zone = {name: {"TXT": [text]} for name, text in ZONE.items()}
    assert mailauth({"zone": zone, "mails": mails})["dkim"] == [["pass", "pass"]] * len(mails)


def _record(chance: random.Random) -> str:
    def maybe(name: str, values: tuple[str, ...], share: float) -> str:
        return f"; {name}={chance.choice(values)}" if chance.random() < share else ""

    policies = ("none", "quarantine", "reject")
    return "".join(
        [
            "v=DMARC1",
            maybe("p", (*policies, "odd"), 0.9),
            maybe("sp", policies, 0.3),
            maybe("np", policies, 0.3),
            maybe("adkim", ("r", "s"), 0.3),
            maybe("aspf", ("r", "s"), 0.3),
            maybe("psd", ("y", "n", "u"), 0.3),
            maybe("t", ("y", "n"), 0.2),
            maybe("rua", ("mailto:d@example.net",), 0.5),
        ]
    )


def _case(chance: random.Random) -> dict[str, Any]:
    """A zone and a mail, over few names so that they often meet."""
    domains = ["com", "example.com", "a.example.com", "b.a.example.com", "c.example.com", "other.com", "example.net"]
    zone: dict[str, dict[str, list[str]]] = {}
    for domain in domains:
        if chance.random() < 0.4:
            zone[f"_dmarc.{domain}"] = {"TXT": [_record(chance) for _ in range(chance.choice((1, 1, 1, 2)))]}
        if chance.random() < 0.5:
            zone[domain] = {chance.choice(("A", "AAAA", "MX")): ["192.0.2.1"]}
    return {
        "zone": zone,
        "author": chance.choice(domains[1:5]),
        "spf": chance.sample(domains[1:], chance.choice((0, 1))),
        "dkim": chance.sample(domains[1:], chance.choice((0, 1, 2))),
    }


def _ours(case: dict[str, Any]) -> dmarc.Outcome:
    def answer(question: Question) -> Answer:
        names = case["zone"].get(question.name)
        if names is None:
            return Answer(Found.NO_NAME)
        records = tuple(names.get(question.kind, ()))
        return Answer(Found.YES if records else Found.NO_DATA, records)

    spf = (AuthResult.PASS, case["spf"][0]) if case["spf"] else (AuthResult.NONE, "")
    return run(dmarc.check(case["author"], spf, [(domain, AuthResult.PASS) for domain in case["dkim"]]), answer)


@pytest.mark.interop
def test_A4_dmarc_as_mailauth_sees_it() -> None:
    chance = random.Random(9989)
    cases = [_case(chance) for _ in range(3000)]
    theirs = mailauth({"dmarc": cases})["dmarc"]
    differ = []
    for case, other in zip(cases, theirs, strict=True):
        ours = _ours(case)
        policy = "" if ours.policy is DmarcPolicy.ABSENT else str(ours.policy)
        if (str(ours.result), policy) != (other["result"], other["policy"]):
            differ.append((case, ours, other))
    print(f"\nDMARC: {len(cases) - len(differ)} of {len(cases)} random cases as mailauth {differ[:2]}")
    assert differ == []
