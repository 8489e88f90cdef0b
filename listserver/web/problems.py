"""What machines are told of requests that cannot be answered: problem details (RFC 9457)."""

import json
from dataclasses import replace

from listserver.core.site import Site
from listserver.web.http import Request, Response
from listserver.web.render import without_database
from listserver.web.words import Words, words_for

API = "/api/"
CONTENT_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, **headers: str) -> Response:
    """The answer of the API to such a request. headers: their names with _ for -."""
    text = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}, ensure_ascii=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, text.encode(), CONTENT_TYPE, {"cache-control": "no-store", **named})


def too_many(site: Site, request: Request, path: str, wait: int) -> Response:
    """429: what happened, and after how many seconds to come again (RFC 6585 §4)."""
    headers = {"retry-after": str(wait)}
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
    words = _words(site, request)
    told = words.say(text, seconds=wait, minutes=-(-wait // 60))
    return _told(site, request, words, Response(429, headers=headers), words.say("Too many requests"), told)


def failed(site: Site, request: Request, path: str, reference: str) -> Response:
    """500: a failure of ours, which the log has under this reference."""
    text = (
        "The fault is ours, and it was written down. Please try again later. If it stays, write to {address} and name "
        "{reference}."
    )
    words = _words(site, request)
    told = words.say(text, address=site.admin_email, reference=reference)
    if path.startswith(API):
        return problem(500, "Something went wrong here", told)
    return _told(site, request, words, Response(500), words.say("Something went wrong here"), told)


def _words(site: Site, request: Request) -> Words:
    return words_for("", request.headers.get("accept-language", ""), site.language)


def _told(site: Site, request: Request, words: Words, response: Response, title: str, text: str) -> Response:
    """The response as a page for who reads pages, else as a line of text."""
    headers = {**response.headers, "cache-control": "no-store"}
    if "text/html" in request.headers.get("accept", ""):
        return replace(response, body=without_database(site, words, title, text).encode(), headers=headers)
    line = f"{text}\n".encode()
    return replace(response, body=line, content_type="text/plain; charset=utf-8", headers=headers)
