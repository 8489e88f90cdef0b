"""What machines read, by the rules of Atom (RFC 4287), JSON Feed 1.1, sitemaps, OpenSearch 1.1 and schema.org."""

import json
import re
from collections import Counter
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from tests.sites import Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges")]

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


@pytest.fixture(params=["demo_archive", "real_archive"])
def archive(request: pytest.FixtureRequest) -> Archive:
    found: Archive = request.getfixturevalue(request.param)
    return found


def feeds(archive: Archive, name: str) -> list[bytes]:
    """Those of the list, of the open questions, of a thread and of an author."""
    return [archive.get(f"{archive.pages[kind]}{name}") for kind in ("front", "unanswered", "thread", "author")]


def is_iri(text: str | None) -> bool:
    """Whether it is a whole address of a page."""
    parts = urlsplit(text or "")
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"[\s<>\"{}|\\^`]", text or "")


def test_atom(archive: Archive) -> None:
    for octets in feeds(archive, "atom.xml"):
        feed = ElementTree.fromstring(octets)
        assert feed.tag == f"{ATOM}feed"
        links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
        assert is_iri(links["self"]) and is_iri(links["alternate"])
        entries = feed.findall(f"{ATOM}entry")
        for each in [feed, *entries]:
            counted = Counter(child.tag.removeprefix(ATOM) for child in each)
            # §4.1.1, §4.1.2: exactly one each; an author in each entry, since the feed has none
            assert [counted[name] for name in ("id", "title", "updated")] == [1, 1, 1]
            assert is_iri(each.findtext(f"{ATOM}id"))
            assert (each.findtext(f"{ATOM}title") or "").strip()
            for moment in ("updated", "published"):
                assert counted[moment] == 0 or MOMENT.fullmatch(each.findtext(f"{ATOM}{moment}") or "")
        for entry in entries:
            assert (entry.findtext(f"{ATOM}author/{ATOM}name") or "").strip()
            assert len(entry.findall(f"{ATOM}content[@type='html']")) == 1
        places = [(entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated")) for entry in entries]
        assert len(places) == len(set(places))  # §4.1.1


def test_json_feed(archive: Archive) -> None:
    for octets in feeds(archive, "feed.json"):
        feed = json.loads(octets)
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"] and is_iri(feed["home_page_url"]) and is_iri(feed["feed_url"])
        for item in feed["items"]:
            assert isinstance(item["id"], str) and is_iri(item["url"]) and item["title"]
            assert isinstance(item["content_html"], str)
            assert all(author["name"].strip() for author in item["authors"])
            assert MOMENT.fullmatch(item["date_published"]) and MOMENT.fullmatch(item["date_modified"])
        assert len({item["id"] for item in feed["items"]}) == len(feed["items"])


def test_sitemaps(archive: Archive) -> None:
    named = re.findall(r"^Sitemap: (\S+)$", archive.get("/robots.txt").decode(), re.MULTILINE)
    assert named
    pages: list[str] = []
    for url in named:
        index = ElementTree.fromstring(archive.get(urlsplit(url).path))
        assert index.tag == f"{MAP}sitemapindex"
        months = [each.findtext(f"{MAP}loc") or "" for each in index.findall(f"{MAP}sitemap")]
        assert all(map(is_iri, months))
        for month in months[:3]:
            urls = ElementTree.fromstring(archive.get(urlsplit(month).path)).findall(f"{MAP}url")
            assert len(urls) <= 50_000
            assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", each.findtext(f"{MAP}lastmod") or "") for each in urls)
            pages += [each.findtext(f"{MAP}loc") or "" for each in urls]
    assert all(map(is_iri, pages))
    for url in pages[:5]:  # they are the addresses that pages call their own
        assert f'<link rel="canonical" href="{url}">'.encode() in archive.get(urlsplit(url).path)


@pytest.mark.parametrize("kind", ["site", "front"])
def test_opensearch(archive: Archive, kind: str) -> None:
    description = ElementTree.fromstring(archive.get(f"{archive.pages[kind]}opensearch.xml"))
    assert description.tag == f"{SEARCH}OpenSearchDescription"
    assert 1 <= len(description.findtext(f"{SEARCH}ShortName") or "") <= 16
    assert 1 <= len(description.findtext(f"{SEARCH}Description") or "") <= 1024
    url = description.find(f"{SEARCH}Url")
    assert url is not None and url.get("type") == "text/html"
    asked = (url.get("template") or "").replace("{searchTerms}", "the")
    assert is_iri(asked) and b"<h1>Search" in archive.get("/" + asked.split("/", 3)[3])


def test_linked_data(archive: Archive) -> None:
    page = archive.get(archive.pages["thread"]).decode()
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    said = json.loads(found)
    assert (said["@context"], said["@type"]) == ("https://schema.org", "DiscussionForumPosting")
    assert said["headline"] and is_iri(said["url"]) and said["author"]["name"]
    assert MOMENT.fullmatch(said["datePublished"])
    for comment in said["comment"]:
        assert comment["@type"] == "Comment" and comment["author"]["name"] and len(comment["text"]) <= 301
        assert MOMENT.fullmatch(comment["datePublished"]) and is_iri(comment["url"])


def test_each_page_has_one_address(archive: Archive) -> None:
    for kind, path in archive.pages.items():
        found = re.findall(rb'<link rel="canonical" href="([^"]+)"', archive.get(path))
        assert len(found) == (0 if kind in ("missing", "sign-in", "join") or kind.startswith("search") else 1), kind
        assert all(is_iri(url.decode()) for url in found)
