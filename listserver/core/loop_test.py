"""The mail that `listserver doctor` sends to ourselves, and by which its coming back is known.

It holds what a stranger could write as well: results in the name of our own mail server, which has to take them out.
"""

from listserver.core import authres
from listserver.core.message import Post
from listserver.core.site import Site
from listserver.core.verp import member_token, read_member_token

JOB = "loop-test"  # under which store.ticks remembers what came back
FORGED = "loop-test-forged"  # and what came back with the results that were forged
_MARK = b"(written by listserver doctor)"


def write(site: Site, number: int, date: str) -> bytes:
    """The mail, with CRLF line ends. number: of this test; date: as in RFC 5322 §3.3."""
    own = site.address("postmaster")
    return (
        f"Authentication-Results: {site.authserv_id or site.domain} {_MARK.decode()}; dmarc=pass\r\n"
        f"From: {site.name} <{own}>\r\nTo: {own}\r\nSubject: A test of the way round\r\nDate: {date}\r\n"
        f"Message-ID: <{member_token(site.secret, JOB, number)}@{site.domain}>\r\nAuto-Submitted: auto-generated\r\n"
        "\r\nlistserver doctor sent this to itself. It can be deleted.\r\n"
    ).encode("ascii", "replace")


def number(post: Post, site: Site) -> int | None:
    """The number of the test that a mail is; None if it is none that we wrote."""
    token, _, domain = post.message_id.partition("@")
    return read_member_token(site.secret, JOB, token) if domain == site.domain else None


def forged(post: Post, site: Site) -> bool:
    """Whether the results that it was sent with are still in it."""
    return any(_MARK in field.value for field in authres.claims(post, site.authserv_id or site.domain))
