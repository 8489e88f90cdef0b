"""What an import puts right in rows."""

from datetime import UTC, datetime

import pytest

from listserver.core import repair
from listserver.core.filing import Author
from listserver.core.message import Post, read

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def post(*fields: str, body: str = "x") -> Post:
    return read(("\n".join(fields) + "\n\n" + body).encode())


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        (["From: joe at example.com (Joe Smith)"], Author("Joe Smith", "joe@example.com")),
        (["From: joe at example.com"], Author("", "joe@example.com")),
        (["From: joe at home"], Author("joe at home", "")),
        (["From: Unknown"], Author("Unknown", "")),
        (["Subject: x"], Author("", "")),
        (["From: Joe <joe@example.com>"], Author("Joe", "joe@example.com")),
        (['From: "Joe via Talk" <talk@x>', "Reply-To: Joe <joe@y>"], Author("Joe", "joe@y")),
        (['From: "Joe via Talk" <talk@x>', "Reply-To: talk@x, Joe <joe@y>"], Author("Joe", "joe@y")),
        (['From: "Joe via Talk" <talk@x>'], Author("Joe", "talk@x")),
        (["From: Joe Travia <joe@x>"], Author("Joe Travia", "joe@x")),
    ],
)
def test_the_author_is_the_one_who_wrote(fields: list[str], author: Author) -> None:
    assert repair.author(post(*fields)) == author


RECEIVED = "Received: from a by b; Mon, 1 Apr 2019 10:00:00 +0200"
DATE = "Date: Fri, 29 Mar 2019 10:00:00 +0000"


@pytest.mark.parametrize(
    ("fields", "separator", "at"),
    [
        ([RECEIVED, DATE], NOW, datetime(2019, 4, 1, 8, tzinfo=UTC)),
        (["Received: by b", DATE], NOW, datetime(2019, 3, 29, 10, tzinfo=UTC)),
        ([DATE], NOW, datetime(2019, 3, 29, 10, tzinfo=UTC)),
        (["Date: Fri, 29 Mar 2041 10:00:00 +0000"], NOW, NOW),
        (["Date: Fri, 29 Mar 1970 10:00:00 +0000"], NOW, NOW),
        (["Date: soon"], None, None),
        ([], datetime(2099, 1, 1, tzinfo=UTC), None),
    ],
)
def test_R6_the_arrival_is_the_first_credible_date(fields: list[str], separator: datetime, at: datetime) -> None:
    assert repair.arrival(post("Subject: x", *fields), separator, NOW) == at


def test_the_body_of_pipermails_renderings_does_not_count() -> None:
    old, new = (post("From: j at x.org (J)", "Subject: s", body=b) for b in ("URL: /a.htm", "URL: /a.html"))
    other = post("From: j at x.org (J)", "Subject: other", body="URL: /a.htm")
    assert repair.content_hash(old) == repair.content_hash(new) != repair.content_hash(other)
    real = post("From: j@x.org", "Subject: s")
    assert repair.content_hash(real) == real.content_hash
