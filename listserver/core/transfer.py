"""Making a mail's parts fit the way they travel: transfer encodings, line lengths, and the list's footer (O3, O4, O9).

Every function answers with splices on the mail's octets, so that what needs no change is not touched.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from html import escape

from listserver.core.charsets import codec_of
from listserver.core.downgrade import fit_header
from listserver.core.edits import LONGEST_LINE, Splice, crlf, joint, write_field
from listserver.core.headers import skip_mbox_lines, split_header
from listserver.core.message import Post
from listserver.core.mime import Part, body_parts, octets_of

_LONG = re.compile(rb"[^\n]{%d}" % (LONGEST_LINE + 1))


def has_long_line(octets: bytes) -> bool:
    """Whether a line is longer than 998 octets without its end."""
    return len(octets) > LONGEST_LINE and _LONG.search(octets) is not None


def fit(post: Post, eight_bit: bool) -> list[Splice] | None:
    """Re-encode the parts that cannot travel: over-long lines, and 8-bit octets unless the way takes them.

    None where that would change what is signed or encrypted (R14): such a copy cannot be sent this way (5.6.3).
    Over-long lines of signed parts stay, for breaking the signature would be worse.
    """
    raw = post.raw
    body = raw[post.body_start :]
    if (eight_bit or body.isascii()) and not has_long_line(body):
        return []
    splices: list[Splice] = []
    for part in post.parts:
        octets = raw[part.start : part.end]
        eight = not eight_bit and not octets.isascii()
        if part.signed and eight:
            return None
        if not part.signed and (eight or has_long_line(octets)):
            splices += _encoded(post, part, octets_of(raw, part), part.charset)
        if part.head and not part.signed:
            touched = {one.start for one in splices[-3:]}
            fields = [f for f in split_header(raw, part.head, part.start)[0] if f.start not in touched]
            splices += fit_header(raw, fields, ascii_only=not eight_bit)
    if not any(part.signed for part in post.parts):
        splices += _between(post, eight_bit)
    return splices


def _encoded(post: Post, part: Part, octets: bytes, charset: str) -> list[Splice]:
    """Splices that give a part this content, in an encoding that every way takes."""
    text = part.content_type.startswith("text/")
    high = len(octets) - len(octets.translate(None, _HIGH))
    encoding = "quoted-printable" if text and high * 4 < len(octets) and b"\0" not in octets else "base64"
    body = quoted_printable(octets) if encoding == "quoted-printable" else base64(octets)
    if not post.raw[part.start : part.end].endswith(b"\n"):
        body = body.removesuffix(b"\r\n")
    splices = [Splice(part.start, part.end, body)]
    if part.encoding != encoding:
        splices.append(_field(post, part, "Content-Transfer-Encoding", encoding))
        if part.head == 0 and "mime-version" not in post.by_name:
            splices.append(_field(post, part, "MIME-Version", "1.0"))
    if charset != part.charset:
        flowed = ["format=flowed;"] * part.flowed + ["delsp=yes;"] * part.delsp
        value = " ".join([f"{part.content_type};", *flowed, f"charset={charset}"])
        splices.append(_field(post, part, "Content-Type", value))
    return splices


_HIGH = bytes(range(128, 256))


def quoted_printable(octets: bytes) -> bytes:
    """Text octets in quoted-printable, lines ended by CRLF."""
    return crlf(b2a_qp(crlf(octets), istext=True))


def base64(octets: bytes) -> bytes:
    """Octets in base64, lines of 76 ended by CRLF."""
    return encodebytes(octets).replace(b"\n", b"\r\n")


def _field(post: Post, part: Part, name: str, value: str) -> Splice:
    """Set a field in the part's header."""
    start = part.head or skip_mbox_lines(post.raw)
    fields, _, _ = split_header(post.raw, start, part.start)
    new = write_field(name, value)
    for field in fields:
        if field.name.lower() == name.lower():
            return Splice(field.start, field.end, new)
    end = fields[-1].end if fields else start
    return Splice(end, end, joint(post.raw, end) + new)


