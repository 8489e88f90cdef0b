"""All pages of the site: which door in web/ answers a request."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from listserver import log
from listserver.core.site import Site
from listserver.store.engine import Store
from listserver.web import archive, problems, unsubscribe
from listserver.web.asgi import Handler
from listserver.web.guard import Guard
from listserver.web.http import Request, Response


def handler(store: Store, site: Site, clock: Callable[[], datetime], guard: Guard) -> Handler:
    """What a web application answers by."""
    root = urlsplit(site.base_url).path.rstrip("/")
    leave = unsubscribe.handler(store, site, clock)
    read = archive.handler(store, site, clock)

    async def answer(request: Request) -> Response:
        path = request.path.removeprefix(root)
        try:
            return await page(replace(request, client=guard.client(request)), path)
        except Exception as failure:
            reference = secrets.token_hex(4)
            log.error(log.Event.PAGE_FAILED, failure, reference=reference, path=request.path[:200])
            return problems.failed(site, request, path, reference)

    async def page(request: Request, path: str) -> Response:
        if wait := guard.wait(request, path, clock()):
            return problems.too_many(site, request, path, wait)
        if unsubscribe.is_link(path):
            return await leave(replace(request, path=path))
        return await read(request)

    return answer
