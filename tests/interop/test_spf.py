"""The SPF test suites of openspf.org and pyspf; their zones answer the questions."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from listserver.core import spf
from listserver.core.lookup import Answer, Found, Question, run

Zone = dict[str, list[Any]]

# What we answer otherwise, and why.
OTHERWISE = dict.fromkeys(
    ("default-modifier", "default-modifier-harsh"),
    "`default=` is pyspf's own in its lax and harsh modes; RFC 7208 §6 has unknown modifiers ignored",
)


def _zone(data: dict[str, list[Any]]) -> Zone:
    """Type 99 records count as TXT too where the name has no TXT of its own (the suites' convention)."""
    zone: Zone = {}
    for name, records in data.items():
        entries: list[Any] = []
        has_txt = any(isinstance(r, dict) and "TXT" in r for r in records)
        for record in records:
            if isinstance(record, dict) and "SPF" in record and not has_txt:
                entries.append({"TXT": record["SPF"]})
            entries.append(record)
        zone[name.lower().rstrip(".")] = entries
    return zone


def _value(kind: str, value: Any) -> str:
    if kind == "TXT":
        text = "".join(value) if isinstance(value, list) else str(value)
        return text.encode().decode("latin-1")
    if kind == "MX":
        return str(value[1])
    return str(value)


def _answer(zone: Zone, question: Question) -> Answer:
    name = question.name.lower().rstrip(".")
    for _ in range(10):
        records = zone.get(name)
        if records is None:
            return Answer(Found.NO_NAME)
        alias = [r["CNAME"] for r in records if isinstance(r, dict) and "CNAME" in r]
        if not alias:
            break
        name = alias[0].lower().rstrip(".")
    if any(r == "TIMEOUT" or (isinstance(r, dict) and r.get(question.kind) == "TIMEOUT") for r in records):
        has = [
            r
            for r in records
            if isinstance(r, dict) and question.kind in r and r[question.kind] not in ("TIMEOUT", "NONE")
        ]
        if not has:
            return Answer(Found.FAILED)
    found = [
        (r[question.kind][0] if question.kind == "MX" else 0, _value(question.kind, r[question.kind]))
        for r in records
        if isinstance(r, dict) and question.kind in r and r[question.kind] not in ("NONE", "TIMEOUT")
    ]
    texts = tuple(text for _, text in sorted(found, key=lambda f: f[0]))
    return Answer(Found.YES if texts else Found.NO_DATA, texts)


@pytest.mark.interop
@pytest.mark.parametrize("suite", ["rfc7208-tests.yml", "rfc4408-tests.yml", "pyspf-extra-tests.yml"])
def test_A1_suite(shared: Path, suite: str) -> None:
    right, wrong, explained = 0, [], defaultdict(int)
    for scenario in yaml.safe_load_all((shared / "data/auth/spf" / suite).read_text(encoding="utf-8")):
        zone = _zone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            check = spf.check(str(test["host"]), test.get("helo") or "", test.get("mailfrom") or "")
            result, _domain = run(check, lambda question, zone=zone: _answer(zone, question))  # type: ignore[misc]
            wanted = test["result"] if isinstance(test["result"], list) else [test["result"]]
            if result in wanted:
                right += 1
            elif name in OTHERWISE:
                explained[OTHERWISE[name]] += 1
            else:
                wrong.append((name, str(result), wanted, test.get("spec")))
    print(f"\n{suite}: {right} as wanted, {sum(explained.values())} otherwise for a reason, {len(wrong)} wrong")
    for reason, count in explained.items():
        print(f"  {count}: {reason}")
    assert wrong == []
