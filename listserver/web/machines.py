"""What machines ask for: robots.txt, sitemaps, OpenSearch descriptions."""

from xml.sax.saxutils import escape

from listserver.store import fronts, lists
from listserver.store.lists import List
from listserver.web import dates
from listserver.web.fronts import month_url
from listserver.web.http import Response
from listserver.web.months import all_months
from listserver.web.rows import rows
from listserver.web.visit import Visit

_DAY = {"cache-control": "max-age=86400"}
_XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"
MOST = 5_000  # threads of a month in its sitemap


def robots(visit: Visit) -> Response:
    """Posts and threads may be indexed; searches, raw mails and files not."""
    lines = ["User-agent: *"]
    lines += [f"Disallow: {visit.root}{path}" for path in ("/search", "/*/search", "/*/p/*/raw", "/*/p/*/html")]
    lines += [f"Disallow: {visit.root}{path}" for path in ("/*/p/*/files/", "/*?order=", "/*.mbox.gz")]
    shown = [
        lst for lst in lists.everything(visit.conn) if lst.settings.archive == "public" and lst.settings.advertised
    ]
    lines += ["", *(f"Sitemap: {visit.base}/{lst.name}/sitemap.xml" for lst in shown), ""]
    return Response(200, "\n".join(lines).encode(), "text/plain; charset=utf-8", _DAY)


def sitemap(visit: Visit, lst: List) -> Response:
    """The index of a list's sitemaps, one a month."""
    host = visit.base.removesuffix(visit.root)
    months = [
        f"<sitemap><loc>{host}{month_url(visit, lst, at)}sitemap.xml</loc></sitemap>" for at in all_months(visit, lst)
    ]
    return _xml("sitemapindex", months)


def month_sitemap(visit: Visit, lst: List, year: int, number: int) -> Response:
    """The threads that began in a month."""
    host = visit.base.removesuffix(visit.root)
    start = dates.month(year, number)
    begun = rows(visit, lst, fronts.begun(visit.conn, lst.id, start, dates.shift(start, 1), MOST))
    return _xml(
        "urlset",
        [f"<url><loc>{escape(host + row.url)}</loc><lastmod>{row.last_at:%Y-%m-%d}</lastmod></url>" for row in begun],
    )


def _xml(name: str, entries: list[str]) -> Response:
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{_XMLNS}">\n'
    return Response(200, f"{head}{''.join(entries)}</{name}>\n".encode(), "application/xml; charset=utf-8", _DAY)


def opensearch(visit: Visit, lst: List | None = None) -> Response:
    """How a browser searches the list, or all that its reader is shown (OpenSearch 1.1)."""
    name, path = (lst.name, f"/{lst.name}") if lst else (visit.site.name, "")
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        f"<ShortName>{escape(name[:16])}</ShortName><Description>Search {escape(name)}</Description>"
        f'<Url type="text/html" template="{escape(visit.base + path)}/search?q={{searchTerms}}"/>'
        "<InputEncoding>UTF-8</InputEncoding></OpenSearchDescription>\n"
    )
    return Response(200, text.encode(), "application/opensearchdescription+xml; charset=utf-8", _DAY)
