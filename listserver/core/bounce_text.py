"""Bounces in words: which addresses a report in free text says were not reached, by general rules.

No table of senders: an address counts by where it stands (alone at the start of a line, after "RCPT TO:", after words
such as "could not be delivered to"), and never when the text gives it as the sender's or as whom to ask.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from listserver.core import bounce_words as words

MAX_LINES = 600
MAX_ADDRESSES = 200

ADDRESS = re.compile(words.ADDR)
# The line starts with the address: qmail, Postfix, Exim, sendmail, Exchange, Yahoo, and lists with bullets.
_START = re.compile(
    r"^[\s>*|\-\[\"'<]{0,20}(?:\d{3}[ -])?(?:[45]\.\d{1,3}\.\d{1,3} )?(?:\[?SMTP:)?[\"'<\[]{0,3}"
    rf"({words.ADDR})[\"'>\]]{{0,3}}\s*(.*)$"
)
_AFTER_START = re.compile(
    r"^(?:$|:|\.\.\.|[.,;]?$|[;,]|\(|\[|-{1,2} |on \w{3},|invalid|\.{2,}|is |has |does|was |could|->|=)", re.I
)
_EXPANDED = re.compile(rf"\((?:expanded|generated) (?:from|by):?\s*<?({words.ADDR})>?\)", re.I)
_RECIPIENT_AGAIN = re.compile(r"(?:generated|expanded) (?:by|from)\s*:?\s*[<\"']?$|alternate means", re.I)
_FIELD = re.compile(r"^[ >]{0,4}(?:from|to|subject|date|cc|content-\w+) ?:", re.I)
_OF_SENDER = re.compile(r"\W{0,10}(?:from|cc|subject|sender|mail from|reply-to|e-?mail|contact|>>> mail)\b", re.I)
_TO_ASK = re.compile("contact|assistance|questions|support", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """An address that was not reached, and the words that belong to it, as one line."""

    address: str
    text: str


def split(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The report's own words, and what follows the start of the returned copy."""
    lines = lines[:MAX_LINES]
    for n, line in enumerate(lines):
        if (len(line) < 120 and words.CUT.match(line)) or words.COPIED_HEADER.match(line):
            return lines[:n], lines[n:]
    return lines, ()


def failing(lines: Sequence[str], not_these: frozenset[str]) -> list[Found]:
    """The addresses that the report's own words (before the copy) say were not reached, strongest form only.

    not_these: lower-case addresses that are no recipient's (the sender of the post, the sender of the report).
    """
    lines_with_at = [(n, line) for n, line in enumerate(lines) if "@" in line]
    for rule in (_standing_alone, _named, _mentioned):
        hits: dict[str, int] = {}
        for n, line in lines_with_at:
            for address in rule(lines, n, line):
                if _usable(address, not_these) and len(hits) < MAX_ADDRESSES:
                    hits.setdefault(_expanded(lines, n) or address.rstrip("."), n)
        if hits:
            return _with_text(lines, hits)
    return []


def _standing_alone(lines: Sequence[str], n: int, line: str) -> list[str]:
    found = _START.match(line)
    if not found or not _AFTER_START.match(found.group(2)):
        return []
    before = lines[n - 1] if n else ""
    if words.NOT_RECIPIENT.search(before.rstrip()) or (_FIELD.match(before) and before.rstrip().endswith(":")):
        return []
    return [found.group(1)]


def _expanded(lines: Sequence[str], n: int) -> str:
    """The address we wrote to where the line, or the next one, says that another was made from it."""
    for line in lines[n : n + 2]:
        found = _EXPANDED.search(line)
        if found:
            return found.group(1)
    return ""


def _named(lines: Sequence[str], n: int, line: str) -> list[str]:
    if _OF_SENDER.match(line):
        return []
    around = " ".join(lines[max(n - 6, 0) : n + 4])
    if not words.FAILING.search(around):
        return []
    return [m.group(1) for m in words.NAMED.finditer(line) if not _asks(line[: m.start(1)])]


def _mentioned(lines: Sequence[str], n: int, line: str) -> list[str]:
    if _OF_SENDER.match(line) or not words.FAILING.search(" ".join(lines[max(n - 3, 0) : n + 3])):
        return []
    return [m.group(0) for m in ADDRESS.finditer(line) if not _asks(line[: m.start()])]


def _asks(before: str) -> bool:
    before = before[-60:]
    if _RECIPIENT_AGAIN.search(before):
        return False
    return bool(words.NOT_RECIPIENT.search(before)) or bool(_TO_ASK.search(before))


def _usable(address: str, not_these: frozenset[str]) -> bool:
    local, _, domain = address.rstrip(".").lower().rpartition("@")
    return f"{local}@{domain}" not in not_these and not local.startswith("mailer-daemon") and ".." not in local


def _with_text(lines: Sequence[str], hits: dict[str, int]) -> list[Found]:
    """Each address with the words up to the next one; the last one's (or the only one's) go on to the end."""
    starts = sorted(set(hits.values()))
    ends = dict(zip(starts, [*starts[1:], len(lines)], strict=True))
    result = []
    for address, n in hits.items():
        block = lines[n : min(ends[n], n + 40)]
        result.append(Found(address, " ".join(" ".join(block).split())[:2_000]))
    return result
