"""The forms of a digest that programs of every age read: RFC 1153 text, and MIME multipart/digest."""

import hashlib
import textwrap

from listserver.core.addrspec import Mailbox
from listserver.core.digest import Digest, Item
from listserver.core.edits import crlf, mailbox, remove_fields
from listserver.core.message import read

_WIDTH = 76
_RULE = "-" * 30  # RFC 1153 §4
_FIRST_RULE = "-" * 70
# Of hops and of the author's own: what copies of single posts do not carry either (core.compose).
_PRIVATE = (
    "return-path", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-envelope-from", "bcc",
    "resent-bcc", "errors-to", "disposition-notification-to", "return-receipt-to", "approved", "approve", "x-approved",
)  # fmt: skip


def plain(digest: Digest) -> bytes:
    """The rest of the mail, from its Content-Type on, as one text (RFC 1153)."""
    title = f"{digest.facts.title} Digest"
    out = [title, digest.words.day(digest.made_at), "", *contents(digest), "", _FIRST_RULE, ""]
    for item in digest.items:
        out += [*_head(digest, item), "", _safe(read(item.raw).text.strip("\n")), "", _RULE, ""]
    ending = f"End of {title}"
    out += [ending, "*" * len(ending)]
    return text_part("\n".join(out))


def contents(digest: Digest) -> list[str]:
    """Lines that say what is in a digest, and how to answer."""
    words = digest.words
    lines = [digest.counted, "", f"{words.contents}:"]
    number = 0
    for heading, topics in digest.groups:
        lines += ["", words.headings[heading]]
        for topic in topics:
            for at, item in enumerate(topic.items):
                number += 1
                name = topic.subject or words.no_subject if at == 0 else ""
                lines += textwrap.wrap(
                    f"{number:3}. {name}{' ' if name else ''}({item.called or words.somebody})",
                    _WIDTH,
                    subsequent_indent="     ",
                )
    return lines


def _head(digest: Digest, item: Item) -> list[str]:
    box = Mailbox(item.author, item.author_address)
    return [
        f"Date: {item.sent_at:%a, %d %b %Y %H:%M:%S %z}",
        f"From: {mailbox(box) if item.author.isascii() else f'{item.author} <{item.author_address}>'}",
        f"Subject: {item.subject or digest.words.no_subject}",
        f"Message-ID: <{item.message_id}>",
        f"Reply-To: {digest.reply_to(item)}",
    ]


def _safe(text: str) -> str:
    """No line of a post may end it (RFC 1153 §4): a space goes before thirty hyphens."""
    return "\n".join(f" {line}" if line.startswith(_RULE) else line for line in text.split("\n"))


def text_part(text: str) -> bytes:
    """Content fields, an empty line and a text in UTF-8."""
    octets = crlf(text.encode("utf-8", "replace")) + b"\r\n"
    encoding = b"7bit" if octets.isascii() else b"8bit"
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + octets


def mime(digest: Digest) -> bytes:
    """The rest of the mail: a table of contents, then the posts as they came (RFC 2046 §5.1.5)."""
    first = text_part("\n".join([f"{digest.facts.title}: {digest.words.day(digest.made_at)}", *contents(digest)]))
    letters = [crlf(remove_fields(item.raw, _PRIVATE)) for item in digest.items]
    inner = multipart("digest", [b"\r\n" + letter for letter in letters])
    return multipart("mixed", [first, inner])


def multipart(kind: str, parts: list[bytes]) -> bytes:
    """Content fields, an empty line and these parts, each of them with its own fields."""
    seen = hashlib.blake2b(kind.encode(), digest_size=12)
    for part in parts:
        seen.update(part)
    boundary = f"=_{seen.hexdigest()}".encode()  # made from what it parts, so that it cannot stand in there by chance
    encoding = b"7bit" if all(part.isascii() for part in parts) else b"8bit"
    head = b'Content-Type: multipart/%s; boundary="%s"\r\nContent-Transfer-Encoding: %s\r\n\r\n'
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part.removesuffix(b"\r\n")) for part in parts)
    return head % (kind.encode(), boundary, encoding) + body + b"--%s--\r\n" % boundary
