"""All pages of the site: which door in web/ answers a request."""

from collections.abc import Callable
from datetime import datetime

from listserver.core.site import Site
from listserver.store.engine import Store
from listserver.web import archive, unsubscribe
from listserver.web.asgi import Handler
from listserver.web.http import Request, Response


def handler(store: Store, site: Site, clock: Callable[[], datetime]) -> Handler:
    """What a web application answers by."""
    leave = unsubscribe.handler(store, site, clock)
    read = archive.handler(store, site, clock)

    async def answer(request: Request) -> Response:
        return await (leave if unsubscribe.is_link(request.path) else read)(request)

    return answer
