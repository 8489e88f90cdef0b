"""Posts as they were sent: the plain mail, its HTML in a cage, its files, and mbox files of many."""

import base64
import gzip
import zlib
from collections.abc import Iterable
from typing import Any

from markupsafe import escape
from sqlalchemy import Connection

from listserver.actions.notices import language_of
from listserver.core import mbox
from listserver.core.filing import is_file
from listserver.core.html_text import to_text
from listserver.core.masked_mail import masked_file, masked_mail
from listserver.core.masking import masked
from listserver.core.message import Part, Post, is_body, part_bytes, read
from listserver.core.mime import text_of_part
from listserver.core.packing import unpack
from listserver.store import reading
from listserver.store.lists import List
from listserver.store.reading import Found
from listserver.web.http import Response
from listserver.web.render import tells
from listserver.web.visit import Visit

CAGE = {  # nothing runs, nothing is fetched, whatever a browser makes of it (standards W4, W5)
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "x-robots-tag": "noindex",
    "cache-control": "max-age=3600",
}
MOST_HTML = 1_048_576  # characters; longer HTML is shown as text
MOST_PICTURE = 300_000  # octets of a picture within HTML
MOST_POSTS = 2_000  # in one mbox
MOST_OCTETS = 100_000_000  # in one mbox, before it is packed
PORTION = 300_000  # octets of mails that are read at once for the mbox of a whole list
RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TYPES = {*RASTER, "text/plain", "text/csv", "application/pdf", "application/zip", "application/gzip"}


def raw(visit: Visit, found: Found) -> Response | None:
    """The mail, addresses masked for who shall not see them."""
    octets = _sent(visit, found)
    if octets is None:
        return None
    octets = octets if visit.viewer.sees_addresses(found.list) else masked_mail(octets)
    return Response(200, octets, "text/plain; charset=utf-8", CAGE)


def file(visit: Visit, found: Found, place: str) -> Response | None:
    """One of its attachments, by its place in the list of them."""
    post = _read(visit, found)
    if post is None or not (place.isascii() and place.isdigit() and len(place) < 5):
        return None
    parts = [part for part in post.parts if is_file(part)]
    if not 1 <= int(place) <= len(parts):
        return None
    part = parts[int(place) - 1]
    kind = part.content_type if part.content_type in _TYPES else "application/octet-stream"
    shown = kind + ("; charset=utf-8" if kind.startswith("text/") else "")
    how = "inline" if kind in RASTER else "attachment"
    octets = part_bytes(post, part) if visit.viewer.sees_addresses(found.list) else masked_file(post, part)
    if octets is None:
        text = "It holds mail addresses, as keys and certificates do, and visitors get none."
        return tells(visit, "This file is not for everybody", text, found.list, 403)
    return Response(200, octets, shown, {**CAGE, "content-disposition": how})


def html(visit: Visit, found: Found) -> Response | None:
    """Its HTML as it was sent, cleaned, without anything from elsewhere; its text where it has none."""
    post = _read(visit, found)
    if post is None:
        return None
    parts = [part for part in post.parts if part.content_type == "text/html" and is_body(part)]
    text = "\n".join(text_of_part(post.raw, part) for part in parts)
    if not parts or len(text) > MOST_HTML:
        body = f'<pre style="white-space: pre-wrap">{escape(to_text(text) if parts else post.text)}</pre>'
    else:
        body = _clean(post, text)
    lang = escape(language_of(visit.site, found.list))
    head = (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{escape(post.subject)}</title></head>'
    )
    whole = masked(f"{head}<body>\n{body}\n</body></html>\n")
    return Response(200, whole.encode("utf-8", "replace"), headers={**CAGE})


_STYLES = {
    *("color", "background-color", "font-weight", "font-style", "font-size", "text-align", "text-decoration"),
    *("border", "border-collapse", "padding", "margin", "white-space", "vertical-align", "width"),
}


def _clean(post: Post, text: str) -> str:
    pictures = {part.content_id: part for part in post.parts if part.content_id and part.content_type in RASTER}

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return _picture(post, pictures.get(value.removeprefix("cid:"))) if value.startswith("cid:") else None
        if name in ("href", "cite"):
            return value if value.lower().startswith(("http://", "https://")) else None
        return None if name in ("src", "background") else value

    import nh3  # 1.4 MB: not for those whose readers never ask for it

    return nh3.clean(
        text,
        attributes={**nh3.ALLOWED_ATTRIBUTES, "*": {"style", "dir", "lang"}},
        attribute_filter=attribute,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "cid", "data"},
        link_rel="nofollow ugc noopener noreferrer",
    )


def _picture(post: Post, part: Part | None) -> str | None:
    if part is None or part.end - part.start > 2 * MOST_PICTURE:
        return None
    octets = part_bytes(post, part)
    return (
        f"data:{part.content_type};base64,{base64.b64encode(octets).decode()}" if len(octets) <= MOST_PICTURE else None
    )


def mailbox(rows: Iterable[Any], name: str) -> Response | None:
    """Posts as mbox.gz, addresses masked; None if there are none."""
    pieces: list[bytes] = []
    size = 0
    for row in rows:
        pieces.append(_entry(row))
        size += len(pieces[-1])
        if size > MOST_OCTETS:
            break
    if not pieces:
        return None
    return Response(200, gzip.compress(b"".join(pieces), 5, mtime=0), "application/gzip", _named(name))


def archive(lst: List) -> Response:
    """All posts of the list as mbox.gz, made while it is sent: a few megabytes are held, however long it is."""
    return Response(200, b"", "application/gzip", _named(lst.name), more=_Portions(lst.id))


class _Portions:
    """The parts of a list's mbox.gz, one a call."""

    def __init__(self, list_id: int) -> None:
        self._list_id, self._after = list_id, 0
        self._packer = zlib.compressobj(5, wbits=31)  # 31: with the header and trailer of gzip
        self._ended = False

    def __call__(self, conn: Connection) -> bytes:
        """The next octets, b"" at the end."""
        portion = b""
        while not portion and not self._ended:
            last = reading.portion(conn, self._list_id, self._after, PORTION)
            for row in reading.raw_between(conn, self._list_id, self._after, last):
                portion += self._packer.compress(_entry(row))
            self._ended = last == self._after
            self._after = last
            if self._ended:
                portion += self._packer.flush()
        return portion


def _entry(row: Any) -> bytes:
    octets = masked_mail(unpack(row.enc, row.bytes))
    return f"From MAILER-DAEMON {row.received_at:%a %b %e %H:%M:%S %Y}\n".encode() + mbox.quote(octets)


def _named(name: str) -> dict[str, str]:
    return {**CAGE, "content-disposition": f'attachment; filename="{name}.mbox.gz"'}


def _sent(visit: Visit, found: Found) -> bytes | None:
    packed = reading.packed(visit.conn, found.post.id)
    return None if packed is None else unpack(*packed)


def _read(visit: Visit, found: Found) -> Post | None:
    octets = _sent(visit, found)
    return None if octets is None else read(octets)
