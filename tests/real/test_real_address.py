"""The address cases of two other programs: isemail and email-validator."""

import json
from pathlib import Path as File
from xml.etree import ElementTree

import pytest

from listserver.core import address
from listserver.core.address import Path
from listserver.errors import UsageError


def _isemail(shared: File) -> list[tuple[str, str, str]]:
    tree = ElementTree.parse(shared / "data/address/isemail-tests.xml")
    cases = []
    for test in tree.iter("test"):
        text = "".join(
            chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x2421 else c for c in test.findtext("address") or ""
        )
        cases.append((text, test.findtext("category") or "", test.findtext("diagnosis") or ""))
    return cases


def test_S17_paths_of_isemail(shared: File) -> None:
    """What RFC 5321 allows is read, what no mail can have is not; we are generous with lengths only."""
    lengths = ("ISEMAIL_RFC5322_LOCAL_TOOLONG", "ISEMAIL_RFC5322_TOOLONG")
    differ = []
    for text, category, diagnosis in _isemail(shared):
        read = isinstance(address.parse_path(f"<{text}>"), Path)
        good = category in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321") or diagnosis in lengths
        if text and "DEPREC" not in diagnosis and read != good:
            differ.append((text, category, diagnosis))
    assert differ == []


def test_I1_cases_of_email_validator(shared: File) -> None:
    """Its tests say valid for forms that we do not take (quoted, literal, display name); otherwise we agree."""
    cases = json.loads((shared / "data/address/email-validator-cases.json").read_text())
    counted = 0
    for case in cases:
        typed, test = case["address"], case["test"]
        ours = (
            set('"<[') & set(typed)
            or typed.endswith((".test", "@test", ".local", "localhost"))
            or typed.strip() != typed
        )
        if ours or "special" in test or not ("invalid" in test or "valid" in test):
            continue
        counted += 1
        try:
            accepted = bool(address.valid(typed))
        except UsageError:
            accepted = False
        if accepted is ("invalid" in test):
            pytest.fail(f"{case}: {accepted}")
    assert counted > 80
