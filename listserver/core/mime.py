"""The MIME tree of a mail: where its leaves lie, and what they hold (RFC 2045, 2046, 3676, 1847; standards R8-R14)."""

import re
from binascii import a2b_qp
from collections.abc import Sequence
from typing import NamedTuple

from listserver.core.charsets import decode
from listserver.core.headers import (
    Field,
    base64_octets,
    clean,
    decode_words,
    parameters,
    skip_mbox_lines,
    split_header,
)

MAX_DEPTH = 50
MAX_PARTS = 1_000
MAX_DELIMITERS = 10_000  # lines that only begin like a delimiter: they cost time too
MAX_BOUNDARY = 70  # 2046 §5.1.1


class Part(NamedTuple):
    """A leaf of the MIME tree. start, end: where its encoded body lies in the mail; its header lies at head:start.

    path: like "1.2" (IMAP's numbering). content_type: "text/plain", lower case. charset: as declared, "" if none.
    encoding: lower case, "" if none. disposition: lower case, "" if none.
    filename: decoded, cleaned of path separators and controls. signed: lies within multipart/signed or encrypted (R14).
    alternative: path of the innermost multipart/alternative around it ("" is the mail itself), None if there is none.
    """

    path: str
    content_type: str
    charset: str
    encoding: str
    disposition: str
    filename: str
    content_id: str
    head: int
    start: int
    end: int
    flowed: bool
    delsp: bool
    signed: bool
    alternative: str | None


class Tree(NamedTuple):
    """The leaves in order, and findings: codes of what was odd."""

    parts: tuple[Part, ...]
    findings: tuple[str, ...]


class _Entity(NamedTuple):
    """A part yet to be opened, and what it inherits."""

    path: str
    fields: Sequence[Field]
    head: int
    start: int
    end: int
    depth: int
    default: str
    signed: bool
    alternative: str | None


_CONTENT = ("content-type", "content-transfer-encoding", "content-disposition", "content-id")
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")


def tree(raw: bytes, fields: Sequence[Field], start: int) -> Tree:
    """The leaves of the mail with this header whose body begins at start. Never raises, linear, no recursion."""
    leaves: list[Part] = []
    findings: list[str] = []
    waiting = [_Entity("", fields, 0, start, len(raw), 0, "text/plain", False, None)]
    parts = delimiters = 0
    while waiting:
        entity = waiting.pop()
        content = _content(entity.fields)
        kind, params = parameters(content["content-type"]) if "content-type" in content else (entity.default, {})
        if not kind.startswith("multipart/"):
            leaves.append(_leaf(entity, kind, params, content))
            continue
        room = (0 if entity.depth == MAX_DEPTH else MAX_PARTS - parts, MAX_DELIMITERS - delimiters)
        children, seen, finding = _split(raw, entity, params.get("boundary", ""), room)
        delimiters += seen
        parts += len(children)
        if finding:
            findings.append(finding)
        if not children:  # R8: what cannot be taken apart is one opaque part
            leaves.append(_leaf(entity, "application/octet-stream" if finding else kind, {}, content))
            continue
        waiting.extend(reversed(_opened(raw, entity, kind, children)))
    return Tree(tuple(leaves), tuple(dict.fromkeys(findings)))


def parts_of(raw: bytes) -> tuple[Part, ...]:
    """The leaves of a mail of which nothing else is read."""
    fields, start, _ = split_header(raw, skip_mbox_lines(raw), len(raw), b"content-")
    return tree(raw, fields, start).parts


def _content(fields: Sequence[Field]) -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    for field in fields:
        if field.name[:8].lower() == "content-":
            name = field.name.lower()
            if name in _CONTENT:
                content.setdefault(name, field.value)
    return content


def _leaf(entity: _Entity, kind: str, params: dict[str, str], content: dict[str, bytes]) -> Part:
    disposition, more = parameters(content["content-disposition"]) if "content-disposition" in content else ("", {})
    encoding = content.get("content-transfer-encoding", b"")
    return Part(
        path=entity.path or "1",
        content_type=kind if kind.count("/") == 1 and not kind.startswith("/") else "text/plain",
        charset=params.get("charset", ""),
        encoding=parameters(encoding)[0] if encoding else "",
        disposition=disposition,
        filename=_filename(more.get("filename") or params.get("name") or "") if more or params else "",
        content_id=clean(content.get("content-id", b"").decode("utf-8", "replace")).strip("<>"),
        head=entity.head,
        start=entity.start,
        end=entity.end,
        flowed=params.get("format", "").lower() == "flowed",
        delsp=params.get("delsp", "").lower() == "yes",
        signed=entity.signed or kind in _SEALED,
        alternative=entity.alternative,
    )


_UNSAFE = re.compile(r"[/\\:\x00-\x1f\x7f]+")
_MAX_FILENAME = 200


def _filename(name: str) -> str:
    """The last piece of a path, without what a file system or a terminal could trip over."""
    name = decode_words(name) if "=?" in name else name
    name = _UNSAFE.sub("/", clean(name)).rstrip("/").rpartition("/")[2].strip(" .")
    return name if len(name) <= _MAX_FILENAME else name[: _MAX_FILENAME - 20] + name[-20:]


