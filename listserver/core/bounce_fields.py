"""The machine-readable part of a report: message/delivery-status (RFC 3464) and message/feedback-report (RFC 5965).

Read leniently: many reports stand in broken MIME, so these fields are looked for in any text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from listserver.core.bounce_kind import Kind, classify, reply_in, status_in, status_of

Group = dict[str, str]

_FIELD = re.compile(r"[ >]{0,8}([A-Za-z][A-Za-z0-9-]{1,60})[ \t]{0,4}:[ \t]*(.*)")
_ADDRESS = re.compile(r"[^\s<>\"'();:,\[\]]{1,64}@[^\s<>\"'();:,\[\]]{1,255}")
_KNOWN = {
    "reporting-mta", "original-envelope-id", "received-from-mta", "arrival-date", "dsn-gateway", "original-recipient",
    "final-recipient", "action", "status", "remote-mta", "diagnostic-code", "last-attempt-date", "will-retry-until",
    "final-log-id", "x-actual-recipient", "feedback-type", "user-agent", "version", "original-rcpt-to",
    "original-mail-from", "removal-recipient", "reported-domain", "source-ip", "error-for", "error-text",
}  # fmt: skip

_REPEATED = ("original-rcpt-to", "removal-recipient")


@dataclass(frozen=True, slots=True)
class Failure:
    """One address that a mail did not reach, or whose reader complained.

    address: as the report gives it. status: enhanced code (RFC 3463), made up from the reply or wording where the
    report has none ("5.0.0", "4.0.0"); "" for complaints. text: the diagnostic, one line.
    """

    address: str
    kind: Kind
    status: str
    text: str

    @property
    def permanent(self) -> bool:
        """Whether the reporting host will not try again by itself."""
        return self.status.startswith("5")


@dataclass(frozen=True, slots=True)
class Status:
    """Per-recipient fields of a delivery-status, as groups say it. action: RFC 3464 §2.3.3, lower case."""

    failure: Failure
    action: str


def groups(lines: Iterable[str]) -> Iterator[Group]:
    """Field groups, parted by blank lines or a second recipient; continuation lines joined; the first field counts."""
    group: Group = {}
    last = ""
    for line in lines:
        found = _FIELD.match(line)
        name = found.group(1).lower() if found else ""
        if found and name in _KNOWN:
            if name == "final-recipient" and name in group:
                yield group
                group = {}
            last = name if name not in group or name in _REPEATED else ""
            if last:
                group[name] = f"{group[name]}, {found.group(2).strip()}" if name in group else found.group(2).strip()
        elif not line.strip(" >\t"):
            if group:
                yield group
            group, last = {}, ""
        elif last and len(group[last]) < 4_000:
            group[last] = f"{group[last]} {line.strip()}"
    if group:
        yield group


def address_in(value: str) -> str:
    """The addr-spec of `rfc822;<a@b>`, `utf-8; a@b`, `a@b` (RFC 3464 §2.1.2, RFC 6533 §3); "" if none."""
    kind, semicolon, rest = value.partition(";")
    if semicolon and kind.strip().lower() in ("x400", "x-local-addr"):
        return ""
    found = _ADDRESS.search(rest if semicolon else value)
    return found.group(0).rstrip(".") if found and ".." not in found.group(0) else ""


def statuses(lines: Iterable[str]) -> tuple[list[Status], bool]:
    """What the delivery-status groups say per recipient, and whether there was such a group at all (even one
    that names no usable address)."""
    result: list[Status] = []
    seen = False
    for group in groups(lines):
        if not ("final-recipient" in group or "original-recipient" in group or "x-actual-recipient" in group):
            continue
        if not ("action" in group or "status" in group):
            continue
        seen = True
        address = next(
            (
                a
                for n in ("original-recipient", "final-recipient", "x-actual-recipient")
                if (a := address_in(group.get(n, "")))
            ),
            "",
        )
        result.append(_status(group, address))
    return result, seen


def _status(group: Group, address: str) -> Status:
    words = group.get("action", "").split()
    action = words[0].strip(";,").lower() if words else ""
    own = status_in(group.get("status", ""))
    text = group.get("diagnostic-code", "")
    kind, semicolon, rest = text.partition(";")
    if semicolon and len(kind) < 20 and not status_in(kind) and not reply_in(kind):
        text = rest.strip()
    if action in ("", "fail", "failure"):
        action = "delayed" if own.startswith("4") and not text else "failed"
    if not status_in(group.get("status", "")) and group.get("status", "").strip().startswith("2"):
        action = "delivered"
    status = "" if action in ("delivered", "relayed", "expanded") else status_of(own, text, action != "delayed")
    return Status(Failure(address, classify(status, text), status, text), action)


@dataclass(frozen=True, slots=True)
class Feedback:
    """An abuse report (RFC 5965 §3). kind: Feedback-Type, lower case. addresses: whom it names as recipients."""

    kind: str
    addresses: tuple[str, ...]


def feedback(lines: Iterable[str]) -> Feedback | None:
    """The feedback report in these lines, or None."""
    for group in groups(lines):
        if "feedback-type" not in group:
            continue
        values = (group.get("original-rcpt-to", ""), group.get("removal-recipient", ""))
        found = dict.fromkeys(a for v in values for a in _ADDRESS.findall(v))
        return Feedback(group["feedback-type"].lower(), tuple(found))
    return None
