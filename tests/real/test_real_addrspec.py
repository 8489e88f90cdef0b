"""Another parser's table of addresses."""

import json
from pathlib import Path

from listserver.core.addrspec import addresses
from listserver.core.headers import split_header

# Where the table of stalwart (a lenient parser) and this strict one differ, and why.
LENIENT = (
    "(his account)",  # comments and folds within an addr-spec: obsolete syntax (5322 §4.4), refused
    "account)@silly",
    "c@(Chris's host.)public.example",
    "machine(comment).  example",
    "jdoe@test  . example",
    "(nobody(that I know))",  # an empty group: there is no mailbox in it
    "=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=",  # a comment is a name only where there is no other
    "Name (comment)",
    "<a@b.com> =?utf-8?q?Doe?=",  # words behind the address
    '"  James Smythe"',  # spaces around a name
    "host.com",  # the List-* fields in that table are no address fields
    "NO (posting",
    "=?ISO-8859-1?Q =?ISO-8859-1?Q?a?=",  # half an encoded-word and an open quote
)


def test_R4_agrees_with_another_parsers_table(shared: Path) -> None:
    table = json.loads((shared / "data/mime/stalwart-headers/address.json").read_text())
    compared = 0
    for case in table:
        if any(text in case["header"] for text in LENIENT):
            continue
        expected = case["expected"] or {}
        groups = expected.get("Group") or [{"addresses": expected.get("List", [])}]
        wanted = [(box["name"] or "", box["address"]) for group in groups for box in group["addresses"]]
        raw = b"To:" + case["header"].encode()  # a few tables' headers go on with other lines
        field = split_header(raw, 0, len(raw))[0][0]
        assert [tuple(box) for box in addresses(field.value).mailboxes] == wanted, case["header"]
        compared += 1
    assert compared > 25
