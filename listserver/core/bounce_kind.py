"""What a refusal means: SMTP reply, enhanced status and free text -> a kind (standards B3, B4, O5)."""

import re
from enum import StrEnum

from listserver.core import bounce_words as words


class Kind(StrEnum):
    """Why an address did not get a mail; decides who is charged: the member, the post, or nobody."""

    DEAD = "dead"  # the address or its domain does not exist, or is closed
    FULL = "full"  # the mailbox has no room
    TEMPORARY = "temporary"  # not now: trouble on the way, greylisting, given up after trying
    POLICY = "policy"  # the post or its sender was not wanted (spam, DMARC, size, content)
    COMPLAINT = "complaint"  # a reader pressed the spam button
    UNKNOWN = "unknown"


# RFC 3463 §2: class "." subject "." detail; no digit or dot on either side, so that IP addresses do not count.
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.\-:/])([45]\d\d)(?![\d.]*\d)(?=[\s\-:#<]|$)")
_ADDRESS = re.compile(words.ADDR)
_MAX = 4_000


def status_in(text: str) -> str:
    """The most telling enhanced status code (RFC 3463) in free text, "" if none. x.0.0 counts least."""
    codes = [m.group(0) for m in _STATUS.finditer(text[:_MAX]) if m.group(1) != "2"]
    telling = [c for c in codes if not c.endswith(".0.0")]
    return (telling or codes or [""])[0]


def reply_in(text: str) -> str:
    """The first SMTP reply code of refusal (RFC 5321 §4.2) in free text, "" if none."""
    found = _REPLY.search(text[:_MAX])
    return found.group(1) if found else ""


def classify(status: str, text: str) -> Kind:
    """The kind of a refusal. status: enhanced code such as "5.1.1", "" if none; text: the reply or diagnostic.

    Words are asked before codes where codes are often wrong: hosts answer 5.1.1 for a full mailbox and 5.7.1 for a user
    they do not know. For any refusal: a DSN's, or a reply at hand-over ("550 5.1.1 no such user").
    """
    text = _ADDRESS.sub("address", " ".join(text[:_MAX].split()))  # its parts are no words
    by_words = _by_words(text)
    by_code = _by_code(status)
    if by_words is Kind.FULL or by_code is Kind.FULL:
        return Kind.FULL
    if by_code in (Kind.POLICY, Kind.DEAD) and by_words in (Kind.POLICY, Kind.DEAD):
        return by_words
    if status.startswith("4"):
        return Kind.POLICY if by_code is Kind.POLICY and by_words is not Kind.TEMPORARY else Kind.TEMPORARY
    if by_code is not Kind.UNKNOWN:
        return by_code
    return by_words


def _by_words(text: str) -> Kind:
    gone, policy = bool(words.GONE.search(text)), bool(words.POLICY.search(text))
    if words.FULL.search(text):
        return Kind.FULL
    if gone and not (policy and words.HARD_POLICY.search(text)):
        return Kind.DEAD
    if policy:
        return Kind.POLICY
    if words.TEMPORARY.search(text):
        return Kind.TEMPORARY
    return Kind.POLICY if words.REFUSED.search(text) else Kind.UNKNOWN


def _by_code(status: str) -> Kind:
    """RFC 3463 §3: what subject and detail say, whatever the class."""
    if not status:
        return Kind.UNKNOWN
    _, subject, detail = (int(n) for n in status.split("."))
    if (subject, detail) in ((2, 2), (3, 1)):
        return Kind.FULL
    if (subject, detail) in ((1, 7), (1, 8), (2, 3), (3, 4), (4, 6)) or subject == 6:
        return Kind.POLICY
    if subject == 7:  # 5.7.13: user account disabled, 5.7.17: mailbox owner has changed (RFC 7293, IANA)
        return Kind.DEAD if detail in (13, 17) else Kind.POLICY
    if (subject == 1 and detail != 0) or (subject, detail) in ((2, 1), (4, 4), (4, 1), (4, 310)):
        return Kind.DEAD if status[0] == "5" else Kind.TEMPORARY
    return Kind.TEMPORARY if status[0] == "4" or subject == 4 else Kind.UNKNOWN


def status_of(field: str, text: str, permanent: bool | None) -> str:
    """One enhanced status: the DSN's own field unless it is x.0.0 and the text knows more; else made from the reply
    code or, last, from `permanent` (what the report as a whole says)."""
    own, said, reply = status_in(field), status_in(text), reply_in(text)
    if own and not (own.endswith(".0.0") and said and said[0] == own[0]):
        return own
    if said:
        return said
    if reply:
        return f"{reply[0]}.0.0"
    if permanent is None:
        permanent = bool(words.PERMANENT.search(text)) or not words.TEMPORARY.search(text)
    return "5.0.0" if permanent else "4.0.0"
