"""What machines are told of requests that cannot be answered: problem details (RFC 9457)."""

import json

from listserver.web.http import Response

API = "/api/"
CONTENT_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, **headers: str) -> Response:
    """The answer of the API to such a request. headers: their names with _ for -."""
    text = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}, ensure_ascii=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, text.encode(), CONTENT_TYPE, {"cache-control": "no-store", **named})


def too_many(path: str, wait: int) -> Response:
    """429, with after how many seconds the client may ask again (RFC 6585 §4)."""
    detail = f"Too many requests came from your address. Please try again in {wait} seconds."
    if path.startswith(API):
        return problem(429, "Too many requests", detail, retry_after=str(wait))
    headers = {"retry-after": str(wait), "cache-control": "no-store"}
    return Response(429, f"{detail}\n".encode(), "text/plain; charset=utf-8", headers)
