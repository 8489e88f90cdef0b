"""All pages of the site: which door in web/ answers a request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

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
        request = replace(request, client=guard.client(request))
        path = request.path.removeprefix(root)
        if wait := guard.wait(request, path, clock()):
            return problems.too_many(site, request, path, wait)
        if unsubscribe.is_link(path):
            return await leave(replace(request, path=path))
        return await read(request)

    return answer
