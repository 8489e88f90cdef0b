"""The words by which a member follows or mutes a thread, as a whole reply or subject."""

import re

from listserver.core.message import Post

_WORDS = {"follow": "follow", "mute": "mute", "unfollow": "", "unmute": ""}
_PREFIX = re.compile(r"^(?:(?:re|aw|fwd?)\s*:\s*)*", re.I)


def mark_of(post: Post) -> str | None:
    """follow, mute, or "" to take either back; None where the mail says something else."""
    subject = _PREFIX.sub("", post.subject).strip().casefold()
    said = post.own.strip().strip(".!").casefold()
    if said in _WORDS:
        return _WORDS[said]
    return _WORDS[subject] if subject in _WORDS and not said else None
