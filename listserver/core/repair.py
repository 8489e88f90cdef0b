"""What old archives have spoilt, put right in the rows of an import and never in the bytes."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

from listserver.core.addrspec import addresses
from listserver.core.filing import Author, author_of
from listserver.core.headers import date_of
from listserver.core.message import Post

_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)  # there was no mail with such dates before

# Pipermail: joe at example.com (Joe Smith)
_AT = re.compile(r"(?P<local>[^\s()<>@,;:\"]{1,64}) at (?P<domain>[^\s()<>@,;:\"]{1,250})(?:\s+\((?P<name>.*)\))?")
# Mailman, where a domain's DMARC policy asked for it: "Joe Smith via Talk" <talk@example.org>, Joe in Reply-To
_VIA = re.compile(r"(?P<name>.+?) via .{1,200}")


def author(post: Post) -> Author:
    """Who wrote a post, also where an archive or a list server has rewritten From."""
    if not post.authors:
        return _pipermail(post.first("from"))
    found = _VIA.fullmatch(post.authors[0].name)
    if found is None:
        return author_of(post)
    own = post.authors[0].address.casefold()
    # Reply-To may name the list as well; a post that hides its author's address keeps the list's.
    answers = [box for field in post.by_name.get("reply-to", ()) for box in addresses(field.value).mailboxes]
    real = next((box for box in answers if box.address.casefold() != own), post.authors[0])
    return Author(found["name"].strip("\"' "), real.address)


def content_hash(post: Post) -> bytes:
    """What tells posts with one Message-ID apart, as Post.content_hash.

    Of pipermail's renderings the body does not count: each build of such an archive spoils other letters and names
    other files, and a month that is published twice is one month.
    """
    if post.authors or not _AT.fullmatch(post.first("from")):
        return post.content_hash
    seen = hashlib.sha256(b"pipermail")
    for name in ("from", "subject", "date"):
        seen.update(post.first(name).encode("utf-8", "replace") + b"\0")
    return seen.digest()


def arrival(post: Post, separator: datetime | None, now: datetime) -> datetime | None:
    """When a post came, as far as its bytes or its mbox separator tell; None if nothing credible does.

    The newest Received field knows best. Then Date, since separators often are of a later copy of the archive.
    """
    received = post.by_name.get("received", ())
    trace = date_of(received[0].value.rpartition(b";")[2]) if received else None
    return next((at for at in (trace, post.date, separator) if at is not None and _possible(at, now)), None)


def _possible(at: datetime, now: datetime) -> bool:
    return _OLDEST <= at <= now + timedelta(days=1)


def _pipermail(value: str) -> Author:
    found = _AT.fullmatch(value.strip())
    if found is None or "." not in found["domain"]:
        return Author(value[:200], "")
    return Author(found["name"] or "", f"{found['local']}@{found['domain']}")