def _between(post: Post, eight_bit: bool) -> list[Splice]:
    """Lines that cannot travel in what nobody reads, before, between and behind the parts, are taken out."""
    splices = []
    position = post.body_start
    gaps = []
    for part in post.parts:
        if part.head > position:
            gaps.append((position, part.head))
        position = max(position, part.end)
    for start, end in [*gaps, (position, len(post.raw))]:
        for line in _LINE.finditer(post.raw, start, end):
            if len(line[0]) > LONGEST_LINE + 2 or not (eight_bit or line[0].isascii()):
                splices.append(Splice(line.start(), line.end()))
    return splices


_LINE = re.compile(rb"[^\n]*+\n|[^\n]++\Z")


# --- footer -----------------------------------------------------------------------------------------------------

_RULE = "_" * 47
# Charsets in which ASCII text may not simply be put behind other text.
_NOT_ASCII = ("utf_7", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "hz", "cp037")
_STUFFED = (" ", ">", "From ")
_BODY_END = re.compile(rb"</body\s*>", re.IGNORECASE)


def footer(post: Post, text: str) -> list[Splice]:
    """Put the list's footer under the first text, in its plain and its HTML form, in their charsets and encodings.

    Nothing is done to a mail that has a signed or encrypted part, or no text that can be read.
    """
    if not text.strip() or any(part.signed for part in post.parts):
        return []
    lines = text.strip().splitlines()
    splices: list[Splice] = []
    for part in _footed(post):
        if part.content_type == "text/html":
            addition = "<hr><div>" + "<br>\r\n".join([escape(line) for line in lines]) + "</div>\r\n"
        else:  # 3676 §4.4: in a flowed part such lines are stuffed with a space
            stuffed = [" " + line if part.flowed and line.startswith(_STUFFED) else line.rstrip() for line in lines]
            addition = "\r\n".join(["", _RULE, *stuffed, ""])
        splices += _added(post, part, addition)
    return splices


def _footed(post: Post) -> list[Part]:
    """The first text to read, and its HTML twin if it has one."""
    first = body_parts(post.parts)[:1]
    if not first or first[0].alternative is None or first[0].content_type == "text/html":
        return first
    twins = [p for p in post.parts if p.alternative == first[0].alternative and p.content_type == "text/html"]
    return first + twins[:1]


def _added(post: Post, part: Part, addition: str) -> list[Splice]:
    old = octets_of(post.raw, part)
    codec = codec_of(part.charset) or "ascii"
    if codec == "utf_8" or (addition.isascii() and codec not in _NOT_ASCII):
        return [_refilled(post, part, old, _inserted(part, old, addition.encode("utf-8")))]
    try:
        text = old.decode(codec)
    except UnicodeDecodeError:
        return []  # its charset is not what it says: better no footer than a broken text
    new = _inserted(part, text.encode("utf-8", "replace"), addition.encode("utf-8"))
    return _encoded(post, part, new, "utf-8")


def _inserted(part: Part, octets: bytes, addition: bytes) -> bytes:
    ends = list(_BODY_END.finditer(octets)) if part.content_type == "text/html" else []
    if ends:
        return octets[: ends[-1].start()] + addition + octets[ends[-1].start() :]
    return octets + (b"" if not octets or octets.endswith(b"\n") else b"\r\n") + addition


def _refilled(post: Post, part: Part, old: bytes, new: bytes) -> Splice:
    """The part with other content in the encoding that it has; encoded lines that can stay do."""
    body = post.raw[part.start : part.end]
    if part.encoding == "base64":
        new = base64(new)
    elif part.encoding == "quoted-printable":
        stays = new.startswith(old) and not body.rstrip().endswith(b"=")
        new = body + quoted_printable(new[len(old) :]) if stays else quoted_printable(new)
    if part.end < len(post.raw) and not body.endswith(b"\n"):
        new = new.removesuffix(b"\r\n")
    return Splice(part.start, part.end, new)
