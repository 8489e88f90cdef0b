"""Reading a mail: bytes -> Post. Never raises, bounded depth, linear time (standards R1-R15)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it stands in the bytes: `raw` is all its octets, folds and line end included.

    name: as written. value: octets after the colon, unfolded, stripped. start, end: offsets in the mail.
    """

    name: str
    value: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address from a header field: display name (decoded, cleaned) and addr-spec as written."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree. start, end: where its encoded body lies in the mail's bytes.

    path: like "1.2" (IMAP's numbering). content_type: "text/plain", lower case. charset: as declared, "" if none.
    filename: decoded, cleaned of path separators and controls. signed: lies within multipart/signed or encrypted (R14).
    """

    path: str
    content_type: str
    charset: str
    encoding: str
    disposition: str
    filename: str
    content_id: str
    start: int
    end: int
    flowed: bool
    delsp: bool
    signed: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A mail as read. `raw` is what arrived and is never changed.

    message_id: without <>, "" if missing or unusable. authors: From, one addr-spec each or none (R4).
    references: References then In-Reply-To, without <>, oldest first, each once, at most 50 (R7); in_reply_to likewise.
    date: aware, None if absent or absurd. recipients: To and Cc.
    text: what a person wrote, from text/plain parts, else from HTML made plain; line ends \n; format=flowed undone.
    findings: short codes of what was odd ("two-subjects", ...).
    content_hash: 32 octets over the author, subject, date and body octets: the same post sent again has the same one
    although its trace fields (Received, DKIM …) differ.
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
    text: str
    findings: tuple[str, ...]
    content_hash: bytes
    automatic: str  # "" for a human's mail; else which sign said it is automatic (RFC 3834, habits; standards L5)

    def first(self, name: str) -> str:
        """The decoded value of the first field of that name (any case), "" if none."""
        raise NotImplementedError

    def all(self, name: str) -> tuple[str, ...]:
        """The decoded values of all fields of that name, in order."""
        raise NotImplementedError


def read(raw: bytes) -> Post:
    """Read a mail (RFC 5322, 2045-2049, 6532). Never raises."""
    raise NotImplementedError
