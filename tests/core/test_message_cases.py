"""The mails of tests/data/mime, each with what reading makes of it beside it."""

from pathlib import Path

import pytest

from listserver.core.message import Post, read

FOLDER = Path(__file__).parent.parent / "data" / "mime"
CASES = sorted(FOLDER.glob("*.eml"))


def told(post: Post) -> str:
    """A post as the .expect files have it."""
    lines = [f"subject: {post.subject}", f"authors: {', '.join(box.address for box in post.authors)}"]
    lines += [f"findings: {' '.join(post.findings)}"]
    lines += [f"part {part.path}: {part.content_type} {part.start}-{part.end}" for part in post.parts]
    return "\n".join([*lines, "", post.text.rstrip(), ""])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mail_is_read_as_expected(case: Path) -> None:
    assert told(read(case.read_bytes())) == case.with_suffix(".expect").read_text("utf-8")
