"""Real mbox files of several habits."""

import lzma
from pathlib import Path

import pytest

from listserver.core import mbox
from tests.core.test_mbox import split


@pytest.mark.parametrize(
    ("name", "count", "quoted"),
    [
        ("lists/twisted-python-2007-March-as-published.txt.xz", 399, True),
        ("lists/r-sig-meta-analysis.mbox.xz", 5_628, True),
        ("mime/mbox/content-length.mbox.txt", 29, True),
        ("mime/mbox/issue1189.mbox.txt", 4, True),
        ("mime/mbox/simple.mbox.txt", 3, True),
        ("mime/mbox/unmunged.mbox.txt", 2, False),
    ],
)
def test_real_files(shared: Path, name: str, count: int, quoted: bool) -> None:
    text = (shared / "data" / name).read_bytes()
    if name.endswith(".xz"):
        text = lzma.decompress(text)
    assert mbox.is_mbox(text)
    assert mbox.quotes(text[: mbox.HEAD]) is quoted
    assert len(split(text)) == count
