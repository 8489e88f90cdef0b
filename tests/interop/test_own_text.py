"""Own text found in real replies, beside mail-parser-reply (PyPI)."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from listserver.core.text import own_text
from tests import replies

pytestmark = pytest.mark.interop


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
        for name in replies.SETS:
            files = list(replies.pairs(shared, name))
            mine = [replies.f1(own_text(text).text, expected) for text, expected in files]
            its = [replies.f1(peer.parse_reply(text) or "", expected) for text, expected in files]
            ours += mine
            theirs += its
            print(f"{name:32} {len(files):6} {sum(mine) / len(mine):6.3f} {sum(its) / len(its):18.3f}")
        mean = sum(ours) / len(ours)
        print(f"{'together':32} {len(ours):6} {mean:6.3f} {sum(theirs) / len(theirs):18.3f}")
    assert mean >= 0.90
