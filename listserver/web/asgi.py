"""ASGI on one side, Request -> Response on the other; nothing is decided here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

from listserver.web.http import Request, Response, fields, multipart

MAX_BODY = 1_048_576  # octets (standards W7)

Handler = Callable[[Request], Awaitable[Response]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFETY = {  # archive/README.md: nothing from elsewhere, nothing that runs
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}  # RFC 6797; standards W3


def app(handler: Handler, *, https: bool = False) -> App:
    """An ASGI application that answers by `handler`. https: that is how readers reach it, and so it shall stay."""
    always = {**SAFETY, **(HTTPS_ONLY if https else {})}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive) if scope["method"] == "POST" else b""
        if body is None:
            response = Response(413, b"That is more than this page takes.\n", "text/plain; charset=utf-8")
        else:
            response = await handler(request(scope, body))
        if response.stream is None:
            await _send(scope, send, response, always)
        else:
            await _stream(scope, receive, send, response, always)

    return answer


def request(scope: Scope, body: bytes = b"") -> Request:
    """The request behind an ASGI scope."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        path=unquote_to_bytes(raw_path.partition(b"?")[0]).decode("utf-8", "replace"),
        query=fields(scope.get("query_string", b"").decode("latin-1")),
        form=_form(body, headers.get("content-type", "")),
        headers=headers,
        client=(scope.get("client") or ("", 0))[0],
    )


def _form(body: bytes, content_type: str) -> Mapping[str, str]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return multipart(body, content_type)
    return fields(body.decode("utf-8", "replace")) if kind == "application/x-www-form-urlencoded" else {}


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None if it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            return None
        if not event.get("more_body"):
            return b"".join(chunks)


async def _send(scope: Scope, send: Send, response: Response, always: Mapping[str, str]) -> None:
    await send(_start(response, {**always, "content-length": str(len(response.body))}))
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})


def _start(response: Response, always: Mapping[str, str]) -> MutableMapping[str, Any]:
    headers = {**always, **response.headers}
    if response.content_type:
        headers["content-type"] = response.content_type
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": response.status, "headers": raw}


async def _stream(scope: Scope, receive: Receive, send: Send, response: Response, always: Mapping[str, str]) -> None:
    """A body of unknown length; nothing more of it is made once the client is gone."""
    assert response.stream is not None
    await send(_start(response, always))
    gone = asyncio.create_task(_gone(receive))
    try:
        while scope["method"] != "HEAD" and not gone.done() and (portion := await response.stream()):
            await send({"type": "http.response.body", "body": portion, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
