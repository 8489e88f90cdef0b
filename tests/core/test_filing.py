"""A post made ready for the archive, and how octets are kept."""

from datetime import UTC, datetime, timedelta

import pytest

from listserver.core import content
from listserver.core.blocks import Kind
from listserver.core.filing import Prepared, prepare
from listserver.core.message import read
from listserver.core.packing import pack, unpack, unpack_json
from listserver.errors import Unavailable

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def ready(*fields: str, body: str = "Hello.") -> Prepared:
    return prepare(read("\n".join([*fields, "", body, ""]).encode()), 7, "en", NOW)


@pytest.mark.parametrize(
    ("date", "sent_at"),
    [
        ("Sat, 28 Feb 2026 10:00:00 +0200", datetime(2026, 2, 28, 8, tzinfo=UTC)),
        ("Thu, 05 Mar 2026 10:00:00 +0000", NOW),
        ("Mon, 01 Mar 2021 10:00:00 +0000", NOW),
        ("some day", NOW),
    ],
)
def test_R6_a_date_that_cannot_be_is_the_moment_of_arrival(date: str, sent_at: datetime) -> None:
    assert ready(f"Date: {date}").sent_at == sent_at


def test_what_the_rows_hold() -> None:
    post = ready("From: Ännä <A@Example.org>", "Subject: Re: [x] Running", "Message-ID: <m@x>", "In-Reply-To: <n@x>")
    assert (post.author_name, post.author_address, post.author_key) == ("Ännä", "A@Example.org", "a@example.org")
    assert (post.subject_key, post.message_id, post.lineage) == ("running", "m@x", ("n@x",))
    assert (post.words.author, post.words.text, post.words.marks) == ("anna", "hello", "l7 y2026")
    assert (post.state, post.files, post.opening) == ("shown", 0, "Hello.")


def test_an_author_without_a_name_is_found_by_the_local_part_and_one_without_address_by_the_name() -> None:
    assert ready("From: ben@example.org").words.author == "ben"
    nobody = ready("From: somebody")
    assert (nobody.author_name, nobody.author_address, nobody.author_key) == ("somebody", "", "")


@pytest.mark.parametrize("field", ["X-No-Archive: Yes", "X-Archive: no"])
def test_who_asks_not_to_be_archived_is_hidden(field: str) -> None:
    assert ready(field).state == "hidden"


def test_content_has_blocks_and_files() -> None:
    file = "Content-Type: text/csv; name=a.csv\nContent-Transfer-Encoding: base64\n\nMSwy"
    body = f"--b\n\nMine.\n\n> Theirs.\n--b\n{file}\n--b--"
    value = unpack_json(ready("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", body=body).content)
    assert [(b.kind, b.text, b.depth) for b in content.blocks(value)] == [
        (Kind.PARAGRAPH, "Mine.", 0),
        (Kind.PARAGRAPH, "Theirs.", 1),
    ]
    assert content.own(value) == "Mine."
    assert [(f.path, f.name, f.content_type) for f in content.files(value)] == [("2", "a.csv", "text/csv")]


@pytest.mark.parametrize("octets", [b"", b"x", b"text " * 100])
def test_octets_come_back_as_they_were(octets: bytes) -> None:
    enc, kept = pack(octets)
    assert unpack(enc, kept) == octets
    assert len(kept) <= len(octets)


@pytest.mark.parametrize(("enc", "kept"), [("zstd", b"damaged"), ("future", b"x")])
def test_octets_that_cannot_be_read_are_a_failure_of_ours(enc: str, kept: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        unpack(enc, kept)


def test_a_post_a_year_old_keeps_its_date() -> None:
    assert ready(f"Date: {NOW - timedelta(days=300):%d %b %Y 00:00:00 +0000}").sent_at == NOW - timedelta(days=300)
