"""Whether a mail was sent by a program and not by a person (RFC 3834, 5436, and the habits of many programs)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from listserver.core.message import Post


def sign(post: "Post") -> str:
    """The sign by which a mail is automatic, "" if it is a person's."""
    word = post.first("auto-submitted").partition(";")[0].strip().lower()
    return "auto-submitted" if word not in ("", "no") else ""
