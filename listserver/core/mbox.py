"""Mbox files: many mails in one, each behind a line `From …` (RFC 4155 and its quarrelling relatives).

A separator stands behind an empty line, ends with a date and is followed by a header field: that holds in files which
quote such lines of bodies (`>From `, mboxrd) and in those which do not (pipermail).
Content-Length fields are not believed.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from listserver.core.headers import date_of

HEAD = 8 << 20  # octets of a file by which it is known whether it quotes

# With a date, or (Google's exports, once cut short) with an address alone.
_SEPARATOR = re.compile(
    rb"From (?:[^\n]{0,300}\d\d:\d\d[^\n]{0,60}(?:19|20)\d\d[^\n\d]{0,20}|[^\s@]{1,100}@[^\s@]{1,200})\r?\n?"
)
# Netscape and Thunderbird name no sender, and forget the date or the empty line.
_NETSCAPE = re.compile(rb"From -(?: [A-Z][a-z]{2} [A-Z][a-z]{2} [^\n]{0,60}| ?)\r?\n?")
_MARK = b"\xef\xbb\xbf"  # U+FEFF, which editors put before everything
_DATE = re.compile(rb"[A-Z][a-z]{2},? +(?:[A-Z][a-z]{2} +\d|\d{1,2} +[A-Z][a-z]{2} )[^\n]*")
_BEGINS = re.compile(rb"[!-9;-~]{1,200}[ \t]{0,9}:|>?From ")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)


class Entry(NamedTuple):
    """A mail out of an mbox file. at: what its separator says, None if that is no date."""

    raw: bytes
    at: datetime | None


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins so holds several mails, and not one."""
    return head.removeprefix(_MARK).lstrip(b"\r\n").startswith(b"From ")


def is_mail(head: bytes) -> bool:
    """Whether what begins so can be a mail: with a header field. Files that are named .eml need not."""
    return _BEGINS.match(head.removeprefix(_MARK).lstrip(b"\r\n")) is not None


def quotes(head: bytes) -> bool:
    """Whether the file that begins so quotes lines of bodies that look like separators."""
    return not any(b"\nFrom " in entry.raw for entry in split(head.splitlines(keepends=True), unquote=False))


def split(lines: Iterable[bytes], unquote: bool) -> Iterator[Entry]:
    """The mails of an mbox file; linear in its length, and holds one mail at a time.

    lines: with their ends. unquote: take one `>` from lines that were quoted (see `quotes`); else octets stay as they
    are. What stands before the first separator is passed over.
    """
    mail: list[bytes] = []
    at: datetime | None = None
    begun, perhaps, last = False, b"", b"\n"
    for line in lines:
        if begun and not perhaps and line[:5] != b"From ":  # nearly all lines
            mail.append(line)
            continue
        if not begun and line.startswith(_MARK):
            line = line.removeprefix(_MARK)
        if perhaps:
            if _BEGINS.match(line):
                if begun:
                    yield _entry(mail, at, unquote)
                mail, at, begun, last = [], _date(perhaps), True, perhaps
            else:
                mail.append(perhaps)
            perhaps = b""
        after_blank = (mail[-1] if mail else last) in (b"\n", b"\r\n")
        if line.startswith(b"From ") and (_NETSCAPE.fullmatch(line) or (after_blank and _SEPARATOR.fullmatch(line))):
            perhaps = line
        else:
            mail.append(line)
    if begun:
        yield _entry([*mail, perhaps], at, unquote)


def separator(sender: str, at: datetime) -> bytes:
    """The line before a mail; sender: "" if unknown."""
    return f"From {sender or 'MAILER-DAEMON'} {at:%a %b %e %H:%M:%S %Y}\n".encode()


def quote(raw: bytes) -> bytes:
    """A mail's octets as they stand in an mboxrd file: line ends of Unix, an empty line behind them."""
    text = raw.replace(b"\r\n", b"\n")
    return _TO_QUOTE.sub(rb">\1", text) + (b"\n" if text.endswith(b"\n") else b"\n\n")


def _entry(lines: list[bytes], at: datetime | None, unquote: bool) -> Entry:
    raw = b"".join(lines)
    for blank in (b"\n\r\n", b"\n\n"):  # the empty line that belongs to the next separator
        if raw.endswith(blank):
            raw = raw[: 1 - len(blank)]
            break
    return Entry(_QUOTED.sub(rb"\1", raw) if unquote and b">From " in raw else raw, at)


def _date(separator: bytes) -> datetime | None:
    found = _DATE.search(separator)
    return date_of(found[0]) if found else None
