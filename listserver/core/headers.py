"""The header of a mail or of a part: its fields, and what their values mean (RFC 5322, 2047, 2231, 6532)."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import NamedTuple

from listserver.core.charsets import codec_of, decode, decode_undeclared

MAX_FIELDS = 10_000  # the doors refuse far less (S6); this bounds what an import can make us hold
MAX_ID = 998  # octets of a Message-ID (R6)


class Field(NamedTuple):
    """One header field as it stands in the mail's octets start:end, folds and line end included.

    name: as written. value: octets after the colon, unfolded, stripped.
    """

    name: str
    value: bytes
    start: int
    end: int


# A name without space or colon, then all lines up to one that does not begin with a space (5322 §2.2, §3.6.8).
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?+")
_MBOX_LINE = re.compile(rb">?From [^\n]*+\n")
_BLANK = re.compile(rb"\r*+\n")


_field = partial(tuple.__new__, Field)  # as Field(*values), in less time: mails have many


def split_header(raw: bytes, start: int, end: int, only: bytes = b"") -> tuple[list[Field], int, bool]:
    """The fields from start, where the body begins, and whether an empty line (or the end) stands between them.

    The first line that is no field ends the header, as MTAs see it. At most MAX_FIELDS fields are taken.
    only: of the fields those whose names begin so (lower case).
    """
    fields: list[Field] = []
    match_field = _FIELD.match
    position = start
    room = MAX_FIELDS
    while position < end and room:
        found = match_field(raw, position, end)
        if found is None:
            break
        room -= 1
        name, value = found.groups()
        if only and not name.lower().startswith(only):
            position = found.end()
            continue
        value = unfold(value) if b"\n" in value else value.strip(b" \t\r")
        start, position = position, found.end()
        fields.append(_field((name.decode("ascii"), value, start, position)))
    blank = _BLANK.match(raw, position, end)
    return (fields, blank.end(), True) if blank else (fields, position, position >= end)


def skip_mbox_lines(raw: bytes) -> int:
    """Where the header begins: behind the `From ` lines that mbox tools leave in front of it."""
    position = 0
    while found := _MBOX_LINE.match(raw, position):
        position = found.end()
    return position


def unfold(value: bytes) -> bytes:
    """A folded value on one line: each fold becomes one space (5322 §2.2.3)."""
    return b" ".join([line.strip(b" \t\r") for line in value.split(b"\n")]).strip(b" ")


# --- text -------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"=\?([^?\s*]{1,60}+)(?:\*[^?\s]{0,60}+)?\?([bBqQ])\?([^?]*+)\?=")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def text_of(value: bytes) -> str:
    """A field's value as text: encoded-words decoded, controls made spaces after that (R11)."""
    text = value.decode("ascii") if value.isascii() else decode_undeclared(value)
    return clean(decode_words(text)) if "=?" in text else clean(text)


def clean(text: str) -> str:
    """Text without control characters and line ends (CR and LF hidden in encoded-words included)."""
    return _CONTROLS.sub(" ", text).strip()


def decode_words(text: str) -> str:
    """Encoded-words made text (2047 §6.2); what is broken stays as it is."""
    pieces: list[str] = []
    codec = ""
    pending: list[bytes] = []  # neighbours of one charset are joined first: people split within a character
    position = 0
    for word in _WORD.finditer(text):
        charset, encoding, data = word.groups()
        gap = text[position : word.start()]
        if gap.strip() or position == 0 or charset.lower() != codec:
            pieces.append(decode(b"".join(pending), codec))
            pending = []
            if gap.strip() or position == 0:
                pieces.append(gap)
            codec = charset.lower()
        pending.append(_word_octets(encoding, data, codec))
        position = word.end()
    pieces.append(decode(b"".join(pending), codec))
    pieces.append(text[position:])
    return "".join(pieces)


