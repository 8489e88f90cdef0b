"""Reading a mail: octets -> Post. Never raises, bounded depth, linear time (standards R1-R15).

The header is read by core/headers, addresses by core/addrspec, the MIME tree by core/mime. What few callers need
(text, own, content_hash, automatic) is worked out when it is first asked for.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from listserver.core import automatic, mime
from listserver.core.addrspec import Addresses, Mailbox, addresses
from listserver.core.headers import Field, date_of, ids, message_id, skip_mbox_lines, split_header, text_of
from listserver.core.html_text import to_text
from listserver.core.mime import Part, is_body
from listserver.core.text import Line, own_of, roles

__all__ = ["Field", "Mailbox", "Part", "Post", "is_body", "part_bytes", "part_text", "read"]

MAX_REFERENCES = 50


@dataclass(frozen=True)  # no slots: cached_property keeps its value in __dict__
class Post:
    """A mail as read. `raw` is what arrived and is never changed.

    message_id: without <>, "" if missing or unusable. authors: From, one addr-spec each or none (R4).
    references: References then In-Reply-To, without <>, oldest first, each once, at most 50 (R7); in_reply_to likewise.
    date: aware, None if absent or absurd. recipients: To and Cc.
    findings: short codes of what was odd: "two-FIELD", "no-header", "no-separator", "mbox-line", "no-from", "bad-from",
    "group-from", "address-in-name", "bad-boundary", "too-many-parts".
    by_name: all fields by their names in lower case, in order.
    """

    raw: bytes
    fields: tuple[Field, ...]
    body_start: int
    message_id: str
    authors: tuple[Mailbox, ...]
    subject: str
    date: datetime | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    recipients: tuple[Mailbox, ...]
    parts: tuple[Part, ...]
    findings: tuple[str, ...]
    by_name: Mapping[str, list[Field]] = field(repr=False, compare=False)

    def first(self, name: str) -> str:
        """The decoded value of the first field of that name (any case), "" if none."""
        found = self.by_name.get(name.lower())
        return text_of(found[0].value) if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        """The decoded values of all fields of that name, in order."""
        return tuple(text_of(f.value) for f in self.by_name.get(name.lower(), ()))

    @cached_property
    def text(self) -> str:
        """What a person wrote, from text/plain parts, else from HTML; line ends \\n; format=flowed undone."""
        bodies = mime.body_parts(self.parts)
        text = "\n".join([part_text(self, part) for part in bodies])
        if text.strip() or not bodies:
            return text
        # An empty text/plain beside the real HTML.
        return "\n".join([part_text(self, p) for p in self.parts if p.content_type == "text/html" and is_body(p)])

    @cached_property
    def own(self) -> str:
        """What the author wrote of `text`: no quotes, signature, footers (core.text)."""
        return own_of(self.lines).text

    @cached_property
    def lines(self) -> list[Line]:
        """The lines of `text` with their roles (core.text)."""
        return roles(self.text)

    @cached_property
    def content_hash(self) -> bytes:
        """32 octets over the author, subject, date and body: equal for the same post sent again by another path.

        Trace fields (Received, DKIM …) do not count, nor do line ends and empty last lines, which mbox files change.
        """
        seen = hashlib.sha256()
        for name in ("from", "subject", "date"):
            seen.update(b"".join([f.value + b"\n" for f in self.by_name.get(name, ())[:1]]) + b"\0")
        seen.update(self.raw[self.body_start :].replace(b"\r\n", b"\n").rstrip(b"\n"))
        return seen.digest()

    @cached_property
    def automatic(self) -> str:
        """ "" for a human's mail; else which sign said that it is automatic (RFC 3834, habits; standards L5)."""
        return automatic.sign(self)


def part_bytes(post: Post, part: Part) -> bytes:
    """What a part holds, its transfer encoding undone. Never raises."""
    return mime.octets_of(post.raw, part)


def part_text(post: Post, part: Part) -> str:
    """A text part as plain text (HTML made plain), line ends \\n. Never raises."""
    text = mime.text_of_part(post.raw, part)
    return to_text(text) if part.content_type == "text/html" else text


def read(raw: bytes) -> Post:
    """Read a mail (RFC 5322, 2045-2049, 6532). Never raises; time grows with its length and no faster."""
    start = skip_mbox_lines(raw)
    fields, body_start, separated = split_header(raw, start, len(raw))
    by_name: dict[str, list[Field]] = {}
    for one in fields:
        by_name.setdefault(one.name.lower(), []).append(one)
    findings = _findings(by_name, start, separated)

    author = _addresses(by_name, "from")
    if author.broken or not author.mailboxes:
        findings.append("bad-from" if "from" in by_name else "no-from")
    if author.group:
        findings.append("group-from")
    findings += ["address-in-name" for box in author.mailboxes if "@" in box.name and box.address not in box.name][:1]

    in_reply_to = _ids(by_name, "in-reply-to")
    references = tuple(dict.fromkeys(_ids(by_name, "references") + in_reply_to))[-MAX_REFERENCES:]
    tree = mime.tree(raw, fields, body_start)
    return Post(
        raw=raw,
        fields=tuple(fields),
        body_start=body_start,
        message_id=message_id(by_name["message-id"][0].value) if "message-id" in by_name else "",
        authors=author.mailboxes,
        subject=text_of(by_name["subject"][0].value) if "subject" in by_name else "",
        date=date_of(by_name["date"][0].value) if "date" in by_name else None,
        in_reply_to=in_reply_to[-MAX_REFERENCES:],
        references=references,
        recipients=_addresses(by_name, "to").mailboxes + _addresses(by_name, "cc").mailboxes,
        parts=tree.parts,
        findings=tuple(findings) + tree.findings,
        by_name=by_name,
    )


_ONCE = ("from", "sender", "reply-to", "to", "cc", "message-id", "date", "subject")  # 5322 §3.6


def _findings(by_name: dict[str, list[Field]], start: int, separated: bool) -> list[str]:
    findings = [f"two-{name}" for name in _ONCE if len(by_name.get(name, ())) > 1]
    if start:
        findings.append("mbox-line")
    if not by_name:
        findings.append("no-header")
    elif not separated:
        findings.append("no-separator")
    return findings


def _addresses(by_name: dict[str, list[Field]], name: str) -> Addresses:
    return addresses(by_name[name][0].value) if name in by_name else Addresses(())


def _ids(by_name: dict[str, list[Field]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids(by_name[name][0].value))) if name in by_name else ()
