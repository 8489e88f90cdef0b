"""Whether a mail may be answered by us at all: never a program's, never a list's, never our own (standards L5, L7)."""

import re

from listserver.core.address import key, split
from listserver.core.envelope import Envelope
from listserver.core.message import Post

# RFC 3834 §2, RFC 5230 §4.6: addresses behind which no person reads.
_NOBODY = re.compile(
    r"owner-.+|.+[-+](?:owner|request|bounces?|confirm|return)(?:[-+.=].*)?|mailer-daemon|postmaster|no-?reply"
    r"|do-?not-?reply|listserv|majordomo|sympa|mailman|mailer|daemon|bounces?(?:[-+].*)?",
    re.IGNORECASE,
)


def answerable(post: Post, envelope: Envelope, domain: str) -> bool:
    """Whether a person wrote this who can be answered at From. domain: of our lists."""
    if post.automatic or not envelope.sender or len(post.authors) != 1:
        return False
    if post.first("precedence").strip().lower() == "bulk":  # no mail program of a person writes it (L5)
        return False
    return not any(_nobody(address, domain) for address in (envelope.sender, post.authors[0].address))


def _nobody(address: str, domain: str) -> bool:
    local, where = split(address)
    return bool(_NOBODY.fullmatch(local)) or key(f"x@{where}") == key(f"x@{domain}")
