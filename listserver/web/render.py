"""Templates of the archive, the one stylesheet, and the headers of every page."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from listserver import __version__, resources
from listserver.actions import notices
from listserver.actions.notices import language_of
from listserver.core.masking import masked
from listserver.core.site import Site
from listserver.errors import Refused
from listserver.store.lists import List
from listserver.web import dates
from listserver.web.body import isolated
from listserver.web.http import Response
from listserver.web.visit import VISITOR, Visit
from listserver.web.words import Words, acting, reading

PUBLIC = "max-age=60, stale-while-revalidate=600"
PRIVATE = {"cache-control": "private, no-store", "x-robots-tag": "noindex"}
FOREVER = {"cache-control": "public, max-age=31536000, immutable"}

Made = TypeVar("Made", bound=Response | None)


@dataclass(frozen=True, slots=True)
class Version:
    """What a page's ETag is made of: the counters behind it, and when its newest post came."""

    counters: tuple[object, ...]
    at: datetime | None = None


def of_list(lst: List, *more: object) -> Version:
    """The version of what changes with a list."""
    return Version((lst.id, lst.changed, *more), lst.last_post_at)


@lru_cache(maxsize=1)
def stylesheet() -> tuple[str, bytes]:
    """The name of the stylesheet, which changes with its content, and the content."""
    css = (resources.folder("archive") / "static" / "archive.css").read_bytes()
    return f"archive-{hashlib.sha256(css).hexdigest()[:12]}.css", css


def own(visit: Visit, template: str, lst: List | None = None, status: int = 200, **values: Any) -> Response:
    """A page that is for one reader, or on which something is done: kept by nobody."""
    text = render(visit, template, lst, words=acting(visit, lst), noindex=True, **values)
    return Response(status, octets(text), headers=PRIVATE)


def refusal(visit: Visit, lst: List | None, wrong: Refused) -> Markup:
    """Why something was not done, in the words of our mails; in English, and said to be, where they have none."""
    words = acting(visit, lst)
    text = notices.reason(visit.site, wrong, words.language)
    return escape(text) if text else words.english(wrong.public)


def said(visit: Visit, title: str, text: str, lst: List | None = None, status: int = 200, **values: Any) -> Response:
    """A page that says what was done, or why not. title, text: in English, and where values go in braces."""
    say = acting(visit, lst).say
    return own(visit, "done", lst, status, title=say(title, **values), text=say(text, **values))


def page(visit: Visit, template: str, lst: List | None = None, status: int = 200, **values: Any) -> Response:
    """A page of that template; of a list, or of the site. Caching follows from who may read it."""
    text = render(visit, template, lst, **values)
    headers = PRIVATE if status != 200 else {"cache-control": PUBLIC, "vary": "cookie"}
    return kept(visit, lst, Response(status, octets(text), headers=headers))


def kept(visit: Visit, lst: List | None, response: Response) -> Response:
    """What is not for everybody is kept by nobody (standards W9), whichever page it is."""
    if visit.viewer.person_id is None and (lst is None or lst.settings.archive == "public"):
        return response
    others = {name: value for name, value in response.headers.items() if name not in ("etag", "last-modified", "vary")}
    return replace(response, headers={**others, **PRIVATE})


_CONTROLS = bytes(each for each in (*range(32), 127) if each not in b"\t\n\r")
_HIGH_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")


def octets(text: str) -> bytes:
    """A page as it is sent, without what mails hold and HTML may not (WHATWG, preprocessing the input stream)."""
    return _HIGH_CONTROLS.sub(b"", text.encode("utf-8", "replace").translate(None, _CONTROLS))


def render(visit: Visit, template: str, lst: List | None = None, words: Words | None = None, **values: Any) -> str:
    """The text that `page` sends. words: those of the list's language, if no others are given."""
    words = words or reading(visit, lst)
    known = {
        **spoken(words),
        "tongue": tongue(visit, lst, words),
        "site": visit.site,
        "lst": lst,
        "root": visit.root,
        "base": visit.base,
        "css": stylesheet()[0],
        "now": visit.now,
        "viewer": visit.viewer,
        "static": visit.copy is not None,
        "form": visit.form,
        "noindex": lst is not None and lst.settings.archive != "public",
    }
    return environment().get_template(f"{template}.html.j2").render(known | values)


