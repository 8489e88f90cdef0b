"""What a refusal means: SMTP reply, enhanced status and free text -> a kind (standards B3, B4, O5)."""

import re
from enum import StrEnum


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
_MAX = 4_000

_FULL = re.compile(
    r"quota|mailbox[^.\n]{0,40}\b(?:is |was )?full|full mailbox|mailfolder is full|inbox is full|storage (?:limit|space)"
    r"|too much mail (?:data|stored)|(?:mailbox|user|account)[^.\n]{0,30}exceed(?:s|ed)|exceed\w* [^.\n]{0,20}storage"
    r"|insufficient (?:disk|system) ?(?:space|storage)|not enough (?:disk|storage) space|no space left|disk full"
    r"|mailbox size limit|out of storage|over ?drawn|maildir[^.\n]{0,20}(?:full|over)|account is full|mailbox for .{0,60} is full"
    r"|bo[iî]te .{0,20}pleine|buz[oó]n .{0,20}lleno|postfach .{0,20}voll",
    re.I,
)
_GONE = re.compile(
    r"user[ _-]?(?:id )?(?:is )?(?:unknown|not (?:found|known|exist\w*))|unknown (?:user|recipient|address|local|mailbox|account)"
    r"|unknown or illegal|(?:addressee|recipient|mailbox|account|address|alias) (?:is )?(?:unknown|not (?:found|known))"
    r"|no such (?:user|recipient|mailbox|account|address|person|local|domain|host)|no (?:mailbox|user|account)[^.\n]{0,12} (?:here|by|with|under|named)"
    r"|(?:user|recipient|mailbox|account|address|domain|host|alias)[^.\n]{0,60}(?:does ?n[o']t|do not|doesn.t|did not) exist"
    r"|does not have (?:an account|a final)|doesn'?t have (?:a|an) [^\n]{0,60}account|not listed in (?:domino|public|the)"
    r"|recipient name is not recognized|unknown recipient|invalid (?:recipient|mailbox|user|address|final delivery|local)"
    r"|(?:account|mailbox|user|address|recipient)[^.\n]{0,40}(?:disabled|inactive|suspended|deactivated|locked|closed|discontinued|deleted|terminated|expired|removed|no longer|not active)"
    r"|no longer (?:valid|active|available|in use|works|with)|is(?:n't| not) a valid (?:user|mailbox|address|recipient)"
    r"|not a (?:valid|known) (?:user|mailbox|recipient)|couldn't be found|wasn't found|could not be found|address (?:not|couldn't be) found"
    r"|(?:unknown|unrouteable|unroutable|illegal|bad) (?:host|domain|address|mail domain|recipient|destination)(?! of sender)"
    r"|(?:host|domain)(?: name)?[^.\n]{0,40}(?:unknown|not found(?!, try)|invalid)|nxdomain|bad destination|unresolvable"
    r"|not (?:our|a local) (?:customer|user)|has moved|user moved|moved to|this person'?s? .{0,20}left|undeliverable address"
    r"|mail exchanger or ip address|accepts? no mail|no smtp service|null ?mx|does not accept (?:mail|e-mail)|nullmx"
    r"|no valid recipients|not (?:recogni[sz]ed|known) (?:here|at this)|bad address|recipient not found|userunknown|no matches to"
    r"|(?:user|recipient|mailbox)[^.\n]{0,40}not local|no encontrad|desconocido|inconnu|utilisateur non|unbekannt|nicht bekannt",
    re.I,
)
_POLICY = re.compile(
    r"\bspam\b|spamhaus|spamcop|\b(?:bulk|junk|unsolicited|uce)\b|black ?-?list\w*|block ?-?list\w*|\b[a-z-]*bl\.[a-z]+\.|blocked|banned|reputation"
    r"|polic(?:y|ies)|dmarc|\bspf\b|dkim|unauthenticated|not authenticated|authentication (?:required|failed|checks)|reverse dns|\bptr\b|rdns"
    r"|\bvirus|malware|infected|phish|suspicious|prohibited|content (?:rejected|filter|denied)|rejected (?:by|for|due to|because of) (?:content|polic|filter)"
    r"|(?:message|mail|e-mail)[^.\n]{0,20} (?:is )?(?:too (?:big|large)|size|exceed\w*)|(?:size|length)[^.\n]{0,30}(?:exceed|limit)|too (?:big|large)"
    r"|not accept(?:ing)? mail from|sender (?:address )?(?:is )?(?:rejected|denied|blocked|was rejected|verify failed)|access denied|relay(?:ing)? (?:access )?denied"
    r"|relaying|not permitted|not allowed|not authori[sz]ed|permission (?:to post|denied)|forbidden|refused by (?:filter|polic)|attachment"
    r"|rfc ?(?:2822|5322|822)|non-compliant|bare (?:cr|lf)|header (?:is )?(?:missing|invalid|error)|\bmime\b|restricted|moderated|subscri\w+ only"
    r"|unroutable sender|unsigned|insecure mail relay|sender address|domain of sender|bad reputation|too many (?:hops|recipients)|loop",
    re.I,
)
_HARD_POLICY = re.compile(r"spamhaus|spamcop|\bdmarc\b|\bspf\b|\bdkim\b|unsolicited|blacklist|unauthenticated|virus", re.I)
_TEMPORARY = re.compile(
    r"temporar\w*|try again|deferred|delayed|time[ds]?[ -]?out|timeout|connection (?:refused|reset|lost|failed)|expired|too long|retry"
    r"|could not be delivered for|cannot send message for|not yet been delivered|will be retried|given up|delivery attempts|grey-?list\w*|too many connections"
    r"|unavailable or busy|server (?:is )?busy|resources? (?:temporarily )?unavailable|network error|no route to host|postponed|aborted after|unreachable"
    r"|could not (?:connect|contact)|did not (?:respond|accept our requests)|not been collected|throttl|rate limit|wasn't able to establish",
    re.I,
)
_PERMANENT = re.compile(r"permanent(?:ly)?|given up|giving up|failed|rejected|fatal|returned", re.I)


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
    text = " ".join(text[:_MAX].split())
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
    gone, policy = bool(_GONE.search(text)), bool(_POLICY.search(text))
    if _FULL.search(text):
        return Kind.FULL
    if gone and not (policy and _HARD_POLICY.search(text)):
        return Kind.DEAD
    if policy:
        return Kind.POLICY
    return Kind.TEMPORARY if _TEMPORARY.search(text) else Kind.UNKNOWN


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
        permanent = bool(_PERMANENT.search(text)) or not _TEMPORARY.search(text)
    return "5.0.0" if permanent else "4.0.0"
