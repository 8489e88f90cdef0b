"""Taking a person out of mails and texts: their addresses and names, also where others quote them (standards D3)."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from listserver.core.addrspec import Mailbox
from listserver.core.edits import remove_fields, replace_field, write_addresses
from listserver.core.masked_mail import changed_mail
from listserver.core.message import Post, read

NAME = "a former member"
ADDRESS = "former-member@erased.invalid"  # RFC 2606 §2: a name that never is anybody's
BANNED = "hash:"  # begins the pattern of a ban whose address was erased

# What a mail of theirs keeps of its header: what it is about and where it belongs, nothing of its way or its program.
_KEPT = ("to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "keywords")
_AT = r"(?:@|=40|%40|&#0*64;|&#x0*40;|&commat;)"


def mark(secret: bytes, key: str) -> str:
    """What is kept of an erased address (core.address.key): to know it again, by nobody without the secret."""
    return hmac.new(secret, b"erased\0" + key.encode(), hashlib.sha256).hexdigest()[:40]


@dataclass(frozen=True)  # no slots: cached_property keeps its value in __dict__
class Traces:
    """By what a person is known. addresses: all spellings; names: as posts and they themselves have written them;
    aliases: local parts of our addresses that stand for them.
    """

    addresses: tuple[str, ...]
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @cached_property
    def _text(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern, re.IGNORECASE), new) for pattern, new in _patterns(self)]

    @cached_property
    def _octets(self) -> list[tuple[re.Pattern[bytes], bytes]]:
        found = {}
        for codec in ("utf-8", "iso-8859-1"):
            for pattern, new in _patterns(self):
                with suppress(UnicodeEncodeError):  # no mail in that charset can hold it
                    found[re.compile(pattern.encode(codec), re.IGNORECASE)] = new.encode()
        return list(found.items())

    def taken_out(self, text: str) -> str:
        """The text without them."""
        for pattern, new in self._text:
            text = pattern.sub(new, text)
        return text

    def taken_out_of(self, value: Any) -> Any:
        """A JSON value of ours without them."""
        if isinstance(value, str):
            return self.taken_out(value)
        if isinstance(value, list):
            return [self.taken_out_of(item) for item in value]
        if isinstance(value, dict):
            return {name: self.taken_out_of(item) for name, item in value.items()}
        return value

    def taken_out_of_octets(self, octets: bytes) -> bytes:
        """Octets of a mail's field or text without them."""
        for pattern, new in self._octets:
            octets = pattern.sub(new, octets)
        return octets

    @cached_property
    def _halves(self) -> list[list[str]]:
        addresses = [one.rsplit("@", 1) for one in self.addresses]
        names = [name.split() for name in _full(self.names)]
        return [[half.lower() for half in halves] for halves in (*addresses, *names, *([one] for one in self.aliases))]

    def perhaps_in(self, text: str) -> bool:
        """Whether it is worth while to look closer, which takes a hundred times as long."""
        lowered = text.lower()
        return any(all(half in lowered for half in halves) for halves in self._halves)

    def in_text(self, text: str) -> bool:
        """Whether they are named in it."""
        return self.perhaps_in(text) and any(pattern.search(text) for pattern, _ in self._text)

    def in_mail(self, raw: bytes) -> bool:
        """Whether they are named in a mail: in its fields, or in its text as people see it."""
        return self.in_text(raw.decode("utf-8", "replace")) or self.in_text(read(raw).text)


def taken_out_of_mail(raw: bytes, traces: Traces) -> bytes:
    """A mail by somebody else that names them."""
    return changed_mail(raw, traces.taken_out, traces.taken_out_of_octets)


def anonymous(raw: bytes, traces: Traces) -> bytes:
    """A mail that they wrote: its words, by "a former member"; nothing of its way here."""
    post: Post = read(raw)
    gone = {name for name in post.by_name if name not in _KEPT and not name.startswith("content-")} - {"from"}
    mine = replace_field(remove_fields(raw, gone), "From", write_addresses("From", [Mailbox(NAME, ADDRESS)]))
    return taken_out_of_mail(mine, traces)


def _full(names: Iterable[str]) -> list[str]:
    """Names of two words and more: a first name alone is anybody's."""
    return [" ".join(name.split()) for name in names if len(name.split()) > 1]


def _patterns(traces: Traces) -> list[tuple[str, str]]:
    """(regular expression, what stands in its place), in this order; the first ones are for names beside an address."""
    full = [one for name in _full(traces.names) for one in (name, ", ".join(name.rsplit(" ", 1)[::-1]))]
    known = [_spaced(name) for name in sorted({*full, *traces.names}, key=len, reverse=True) if name.strip()]
    # Their display name before it, whatever it is: in quotes, or from a comma or colon on.
    beside = "|".join([r'"[^"\r\n]{1,100}"', *known, r"(?<=[:,\n]\s)[^,:;<>\d\r\n\"@]{1,100}"])
    found = []
    for local, _, domain in (one.rpartition("@") for one in traces.addresses):
        local, domain = re.escape(local), rf"{re.escape(domain)}(?![\w-]|\.\w)"
        found.append((rf"(?:{beside})\s{{0,3}}<\s?{local}{_AT}{domain}\s?>", f"{NAME} <{ADDRESS}>"))
        found.append((rf"(?<![\w.+-]){local}{_AT}{domain}", ADDRESS))
        found.append((rf"(?<![\w.]){local}={domain}", ADDRESS.replace("@", "=")))  # list-bounces+anna=example.org@
    found += [(rf"(?<![\w.+-]){re.escape(local)}{_AT}[\w.-]+\w", ADDRESS) for local in traces.aliases]
    found += [(rf"(?<!\w){_spaced(name)}(?!\w)", NAME) for name in full]
    return found


def _spaced(name: str) -> str:
    return r"[\s>]{1,6}".join(re.escape(word) for word in name.split())  # a line may end within it, and be quoted
