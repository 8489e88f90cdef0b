"""Posts as they were sent: the plain mail, its HTML in a cage, its files, and mbox files of many."""

import base64
import gzip
from collections.abc import Iterable
from typing import Any

from markupsafe import escape

from listserver.core import mbox
from listserver.core.filing import is_file
from listserver.core.html_text import to_text
from listserver.core.masked_mail import masked_file, masked_mail
from listserver.core.masking import masked
from listserver.core.message import Part, Post, is_body, part_bytes, read
from listserver.core.mime import text_of_part
from listserver.core.packing import unpack
from listserver.store import reading
from listserver.store.reading import Found
from listserver.web.http import Response
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
RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TYPES = {*RASTER, "text/plain", "text/csv", "application/pdf", "application/zip", "application/gzip"}


def raw(visit: Visit, found: Found) -> Response | None:
    """The mail, addresses masked for who shall not see them."""
    post = _read(visit, found)
    if post is None:
        return None
    octets = post.raw if visit.viewer.sees_addresses(found.list) else masked_mail(post)
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
    return Response(200, masked_file(post, part), shown, {**CAGE, "content-disposition": how})


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
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(post.subject)}</title></head>'
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
        octets = masked_mail(read(unpack(row.enc, row.bytes)))
        pieces.append(f"From MAILER-DAEMON {row.received_at:%a %b %e %H:%M:%S %Y}\n".encode() + mbox.quote(octets))
        size += len(pieces[-1])
        if size > MOST_OCTETS:
            break
    if not pieces:
        return None
    body = gzip.compress(b"".join(pieces), 5, mtime=0)
    headers = {**CAGE, "content-disposition": f'attachment; filename="{name}.mbox.gz"'}
    return Response(200, body, "application/gzip", headers)


def _read(visit: Visit, found: Found) -> Post | None:
    packed = reading.packed(visit.conn, found.post.id)
    return None if packed is None else read(unpack(*packed))
