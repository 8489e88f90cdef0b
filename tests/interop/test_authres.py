"""Authentication-Results that real servers wrote, and those of the authres library's tests."""

import json
import lzma
import re
from pathlib import Path

import pytest

from listserver.core import authres
from listserver.core.message import read

FIELD = re.compile(rb"(?mi)^authentication-results:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)")


@pytest.mark.interop
def test_A3_real_fields_are_read(shared: Path) -> None:
    values = []
    with lzma.open(shared / "data/lists/usrp-users.mbox.xz") as archive:
        for post in archive.read().split(b"\nFrom mboxrd@z "):
            values += FIELD.findall(post.partition(b"\n\n")[0] + b"\n")
    unread = [
        v
        for v in values
        if not ((found := authres.parse(" ".join(v.decode("utf-8", "replace").split()))) and found.results)
    ]
    print(f"\nAuthentication-Results: {len(values) - len(unread)} of {len(values)} read")
    assert len(values) > 6000
    assert len(unread) <= len(values) / 1000


@pytest.mark.interop
def test_A3_cases_of_authres(shared: Path) -> None:
    cases = json.loads((shared / "data/auth/authres/authres-cases.json").read_text("utf-8"))
    for case in cases:
        parsed = authres.parse(case["header"].partition(":")[2])
        assert parsed is not None
        if "results" not in case:  # the library refuses it, we read what can be read
            continue
        assert parsed.authserv_id == case["authserv_id"]
        assert [
            {
                "method": r.method,
                "result": r.result,
                "reason": r.reason or None,
                "properties": [list(p) for p in r.properties if p[0]],  # the library drops those without a ptype
            }
            for r in parsed.results
        ] == case["results"]
    print(f"\n{len(cases)} cases of authres")


@pytest.mark.interop
def test_A3_a_field_of_ours_is_found_in_a_real_mail(shared: Path) -> None:
    raw = (shared / "data/autoreply/human/usrp-3a29ac22af2f.eml").read_bytes()
    post = read(raw)
    found = authres.claims(post, "lists.ettus.com")
    assert len(found) == 1
    assert authres.claims(read(authres.without(raw, found)), "lists.ettus.com") == ()
