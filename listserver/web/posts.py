"""Posts as pages show them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup

from listserver.core import content
from listserver.core.content import Content
from listserver.core.masking import author, masked, masked_name
from listserver.core.outline import Entry
from listserver.core.slug import slug
from listserver.store.lists import List
from listserver.store.reading import Found, Line
from listserver.web import dates
from listserver.web.body import body, cut
from listserver.web.rows import SOMEBODY, title
from listserver.web.visit import Visit
from listserver.web.words import Words, reading

PICTURES = ("image/png", "image/jpeg", "image/webp")  # that do not move (WCAG 2.2.2)
LEAST_PICTURE, MOST_PICTURE = 20_000, 4_000_000  # octets: smaller ones are logos in signatures
DEPTH = 3  # levels that are drawn; deeper ones share the last


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as it is listed. picture: it is shown as well."""

    url: str
    name: str
    about: str
    picture: bool


@dataclass(frozen=True, slots=True)
class View:
    """A post on a page. gone: it was removed, and only its place is left. lines: of the whole post if it was cut.

    address: its author's, "" for a reader who shall not see it.
    """

    identifier: str
    author: str
    address: str
    author_url: str
    url: str
    at: datetime
    date: str
    brief: str
    depth: int
    to: str
    to_url: str
    body: Markup
    files: tuple[File, ...]
    reply: str
    lines: int
    best: bool
    gone: bool


def post_url(visit: Visit, lst: List, identifier: str) -> str:
    """The path of a post's page."""
    return f"{visit.root}/{lst.name}/p/{identifier}/"


def anchor(visit: Visit, lst: List, line: Line, here: Sequence[Entry[Line]]) -> str:
    """Where a post is read: on this page, where it stands there, else on its own."""
    if any(entry.post.id == line.id for entry in here):
        return f"#p-{line.identifier}"
    return post_url(visit, lst, line.identifier)


def author_url(visit: Visit, lst: List, line: Line) -> str:
    """The path of its author's page: any post of theirs names them. "" where a static copy has none."""
    if visit.copy is None:
        end = author_name(line.author_name, line.identifier)
    else:
        end = visit.copy.authors.get(line.author_address, "")
    return f"{visit.root}/{lst.name}/people/{end}/" if end else ""


def author_name(name: str, identifier: str) -> str:
    """The end of the path of an author's page."""
    readable = slug(masked_name(name))
    return f"{readable}-{identifier}" if readable else identifier


def reply_url(visit: Visit, lst: List, identifier: str, subject: str) -> str:
    """A mailto link whose mail threads by its address."""
    name = title(visit, lst, subject)
    re = name if name.lower().startswith("re:") else f"Re: {name}"
    return f"mailto:{visit.site.address(f'{lst.name}+re.{identifier}')}?subject={quote(re)}"


def views(
    visit: Visit,
    found: Found,
    entries: list[Entry[Line]],
    contents: Mapping[int, Content],
    *,
    whole: bool = False,
) -> list[View]:
    """The posts in these places. contents: theirs. whole: long ones are not cut."""
    shown: list[View] = []
    year = 0
    for entry in entries:
        view = _view(visit, found, entry, contents.get(entry.post.id), whole, year)
        parent = entry.parent
        shown.append(replace(view, to_url=anchor(visit, found.list, parent, entries)) if parent and view.to else view)
        year = entry.post.sent_at.year
    return shown


def _view(visit: Visit, found: Found, entry: Entry[Line], held: Content | None, whole: bool, year: int) -> View:
    lst, thread, line, parent = found.list, found.thread, entry.post, entry.parent
    words = reading(visit, lst)
    somebody = words.say(SOMEBODY)
    gone = line.state != "shown" or held is None
    own = Content([], []) if gone or held is None else held
    blocks, lines = (own.blocks, 0) if whole else cut(own.blocks)
    named = parent is not None and parent.state == "shown"
    return View(
        identifier=line.identifier,
        author="" if gone else author(line.author_name, line.author_address, somebody),
        address="" if gone or not visit.viewer.sees_addresses(lst) else line.author_address,
        author_url="" if gone else author_url(visit, lst, line),
        url=post_url(visit, lst, line.identifier),
        at=line.sent_at,
        date=words.dates.full(line.sent_at, year=line.sent_at.year != year, zone=not year),
        brief=f"{words.dates.day(line.sent_at, year=False)} {dates.clock(line.sent_at)}",
        depth=min(entry.depth, DEPTH),
        to=author(parent.author_name, parent.author_address, somebody) if parent is not None and named else "",
        to_url="",
        body=body(blocks, visit.mask(lst), words),
        files=tuple(file(visit, lst, line, place, each) for place, each in enumerate(own.files, 1)),
        reply=reply_url(visit, lst, line.identifier, line.subject or thread.subject),
        lines=lines,
        best=line.id == thread.answered_id,
        gone=gone,
    )


# Endings that a web server, left to itself, sends as what no browser runs.
_HARMLESS = (".txt", ".csv", ".pdf", ".zip", ".gz", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".patch", ".diff")


def _harmless(name: str) -> str:
    """The name of a file in a static copy, where its ending decides what browsers make of it."""
    plain = re.sub(r"[^\w. -]", "_", name)[-50:]
    return plain if plain.lower().endswith(_HARMLESS) else f"{plain}.bin"


_NAMES = {
    "text/csv": "CSV",
    "text/plain": "text",
    "text/html": "HTML",
    "application/pdf": "PDF",
    "message/rfc822": "mail",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "application/zip": "ZIP",
    "application/pgp-signature": "PGP signature",
    "application/pkcs7-signature": "S/MIME signature",
}


def file(visit: Visit, lst: List, line: Line, place: int, one: content.File) -> File:
    """An attachment, the place-th of its post."""
    words = reading(visit, lst)
    name = masked(one.name) or words.say("file {number}", number=place)
    kind = one.content_type.partition("/")[2].removeprefix("x-")[:20] or "file"
    kind = words.say(_NAMES[one.content_type]) if one.content_type in _NAMES else kind
    end = name.replace("/", "_") if visit.copy is None else _harmless(name)
    url = f"{post_url(visit, lst, line.identifier)}files/{place}/{quote(end, safe='')}"
    picture = one.content_type in PICTURES and LEAST_PICTURE <= one.size <= MOST_PICTURE
    return File(url, name, f"{kind}, {_size(one.size, words)}", picture)


def _size(octets: int, words: Words) -> str:
    if octets < 1_000:
        return words.plural(octets, "byte", "bytes")
    if octets < 1_000_000:
        return f"{octets / 1_000:.0f} kB"
    size = f"{octets / 1_000_000:.1f} MB"
    return size if words.language == "en" else size.replace(".", ",")
