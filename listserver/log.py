"""What the program says about itself: one event a line, as text or JSON, in one vocabulary.

The same names stand in the audit rows (store/events.py). A line never holds a body, a subject, a token or a cookie, and
nothing that a stranger sent can break it or drive a terminal: control characters are escaped.
"""

import json
import logging
import re
import sys
import time
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, Self, TextIO

LONGEST = 1000  # characters of one value


class Event(StrEnum):
    """What can happen: noun-verb, and what it means."""

    doc: str

    def __new__(cls, name: str, doc: str) -> Self:
        """A member: its name in logs and audit rows, and a sentence for operators."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.doc = doc
        return member

    SERVICE_STARTED = "service-started", "A `serve` process is ready."
    LISTENING = "listening", "A door is open."
    SERVICE_STOPPING = "service-stopping", "It was asked to end, and finishes what is under way."
    SERVICE_STOPPED = "service-stopped", "It has ended."
    SERVICE_RELOADED = "service-reloaded", "It has read its configuration again."
    SERVICE_FAILED = "service-failed", "A part of it failed, and the process ends."
    HELPER_ENDED = "helper-ended", "A process that helps `serve` ended or did not start; others do its work."
    DATABASE_UNAVAILABLE = "database-unavailable", "The database is locked, full or gone; mail is put off with 451."
    DATABASE_UPGRADED = "database-upgraded", "The schema was brought to this release's."
    DATABASE_BACKED_UP = "database-backed-up", "A backup was written."
    DATABASE_RESTORED = "database-restored", "A backup was read back."
    DNS_DOWN = "dns-down", "No name server answers; mail is taken without SPF, DKIM and DMARC for a while."
    DKIM_UNSIGNED = "dkim-unsigned", "There is no key to sign with, or it cannot be read; copies go out unsigned."
    INBOUND_REFUSED = "inbound-refused", "A mail or a recipient was refused for good (5xx)."
    INBOUND_DEFERRED = "inbound-deferred", "A mail was put off (4xx) for a failure of ours; its sender tries again."
    INBOUND_FAILED = "inbound-failed", "An unknown failure while a mail was taken; the reference was told the sender."
    PAGE_FAILED = "page-failed", "An unknown failure while a page was made; the reference was told the reader."
    MAILBOX_UNREACHABLE = "mailbox-unreachable", "The mailbox that is fetched cannot be reached; it is tried again."
    CLIENT_LIMITED = "client-limited", "A client went over a limit and was put off."
    POST_FILED = "post-filed", "A post was accepted, filed, and its delivery planned."
    POST_HELD = "post-held", "A post waits for a moderator."
    POST_REJECTED = "post-rejected", "A post was rejected; its author was told."
    POST_DISCARDED = "post-discarded", "A post was dropped without a word."
    POST_REPEATED = "post-repeated", "A post came a second time and was not filed again."
    POST_HIDDEN = "post-hidden", "A post is no longer shown in the archive."
    POST_SHOWN = "post-shown", "A hidden post is shown in the archive again."
    POST_DELETED = "post-deleted", "A post was taken out of the archive; a tombstone keeps its thread whole."
    MAIL_FORWARDED = "mail-forwarded", "A mail for owners or the operator was passed on."
    MAIL_DROPPED = "mail-dropped", "Automatic mail for owners or the operator was taken and dropped."
    ARCHIVE_IMPORTED = "archive-imported", "Posts of another archive were filed."
    JOIN_HELD = "join-held", "A request to join waits for a moderator."
    HOLD_APPROVED = "hold-approved", "A moderator let something pass."
    HOLD_REJECTED = "hold-rejected", "A moderator refused something, with a word to its author."
    HOLD_DISCARDED = "hold-discarded", "A moderator dropped something."
    HOLD_CLAIMED = "hold-claimed", "A moderator takes care of it for a day."
    HOLD_EXPIRED = "hold-expired", "Nobody decided in time; the list's on_expiry was done."
    LIST_CREATED = "list-created", "A list was made."
    LIST_CHANGED = "list-changed", "A setting of a list was changed."
    LIST_RENAMED = "list-renamed", "A list got another name."
    LIST_DELETED = "list-deleted", "A list was deleted with all that belonged to it."
    MEMBERS_ADDED = "members-added", "People were made members by another."
    MEMBER_INVITED = "member-invited", "An owner asked somebody whether they want to join."
    MEMBER_JOINED = "member-joined", "Somebody became a member by their own wish."
    MEMBER_CHANGED = "member-changed", "A member's options were changed."
    MEMBER_LEFT = "member-left", "A member left."
    SIGNED_IN = "signed-in", "Somebody signed in on the web, by a mailed link."
    MEMBER_REMOVED = "member-removed", "A member was removed by another."
    MEMBER_SUSPENDED = "member-suspended", "A member's copies came back too often; nothing more is sent for now."
    MEMBER_RESUMED = "member-resumed", "A suspended or paused member gets copies again."
    PERSON_CHANGED = "person-changed", "A person's name, language, zone or addresses were changed."
    PERSON_ERASED = "person-erased", "All that is known of a person was erased."
    BAN_ADDED = "ban-added", "An address or pattern was banned."
    BAN_REMOVED = "ban-removed", "A ban was lifted."
    NOTICE_WRITTEN = "notice-written", "We wrote a mail to somebody."
    DIGEST_SENT = "digest-sent", "An edition of a digest is on its way to its readers."
    DELIVERY_FINISHED = "delivery-finished", "All copies of a post or digest are with the relay."
    DELIVERY_STOPPED = "delivery-stopped", "A delivery was stopped, by an operator or because too many refused it."
    DELIVERY_DECIDED = "delivery-decided", "An owner let a stopped delivery go on, or dropped it."
    DELIVERY_DEFERRED = "delivery-deferred", "The relay put a recipient off; tried again later."
    DELIVERY_FAILED = "delivery-failed", "The relay refused a recipient for good, or for too long."
    RELAY_UNREACHABLE = "relay-unreachable", "The relay cannot be reached or does not speak as it should."
    BOUNCE_RECORDED = "bounce-recorded", "A copy came back."
    DIGEST_MADE = "digest-made", "A digest was made and its delivery planned."
    JOB_RAN = "job-ran", "A periodic job did its work."
    JOB_FAILED = "job-failed", "A periodic job failed; it runs again."
    LIBRARY = "library", "A word of a library that we use."


_QUOTED = re.compile(r'[ "=\\]')
_counts: Counter[Event] = Counter()
_BY_NAME = {str(event): event for event in Event}
_logger = logging.getLogger("listserver")


def info(event: Event, **fields: Any) -> None:
    """Say that `event` happened. fields: str, numbers, None; never a body, subject, token or cookie."""
    _say(logging.INFO, event, fields)


def warning(event: Event, **fields: Any) -> None:
    """Say that `event` happened and may need a look."""
    _say(logging.WARNING, event, fields)


def error(event: Event, failure: BaseException | None = None, **fields: Any) -> None:
    """Say that `event` happened and somebody must look; with `failure`, its trace follows."""
    _say(logging.ERROR, event, fields, failure)


def debug(event: Event, **fields: Any) -> None:
    """Say that `event` happened, to whoever looks for a fault."""
    _say(logging.DEBUG, event, fields)


def counts() -> dict[Event, int]:
    """How often each event happened in this process."""
    return dict(_counts)


def named(name: str) -> Event:
    """The event of that name. Raises KeyError: a new one is written down in Event first."""
    return _BY_NAME[name]


def setup(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send all log lines of this process to `stream` (standard error) at `level` ("debug" … "error")."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    # Where in the program a line comes from is not told, and to find it out would be most of its cost (logging, howto).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # libraries
    _logger.setLevel(level.upper())


class TextLines(logging.Formatter):
    """`2026-03-01T12:00:00.123Z info post-filed list=talk number=7`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a trace follows with each of its lines indented."""
        event, fields = _parts(record)
        words = [_moment(record), record.levelname.lower(), event]
        words += [f"{key}={_word(value)}" for key, value in fields.items()]
        return " ".join(words) + "".join(f"\n    {line}" for line in _trace(record, self))


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, event, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the values hold."""
        event, fields = _parts(record)
        line: dict[str, Any] = {"at": _moment(record), "level": record.levelname.lower(), "event": event}
        line |= {key: v if isinstance(v, int | float | None) else _safe(v) for key, v in fields.items()}
        if trace := _trace(record, self):
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False)


def _say(level: int, event: Event, fields: dict[str, Any], failure: BaseException | None = None) -> None:
    _counts[event] += 1
    if _logger.isEnabledFor(level):
        _logger.log(level, event, extra={"fields": fields}, exc_info=failure)


def _parts(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    fields = getattr(record, "fields", None)
    if fields is not None:
        return str(record.msg), fields
    return Event.LIBRARY, {"source": record.name, "text": record.getMessage()}


def _trace(record: logging.LogRecord, formatter: logging.Formatter) -> list[str]:
    if not record.exc_info or not record.exc_info[0]:
        return []
    return [_safe(line) for line in formatter.formatException(record.exc_info).splitlines()]


def _moment(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def _safe(value: object) -> str:
    text = _cut(value)
    if text.isprintable():
        return text
    # Not printable are also bidirectional overrides, zero-width marks and the halves of surrogate pairs.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _word(value: object) -> str:
    text = _cut(value)
    if text and text.isprintable() and not _QUOTED.search(text):
        return text
    return '"' + _safe(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _cut(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
