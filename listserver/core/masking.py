"""What a visitor sees of addresses: `marit@…` in texts, names where people are named (standards W8)."""

import re
from binascii import a2b_base64

_DOMAIN = r"(?:[^\W_][\w-]*(?:\.[\w-]+)+|\[[\w:.]{3,50}\])"
_AT = r"@|%40|&#0*64;|&#x0*40;|&commat;|＠"
# Only the end of the local part is looked at, so that time stays linear in what strangers write. The sign stands first,
# since the search for it is then that for a few characters.
_ADDRESS = re.compile(rf"({_AT}){_DOMAIN}", re.IGNORECASE)
# As other archives write addresses, and people who hide them. " at " is prose as well, so its surroundings decide.
_HOST = r"((?:[^\W_][\w-]*\.)+[^\W\d_]{2,12})(?![\w-])"
_SPELT = re.compile(rf"( at ){_HOST}", re.IGNORECASE)
_BRACKETED = re.compile(rf"( ?[\[(]at[\])] ?){_HOST}", re.IGNORECASE)
_WHO = re.compile(r"[\w.+=-]{1,64}\Z")
_NAMED = re.compile(
    r"(?:<|&lt;|mailto:|^[>\s|]*(?:(?:from|von|de|to|an|à|cc|reply-to|sender) ?:.*|from ))\Z", re.IGNORECASE
)
_ALONE = re.compile(r"[^\w\n]*(?:\n|\Z)")
_PROSE = frozenset(
    {"look", "looking", "is", "are", "me", "us", "it", "them", "available", "found", "page", "site", "docs"}
)
_TOLD = re.compile(r"\s*(?:>|&gt;|wrote|writes|schrieb|a écrit)", re.IGNORECASE)
_LOCAL = re.compile(r"[\w.+%!#$&'*/=?^`{|}~\"-]")
_OCTETS = re.compile(
    rb"(@|%40|=40|&#0*64;|&#x0*40;)"
    rb"(?:[a-z0-9\x80-\xff][\w\x80-\xff-]*(?:\.[\w\x80-\xff-]+)+|\[[\w:.]{3,50}\])",
    re.IGNORECASE,
)
_LOCAL_OCTETS = frozenset(re.findall(rb"[\w.+%!#$&'*/=?^`{|}~\"\x80-\xff-]", bytes(range(256))))


# An address within an address, as return paths have them: bounces+marit=example.org@…, SRS0=…=example.org=marit@….
_WITHIN = r"=(?:[a-z0-9][\w-]*(?:\.[\w-]+)+)(?=@|=[\w.+-]{1,64}@)"
_WITHIN_TEXT, _WITHIN_OCTETS = re.compile(_WITHIN, re.IGNORECASE), re.compile(_WITHIN.encode(), re.IGNORECASE)
# Lines of base64, one under the other: keys, certificates, signatures, and mails in mails hold addresses too.
_PACKED = re.compile(rb"(?:[A-Za-z0-9+/]{40,}={0,2}[\s>|]*)+")
_NOT_PACKED = re.compile(rb"[^A-Za-z0-9+/]+")
# Their shortest beginning, once each octet of base64 is an A: to look for that is ten times faster.
_SHAPES = bytes([65 if re.match(rb"[A-Za-z0-9+/]", bytes([octet])) else 32 for octet in range(256)])
_BEGINNING = b"A" * 40
_PLAIN = re.compile(
    rb"@(?<=[a-z0-9._+-]{3}@)[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,63}){0,5}\.[a-z]{2,12}(?![a-z0-9])", re.IGNORECASE
)
LEFT_OUT = "[left out here, as it holds mail addresses] "


def has_key(text: str) -> bool:
    """Whether a key or the like begins in a text."""
    return "-----BEGIN " in text


def masked(text: str, *, keys: bool = False) -> str:
    """The text with the domain of each address in it replaced by `…`; what packs addresses (keys) is left out.

    keys: such a thing began before this text, and may go on in it.
    """
    if keys or has_key(text):
        text = _unpacked(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    # Most texts have none of the signs, and to see that is thirty times faster than the search.
    if "@" in text or "%" in text or "&" in text or "＠" in text:
        text = _WITHIN_TEXT.sub("=…", _ADDRESS.sub(_hidden, text))
    return _unspelt(text, "…")


def _unspelt(text: str, instead: str) -> str:
    """The text without the hosts of addresses that are spelt: `marit at example.org`, `marit[at]example.org`."""

    def hidden(found: re.Match[str]) -> str:
        start = found.start()
        before = found.string[max(0, start - 300) : start].rpartition("\n")[2]
        who = _WHO.search(before)
        if who is None:
            return found[0]
        if found.re is _BRACKETED or _is_one(before[: who.start()], who[0], found.string, found.end()):
            return f"{found[1]}{instead}"
        return found[0]

    if "at]" in text or "at)" in text:
        text = _BRACKETED.sub(hidden, text)
    return _SPELT.sub(hidden, text) if " at " in text else text


def _is_one(before: str, who: str, text: str, end: int) -> bool:
    """Whether `who at host` is an address, by what stands around it; the host ends at `end`."""
    if _NAMED.search(before) or _TOLD.match(text, end):
        return True
    return not before.strip(" \t>|-*") and who.lower() not in _PROSE and _ALONE.match(text, end) is not None


def holds_address(octets: bytes) -> bool:
    """Whether an address stands in octets that are no text."""
    return _PLAIN.search(octets) is not None


def _unpacked(octets: bytes) -> bytes:
    """The octets without those runs of base64 in them that hide an address."""
    shapes = octets.translate(_SHAPES)
    pieces: list[bytes] = []
    done = 0
    while (start := shapes.find(_BEGINNING, done)) >= 0 and (found := _PACKED.match(octets, start)):
        pieces += [octets[done:start], _unless_plain(found)]
        done = found.end()
    return b"".join([*pieces, octets[done:]]) if pieces else octets


def _unless_plain(found: re.Match[bytes]) -> bytes:
    """A run of base64 that hides no address; else what says that it is left out."""
    packed = _NOT_PACKED.sub(b"", found[0])
    for start in range(4):  # what stands before it may look like base64 as well
        some = packed[start:]
        if holds_address(a2b_base64(some[: len(some) // 4 * 4])):
            return LEFT_OUT.encode() + b"\n"
    return found[0]


def _hidden(found: re.Match[str]) -> str:
    start = found.start()
    return f"{found[1]}…" if start and _LOCAL.match(found.string, start - 1) else found[0]


def masked_name(name: str) -> str:
    """A name; where it is an address as other archives write it, `marit at example.org`, without the domain."""
    return _SPELT.sub(r"\1…", masked(name))


def masked_octets(octets: bytes) -> bytes:
    """The same for bytes of a mail, in ASCII: `marit@...`."""
    octets = _WITHIN_OCTETS.sub(b"=...", _OCTETS.sub(_hidden_octets, _unpacked(octets)))
    return _unspelt(octets.decode("latin-1"), "...").encode("latin-1")


def _hidden_octets(found: re.Match[bytes]) -> bytes:
    start = found.start()
    return found[1] + b"..." if found.string[start - 1 : start] in _LOCAL_OCTETS else found[0]


def author(name: str, address: str, somebody: str = "Somebody") -> str:
    """How an author is called: their name, else `m…@`, else `somebody`."""
    if shown := masked_name(name).strip():
        return shown
    return f"{address[0]}…@" if address else somebody