def _split(raw: bytes, entity: _Entity, boundary: str, room: tuple[int, int]) -> tuple[list[tuple[int, int]], int, str]:
    """Where the parts of a multipart lie, how many delimiter-like lines were seen, and a finding.

    room: how many parts and delimiter-like lines may still come; where they do not suffice, nothing is taken apart.
    """
    most_parts, most_lines = room
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        return [], 0, "bad-boundary"
    if most_parts <= 0:
        return [], 0, "too-many-parts"
    delimiter = b"--" + boundary.encode("utf-8")
    found: list[tuple[int, int]] = []
    seen = 0
    opened = -1  # where the part that is open began
    position = entity.start if raw.startswith(delimiter, entity.start) else _line(raw, delimiter, entity)
    while position >= 0:
        seen += 1
        if seen > most_lines or len(found) >= most_parts:
            return [], seen, "too-many-parts"
        line_end = raw.find(b"\n", position, entity.end) + 1 or entity.end
        rest = raw[position + len(delimiter) : min(line_end, position + len(delimiter) + 200)]
        closing = rest.startswith(b"--")
        if closing or not rest.strip():
            if opened >= 0:
                found.append((opened, max(opened, _before_line_end(raw, position))))
            opened = -1 if closing else line_end
            if closing:
                return found, seen, ""
        position = raw.find(b"\n" + delimiter, line_end - 1, entity.end) + 1 or -1
    if opened >= 0:  # the closing delimiter is missing: the last part ends with its container
        found.append((opened, entity.end))
    return found, seen, "" if found else "bad-boundary"


def _line(raw: bytes, delimiter: bytes, entity: _Entity) -> int:
    return raw.find(b"\n" + delimiter, entity.start, entity.end) + 1 or -1


def _before_line_end(raw: bytes, position: int) -> int:
    """The line end before a delimiter belongs to the delimiter (2046 §5.1.1)."""
    return position - 2 if raw[position - 2 : position] == b"\r\n" else position - 1


def _opened(raw: bytes, entity: _Entity, kind: str, children: list[tuple[int, int]]) -> list[_Entity]:
    prefix = entity.path + "." if entity.path else ""
    entities = []
    for number, (head, end) in enumerate(children, 1):
        fields, start, _ = split_header(raw, head, end)
        entities.append(
            _Entity(
                f"{prefix}{number}",
                fields,
                head,
                start,
                end,
                entity.depth + 1,
                "message/rfc822" if kind == "multipart/digest" else "text/plain",
                entity.signed or kind in ("multipart/signed", "multipart/encrypted"),
                entity.path if kind == "multipart/alternative" else entity.alternative,
            )
        )
    return entities


# --- what a part holds --------------------------------------------------------------------------------------------


def octets_of(raw: bytes, part: Part) -> bytes:
    """A part's octets with its transfer encoding undone, never more than raw is long (R10)."""
    body = raw[part.start : part.end]
    if part.encoding == "base64":
        return base64_octets(body)
    if part.encoding == "quoted-printable":
        return a2b_qp(body)
    return body


def text_of_part(raw: bytes, part: Part) -> str:
    """A text part as text: charset and transfer encoding undone, line ends \\n, format=flowed unwrapped, no NUL."""
    text = decode(octets_of(raw, part), part.charset)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return unflow(text, part.delsp) if part.flowed else text


def unflow(text: str, delsp: bool) -> str:
    """Undo format=flowed (3676 §4): lines that end in a space go on in the next one of the same quote depth."""
    lines: list[str] = []
    open_depth = -1  # quote depth of a paragraph that goes on, -1 if none does
    pieces: list[str] = []
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffed
        if open_depth >= 0 and (depth != open_depth or content == "-- "):
            lines.append(_quoted(open_depth, pieces))
            open_depth, pieces = -1, []
        flows = content.endswith(" ") and content != "-- "
        pieces.append(content[:-1] if flows and delsp else content)
        if flows:
            open_depth = depth
        else:
            lines.append(_quoted(depth, pieces))
            open_depth, pieces = -1, []
    if open_depth >= 0:
        lines.append(_quoted(open_depth, pieces))
    return "\n".join(lines)


def _quoted(depth: int, pieces: list[str]) -> str:
    content = "".join(pieces)
    return ">" * depth + " " + content if depth and content else ">" * depth + content


def is_body(part: Part) -> bool:
    """Whether a leaf is text that a person wrote into the mail, not a file that hangs on it."""
    return part.content_type in ("text/plain", "text/html") and part.disposition != "attachment" and not part.filename


def body_parts(parts: Sequence[Part]) -> list[Part]:
    """The text leaves to read; of a multipart/alternative the plain one (all, if it has none)."""
    bodies = [part for part in parts if is_body(part)]
    if not bodies:
        bodies = [p for p in parts if p.content_type.startswith("text/") and p.disposition != "attachment"][:1]
    plain = {p.alternative for p in bodies if p.content_type == "text/plain" and p.alternative is not None}
    return [p for p in bodies if p.content_type == "text/plain" or p.alternative not in plain]
