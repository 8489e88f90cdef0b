"""Signatures of real mails still verify when a list has sent them on."""

import json
from pathlib import Path

import dkim

from listserver.core.compose import Variant
from listserver.core.edits import crlf
from tests.core.test_compose_dkim import copy


def test_L1_real_signatures_of_others_still_verify(shared: Path) -> None:
    folder = shared / "data" / "auth" / "dkim"
    keys = json.loads((folder / "dns.json").read_text())
    passed = 0
    for row in (folder / "expect.tsv").read_text().splitlines()[1:]:
        name, number, _, result = row.split("\t")
        sent = copy(crlf((folder / name).read_bytes()), Variant())
        verified = dkim.DKIM(sent).verify(
            int(number) - 1, dnsfunc=lambda name, timeout=5: keys[name.decode()[:-1]].encode()
        )
        assert verified == (result == "pass"), row
        passed += verified
    assert passed == 12
