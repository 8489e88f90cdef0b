"""Requests and responses as plain values: a page is a function from one to the other, and tests call it as such."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from sqlalchemy import Connection

MAX_FIELDS = 100  # of a query or form; more is not read


@dataclass(frozen=True, slots=True)
class Request:
    """One request. path: decoded, begins with "/". query, form: the last value of each name. client: IP address."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    client: str = ""

    def cookie(self, name: str) -> str:
        """The value of a cookie (RFC 6265 §5.4), "" if the browser sent none of that name."""
        for pair in self.headers.get("cookie", "").split(";"):
            key, gap, value = pair.strip().partition("=")
            if gap and key == name:
                return value
        return ""

    def has(self, tag: str) -> bool:
        """Whether the client has what this ETag names (RFC 9110 §13.1.2)."""
        known = [one.strip().removeprefix("W/") for one in self.headers.get("if-none-match", "").split(",")]
        return tag.removeprefix("W/") in known

    @property
    def host(self) -> str:
        """What the client calls us, without the port, lower case."""
        host = self.headers.get("host", "").lower()
        return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Response:
    """One response; content_type "" where there is no body.

    more: makes a long body portion by portion: each call gives the next octets, b"" at the end. Each portion sees a
    state of the database of its own. stream: the same as the ASGI layer has it, without the database.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[Connection], bytes] | None = None
    stream: Callable[[], Awaitable[bytes]] | None = None


def html(text: str, status: int = 200) -> Response:
    """A page."""
    return Response(status, text.encode())


def redirect(to: str, status: int = 303) -> Response:
    """Send the reader on, to a path of ours. 303 after a POST (RFC 9110 §15.4.4)."""
    return Response(status, b"", "", {"location": to})


def multipart(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a multipart/form-data body (RFC 7578), files as text; never raises. Linear in its size."""
    found = re.search(r'boundary="?([^";,\s]{1,70})', content_type)
    if found is None:
        return {}
    values: dict[str, str] = {}
    pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1", "replace"))
    for piece in pieces[1 : MAX_FIELDS + 1]:
        head, gap, value = piece.partition(b"\r\n\r\n")
        name = re.search(rb'\bname="?([^";\r\n]{1,100})', head[:2_000])
        if gap and name:
            values[name[1].decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return values


def fields(text: str) -> dict[str, str]:
    """The fields of a query or a urlencoded form; never raises: what is too much or broken is left out."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"))
    except ValueError:
        return {}
