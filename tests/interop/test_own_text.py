"""Own text found in real replies, beside mail-parser-reply (PyPI)."""

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listserver.core.text import own_text

pytestmark = pytest.mark.interop
SETS = ("discourse", "talon", "github", "quotequail", "mail-parser-reply")


def _files(shared: Path, name: str) -> Iterator[tuple[str, str, str]]:
    for expected in sorted((shared / "data/replies" / name).glob("*.expect.txt")):
        given = expected.with_name(expected.name.replace(".expect.txt", ".txt"))
        yield given.name, given.read_text(errors="replace"), expected.read_text(errors="replace")


def _lines(text: str) -> "Counter[str]":
    return Counter(line.strip() for line in text.splitlines() if line.strip())


def _f1(found: str, expected: str) -> float:
    """2 × lines found / (lines given + lines expected), line ends trimmed, blank lines left out."""
    ours, theirs = _lines(found), _lines(expected)
    both = (ours & theirs).total()
    return 2 * both / (ours.total() + theirs.total()) if ours or theirs else 1.0


def _peer() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = pytest.importorskip("mailparser_reply", reason="mail-parser-reply, to compare with, is not installed")
        languages = ["en", "de", "fr", "es", "it", "nl", "pl", "ja", "da", "sv", "cs"]
        return parser.EmailReplyParser(languages=languages)


def test_I4_share_of_own_lines_found_in_real_replies(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Issue 4, must show 4. Its answer for its own set is its own output, so 1.000 there is no merit."""
    peer, ours, theirs = _peer(), [], []
    with capsys.disabled():
        print("\nown text found, mean F1 of lines  files   ours  mail-parser-reply")
        for name in SETS:
            files = list(_files(shared, name))
            mine = [_f1(own_text(text).text, expected) for _, text, expected in files]
            its = [_f1(peer.parse_reply(text) or "", expected) for _, text, expected in files]
            ours += mine
            theirs += its
            print(f"{name:32} {len(files):6} {sum(mine) / len(mine):6.3f} {sum(its) / len(its):18.3f}")
        mean = sum(ours) / len(ours)
        print(f"{'together':32} {len(ours):6} {mean:6.3f} {sum(theirs) / len(theirs):18.3f}")
    assert mean >= 0.90