def _word_octets(encoding: str, data: str, charset: str) -> bytes:
    # Raw 8-bit characters do not belong into an encoded-word, but some put them there, in its charset.
    octets = data.encode("ascii") if data.isascii() else data.encode(codec_of(charset) or "utf-8", "replace")
    return base64_octets(octets) if encoding in "bB" else a2b_qp(octets, header=True)


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def base64_octets(data: bytes) -> bytes:
    """What base64 stands for, however broken: other characters are skipped, each padded piece decoded on its own."""
    data = data.translate(None, _NOT_BASE64)
    try:
        if b"=" not in data[:-2]:
            return a2b_base64(data)
    except Base64Error:
        pass
    pieces = []
    for piece in data.split(b"="):
        whole = piece[:-1] if len(piece) % 4 == 1 else piece
        pieces.append(a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(pieces)


# --- parameters (2045 §5.1, 2231) -------------------------------------------------------------------------------

_COMMENT = re.compile(r"\([^()]*+\)")
_PARAMETER = re.compile(r";\s*+([^\s=;\"()<>@,]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)(?:\"|\\?\Z)|([^;]*+))", re.DOTALL)
_MAX_PARAMETERS = 200
_UNQUOTE = re.compile(r"\\(.)", re.DOTALL)


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` -> the first word in lower case, and the parameters (names in lower case, decoded)."""
    text = value.decode("ascii") if value.isascii() else decode_undeclared(value)
    semicolon = text.find(";")
    if semicolon < 0:
        return _word(text), {}
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(text, semicolon)):
        if count == _MAX_PARAMETERS:
            break
        name, quoted, bare = found.groups()
        content = _UNQUOTE.sub(r"\1", quoted) if quoted is not None else _bare(bare.strip())
        name = name.lower()
        if "*" not in name:
            plain.setdefault(name, clean(decode_words(content)) if "=?" in content else clean(content))
            continue
        base, _, section = name.partition("*")
        encoded = section.endswith("*") or section == ""
        number = section.rstrip("*") or "0"
        if base and number.isascii() and number.isdigit() and len(number) < 5:
            pieces.setdefault(base, {}).setdefault(int(number), (encoded, content))
    for base, sections in pieces.items():
        plain[base] = _joined(sections)
    return _word(text[:semicolon]), plain


def _bare(content: str) -> str:
    """A value without the comment some put behind it: us-ascii (Plain text)."""
    return content[: content.rfind("(")].rstrip() if content.endswith(")") and " (" in content else content


def _word(text: str) -> str:
    text = _COMMENT.sub("", text) if "(" in text else text
    return "".join(text.lower().split())


def _joined(sections: dict[int, tuple[bool, str]]) -> str:
    """Continuations in order (2231 §3), the charset of the first one for all (§4.1)."""
    charset = ""
    octets = []
    for number in sorted(sections):
        encoded, content = sections[number]
        if encoded and number == min(sections) and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        octets.append(_percent(content) if encoded else content.encode("utf-8"))
    whole = b"".join(octets)
    return clean(decode(whole, charset if codec_of(charset) else "utf-8"))


_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def _percent(content: str) -> bytes:
    return _PERCENT.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), content.encode("utf-8"))


# --- ids --------------------------------------------------------------------------------------------------------

_ID = re.compile(r"<([^<>]{1,998}+)>")


def ids(value: bytes) -> list[str]:
    """All `<id>` of a References or In-Reply-To field in order, without <>; folds and spaces within are taken out."""
    found = []
    for inside in _ID.findall(text_of_id(value)):
        name = "".join(inside.split())
        if name and (name == inside or "@" in name):  # "<Anna Smith> wrote" is no id
            found.append(name)
    return found


def message_id(value: bytes) -> str:
    """The id of a Message-ID field without <>, also where the <> are missing; "" if it cannot be used (R6)."""
    found = ids(value)
    if found:
        return found[0]
    bare = text_of_id(value).strip("<> ")
    return bare if bare and len(bare) <= MAX_ID and not any(c in bare for c in " \t<>,;") else ""


def text_of_id(value: bytes) -> str:
    """An id field's text: never encoded-words."""
    return clean(value.decode("ascii") if value.isascii() else decode_undeclared(value))


# --- date -------------------------------------------------------------------------------------------------------

_NAMES_OF_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {m: n for n, m in enumerate(_NAMES_OF_MONTHS.split(), 1)}
_ZONES = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420}
_ZONES |= {"mdt": -360, "pst": -480, "pdt": -420, "bst": 60, "cet": 60, "cest": 120, "met": 60, "jst": 540}
_DATE = re.compile(
    r"(\d{1,2})[ -]+([A-Za-z]{3})[a-z]*+\.?[ -]+(\d{2,4})[ ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?"
    r"[ ]*+(?:([+-]\d{4})|([A-Za-z]{1,5}))?"
)
_ASCTIME = re.compile(
    r"([A-Za-z]{3})[a-z]* +(\d{1,2}),? +()(\d{1,2}):(\d{2})(?::(\d{2}))? +(?:([+-]\d{4}) +|([A-Za-z]{1,5}) +)?(\d{4})"
)


def date_of(value: bytes) -> datetime | None:
    """The moment of a Date field (5322 §3.3, §4.3; asctime's form too), None if there is none or it is absurd."""
    text = value[:200].decode("ascii", "replace")
    while "(" in text and (less := _COMMENT.sub(" ", text)) != text:
        text = less
    text = " ".join(text.split()).replace(" :", ":").replace(": ", ":")
    if found := _DATE.search(text):
        day, month, year, hour, minute, second, offset, zone = found.groups()
    elif found := _ASCTIME.search(text):
        month, day, _, hour, minute, second, offset, zone, year = found.groups()
    else:
        return None
    full = int(year) + (0 if len(year) == 4 else 1900 if len(year) == 3 or int(year) >= 50 else 2000)
    if not 1970 <= full <= 2100:
        return None
    minutes = int(offset[:3]) * 60 + int(offset[0] + offset[3:]) if offset else _ZONES.get((zone or "").lower(), 0)
    try:
        return datetime(
            full,
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            min(int(second or 0), 59),  # a leap second
            tzinfo=timezone(timedelta(minutes=minutes)),
        )
    except (KeyError, ValueError):
        return None
