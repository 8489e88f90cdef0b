"""What shows that a form was filled in on a page of ours (standards W1)."""

import hashlib
import hmac
from urllib.parse import urlsplit

from listserver.core.site import Site
from listserver.web.http import Request

FIELD = "form"
_ACROSS = ("cross-site", "same-site")


def token(site: Site, secret: str = "") -> str:
    """What our forms hold. secret: of the session; a visitor's token says only that the page was ours."""
    return hmac.new(site.secret, b"form:" + secret.encode(), hashlib.sha256).hexdigest()[:32]


def is_ours(request: Request, wanted: str) -> bool:
    """Whether the form came from a page that holds the token `wanted`.

    Browsers send `Origin: null` with our forms, since our pages let no Referer go; then Sec-Fetch-Site tells.
    """
    if request.headers.get("sec-fetch-site", "") in _ACROSS:
        return False
    origin = request.headers.get("origin", "null")
    if origin != "null" and (urlsplit(origin).hostname or "") != request.host.strip("[]"):
        return False
    return hmac.compare_digest(request.form.get(FIELD, "").encode(), wanted.encode())
