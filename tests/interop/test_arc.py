"""The ARC suites of ValiMail: chains that we validate, sets that we add."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from listserver.core import arc, authres, canon, signing
from listserver.core.lookup import Answer, Found, Question, run
from listserver.core.message import read

# What we answer otherwise, and why.
CLOSED = "the suite leaves the result of a chain that a sealer closed (cv=fail) open; RFC 8617 §5.2 step 2: fail"
OTHERWISE = {
    "cv_fail_i1_as_cv_fail": CLOSED,
    "cv_fail_i2_as2_fail": CLOSED,
    "cv_fail_i2_as1_fail": CLOSED,
    "ams_fields_c_na": "the draft took relaxed where c= is absent; RFC 8617 §4.1.2 and RFC 6376 §3.5: simple/simple",
    "ams_fields_h_empty": "a signature must cover From; RFC 8617 §4.1.2 and RFC 6376 §5.4",
}


def _answer(records: dict[str, str]) -> Any:
    zone = {name.lower(): "".join(text.split("\n")) for name, text in records.items()}

    def answer(question: Question) -> Answer:
        text = zone.get(question.name.lower())
        return Answer(Found.YES, (text,)) if text else Answer(Found.NO_NAME)

    return answer


@pytest.mark.interop
def test_A10_validation_suite(shared: Path) -> None:
    right, wrong, explained = 0, [], []
    text = (shared / "data/auth/arc/arc-draft-validation-tests.yml").read_text(encoding="utf-8")
    for scenario in yaml.safe_load_all(text):
        ask = _answer(scenario["txt-records"])
        for name, test in scenario["tests"].items():
            found = run(arc.check((test["message"] or "").encode(), 0), ask)
            if found.result == str(test["cv"] or "").lower():
                right += 1
            elif name in OTHERWISE:
                explained.append(OTHERWISE[name])
            else:
                wrong.append((name, found, test["cv"]))
    print(f"\nARC validation: {right} as wanted, {len(explained)} otherwise for a reason, {len(wrong)} wrong")
    for reason in sorted(set(explained)):
        print(f"  {explained.count(reason)}: {reason}")
    assert wrong == []


def _tight(text: str | bytes | None) -> str:
    return re.sub(r"\s+", "", text.decode() if isinstance(text, bytes) else text or "")


@pytest.mark.interop
def test_A10_signing_suite(shared: Path) -> None:
    right, wrong = 0, []
    text = (shared / "data/auth/arc/arc-draft-sign-tests.yml").read_text(encoding="utf-8")
    for scenario in yaml.safe_load_all(text):
        ask = _answer(scenario["txt-records"])
        key = signing.load_key(scenario["domain"], scenario["sel"], scenario["privatekey"].encode())
        for name, test in scenario["tests"].items():
            raw = canon.crlf(test["message"].encode())
            found = authres.claims(read(raw), test["srv-id"])
            results = "; ".join(f.value.decode().partition(";")[2].strip("; \t") for f in found)
            chain: Any = run(arc.check(raw, 0), ask).result
            what = signing.Seal(test["srv-id"], str(chain), results, test["sig-headers"].split(":"))  # type: ignore[arg-type]
            made = {f.name: _tight(f.value) for f in canon.split(signing.seal(raw, key, what, test["t"]))[0]}
            wanted = {
                "ARC-Seal": _tight(test["AS"]),
                "ARC-Message-Signature": _tight(test["AMS"]),
                "ARC-Authentication-Results": _tight(test["AAR"]),
            }
            if made == {field: value for field, value in wanted.items() if value}:
                right += 1
            else:
                wrong.append((name, made, wanted))
    print(f"\nARC signing: {right} as wanted, octet for octet, {len(wrong)} wrong")
    assert wrong == []
