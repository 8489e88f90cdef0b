"""What machines are told of requests that cannot be answered: problem details (RFC 9457)."""

import json

from listserver.core.site import Site
from listserver.web.http import Request, Response
from listserver.web.render import without_database
from listserver.web.words import words_for

API = "/api/"
CONTENT_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, **headers: str) -> Response:
    """The answer of the API to such a request. headers: their names with _ for -."""
    text = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}, ensure_ascii=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, text.encode(), CONTENT_TYPE, {"cache-control": "no-store", **named})


def too_many(site: Site, request: Request, path: str, wait: int) -> Response:
    """429: what happened, and after how many seconds to come again (RFC 6585 §4); as a page for who reads pages."""
    headers = {"retry-after": str(wait), "cache-control": "no-store"}
    accepted = request.headers
    words = words_for("", accepted.get("accept-language", ""), site.language)
    if path.startswith(API):
        detail = f"Too many requests came from your address. Please try again in {wait} seconds."
        return problem(429, "Too many requests", detail, retry_after=str(wait))
    if request.method == "POST":
        text = (
            "So many mails were asked for from your network address that none is written for now. Please come back in "
            "{minutes} minutes. You can join and leave by mail in the meantime: the page of each list says how."
        )
    else:
        text = (
            "Searches and downloads are work for this server, so each network address gets so many a minute, and yours "
            "has had its share; others may share it with you. Please load this page again in {seconds} seconds. All "
            "other pages can be read in the meantime."
        )
    told = words.say(text, seconds=wait, minutes=-(-wait // 60))
    if "text/html" not in accepted.get("accept", ""):
        return Response(429, f"{told}\n".encode(), "text/plain; charset=utf-8", headers)
    return Response(429, without_database(site, words, words.say("Too many requests"), told).encode(), headers=headers)
