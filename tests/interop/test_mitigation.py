"""Copies as a receiver with mailauth sees them: policy × the author's signature × what the list changes (A6, A7)."""

import base64
import itertools
import re
from typing import Any

import dkim as dkimpy
import pytest

from listserver.core.envelope import DmarcPolicy
from listserver.store.engine import Store
from tests.actions import test_origins as copies
from tests.actions.conftest import Community
from tests.interop.test_dkim import mailauth

ABSENT, NONE, QUARANTINE, REJECT = DmarcPolicy
ASKS = {NONE: "none", QUARANTINE: "quarantine", REJECT: "reject", None: "reject"}  # None: silent to us, not to others


def _zone(policy: DmarcPolicy | None) -> dict[str, Any]:
    """What the world sees in the DNS; the list's own domain asks for the hardest."""
    zone = {name: {"TXT": [record]} for name, record in copies.ZONE.items()}
    zone["_dmarc.lists.example.org"] = {"TXT": ["v=DMARC1; p=reject"]}
    if policy in ASKS:
        zone["_dmarc.bank.example"] = {"TXT": [f"v=DMARC1; p={ASKS[policy]}"]}
    return zone


@pytest.mark.interop
def test_A6_A7_no_copy_fails_dmarc_at_a_receiver(store: Store) -> None:
    rows, mails, zones = [], [], []
    community = Community(store)
    for number, (changes, settings) in enumerate(copies.CHANGES.items()):
        lst = community.create("talk", title="Talk", moderation="none", hourly_posts="0", **settings)
        community.join(lst, copies.ANNA, "ben@example.org")
        for serial, (policy, signature) in enumerate(
            itertools.product((ABSENT, NONE, QUARANTINE, REJECT, None), ("none", "plain", "strict"))
        ):
            copies.arrive(community, copies.mail(signature, 100 * number + serial), policy)
            raw = copies.copy(community)
            rows.append((policy, signature, changes, copies.parsed(raw)))
            mails.append(base64.b64encode(raw).decode())
            zones.append(_zone(policy))
        community.write(lambda c: c.exec_driver_sql("UPDATE lists SET name = name || id"))
    verified = mailauth({"zone": _zone(None), "mails": mails})["dkim"]
    cases = []
    for (_, _, _, mail), raw, results, zone in zip(rows, mails, verified, zones, strict=True):
        fields = [value for name, value in dkimpy.DKIM(base64.b64decode(raw)).headers if name == b"DKIM-Signature"]
        domains = [str(found[1], "ascii") for value in fields if (found := re.search(rb"\bd=([^;\s]+)", value))]
        passed = [domain for domain, result in zip(domains, results, strict=True) if result == "pass"]
        cases.append({"author": mail["From"].addresses[0].domain, "spf": [], "dkim": passed, "zone": zone})
    said = [one["result"] for one in mailauth({"dmarc": cases})["dmarc"]]
    print()
    for (policy, signature, changes, mail), result in zip(rows, said, strict=True):
        print(f"{policy or 'no answer':10} {signature:7} {changes:7} {mail['From']} | {mail['Reply-To']} | {result}")
        # A domain without a policy, or with p=none, loses nothing by a copy that does not pass.
        assert result == "pass" or policy in (ABSENT, NONE), (policy, signature, changes)