def without_database(site: Site, words: Words, title: str, text: str) -> str:
    """A page for which nothing is looked up: one that says why nothing else comes."""
    known: dict[str, Any] = {"root": urlsplit(site.base_url).path.rstrip("/"), "site": site, "css": stylesheet()[0]}
    known |= {
        "lst": None,
        "viewer": VISITOR,
        "static": False,
        "form": "",
        "noindex": True,
        "title": title,
        "text": text,
    }
    return environment().get_template("done.html.j2").render(known | spoken(words))


def spoken(words: Words) -> dict[str, Any]:
    """What templates say their words with."""
    return {
        "_": words.markup,
        "plural": words.plural,
        "count": words.count,
        "dates": words.dates,
        "moment": dates.moment,
        "isolated": isolated,
        "language": words.language,
    }


def tongue(visit: Visit, lst: List | None, words: Words) -> Markup:
    """The attribute of what people wrote, where that is in another language than the page's (WCAG 3.1.2)."""
    written = language_of(visit.site, lst)
    if lst is None or written.partition("-")[0] == words.language:
        return Markup("")
    return Markup(' lang="{}"').format(written)


def missing(visit: Visit, lst: List | None = None) -> Response:
    """404, the same for what is not there and for what one may not read (standards W9)."""
    path = visit.request.path.removeprefix(f"{visit.root}/{lst.name}/" if lst else visit.root)
    looked = " ".join(re.findall(r"[^\W\d_]{3,30}", path)[-8:])
    title, text = "There is no such page", "It may never have been there, or it is not open to everybody."
    return tells(visit, title, text, lst, 404, looked=looked)


def tells(visit: Visit, title: str, text: str, lst: List | None = None, status: int = 200, **values: Any) -> Response:
    """A page for all readers that says why something is not shown; title and text in English."""
    say = reading(visit, lst).say
    known = {
        "title": say(title),
        "said": say(text),
        "links": [],
        "looked": "",
        "hidden": status in (403, 404),
        **values,
    }
    return page(visit, "said", lst, status, **known)


def fresh(visit: Visit, version: Version, make: Callable[[], Made]) -> Made | Response:
    """304 where the reader has this version of the page already, else what `make` makes.

    It gets its ETag and Last-Modified, unless it is private.
    """
    tag = _etag(visit, version)
    if visit.request.has(tag):
        return Response(304, b"", "", {"etag": tag, "cache-control": PUBLIC})
    made = make()
    if made is None or made.status != 200 or made.headers.get("cache-control") != PUBLIC:
        return made
    return replace(made, headers={**made.headers, "etag": tag, **_modified(version.at)})


def _modified(at: datetime | None) -> dict[str, str]:
    return {} if at is None else {"last-modified": format_datetime(at.astimezone(UTC).replace(microsecond=0), True)}


def _etag(visit: Visit, version: Version) -> str:
    # The day is in it, since pages say "today".
    seen = repr((version.counters, f"{visit.now:%Y-%m-%d}", visit.viewer, visit.request.query, look()))
    return f'W/"{hashlib.sha256(seen.encode()).hexdigest()[:20]}"'


@lru_cache(maxsize=1)
def look() -> str:
    """What all pages depend on beside the database: our templates and the style."""
    seen = hashlib.sha256(__version__.encode())
    for path in sorted((resources.folder("archive") / "pages").glob("*.j2")):
        seen.update(path.read_bytes())
    seen.update(stylesheet()[1])
    return seen.hexdigest()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """jinja2 with our templates, escaping always."""
    loader = FileSystemLoader(str(resources.folder("archive") / "pages"))
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["path"] = lambda text: quote(text, safe="")
    made.filters["masked"] = masked
    made.filters["iso"] = dates.iso
    return made
