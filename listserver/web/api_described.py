"""The description of the API (OpenAPI 3.1), made from its routes and the types of what it gives."""

import re
import types
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from listserver import __version__
from listserver.web.visit import Visit

if TYPE_CHECKING:
    from listserver.web.api import Route

_SCALARS = {str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"}}
_COUNTS = {
    "posts": ("integer", "How many posts match, 1000 at most."),
    "threads": ("integer", "How many threads they are in."),
    "more": ("boolean", "Whether more posts match than are counted."),
    "relaxed": ("boolean", "Whether no post has all the words, so that these have some of them."),
}
_WORDS = {"list": "The name of a list.", "thread": "The identifier of a thread.", "post": "The identifier of a post."}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
    },
}


def described(visit: Visit, routes: Iterable["Route"]) -> dict[str, Any]:
    """The whole description."""
    shown = list(routes)
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for route in shown:
        _add(schemas, route.item)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Archive of {visit.site.name}",
            "version": __version__,
            "description": "Lists, threads, posts and searches, for reading. Who has not signed in sees public lists, "
            "and no mail addresses. What is not open to the reader is answered like what is not there.",
        },
        "servers": [{"url": f"{visit.base}/api/v1"}],
        "paths": {route.path: {"get": _operation(route)} for route in shown},
        "components": {"schemas": schemas},
    }


def _operation(route: "Route") -> dict[str, Any]:
    content: dict[str, Any] = _ref(route.item)
    query = dict(route.parameters)
    if route.many:
        counts = _COUNTS if route.name == "search" else {}
        content = {
            "type": "object",
            "required": ["items", "next", *counts],
            "properties": {
                "items": {"type": "array", "items": content},
                "next": {"type": ["string", "null"], "description": "Where the next portion is; null after the last."},
                **{name: {"type": kind, "description": doc} for name, (kind, doc) in counts.items()},
            },
        }
        query |= {"cursor": "Where to go on: the URL in `next` has it."}
        query |= {} if counts else {"limit": "How many items, from 1 to 100; 20 if not said."}
    return {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_of_path(route.path), *_of_query(query)],
        "responses": {
            "200": _response("What was asked for.", "application/json", content),
            "304": {"description": "It is still what the ETag in If-None-Match names."},
            **{code: _response(text, "application/problem+json", _PROBLEM_REF) for code, text in _FAILURES.items()},
        },
    }


_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_FAILURES = {
    "400": "A parameter cannot be so.",
    "404": "It is not there, or not open to the reader.",
    "429": "Too many requests; Retry-After says when to come again.",
}


def _response(text: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": schema}}}


def _of_path(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        about = {"name": name, "in": "path", "required": True, "description": _WORDS[name]}
        yield {**about, "schema": {"type": "string"}}


def _of_query(query: dict[str, str]) -> Iterator[dict[str, Any]]:
    for name, doc in query.items():
        schema = {"type": "integer", "minimum": 1, "maximum": 100} if name == "limit" else {"type": "string"}
        yield {"name": name, "in": "query", "description": doc, "schema": schema}


def _ref(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind.__name__.removesuffix('Value')}"}


def _add(schemas: dict[str, Any], kind: Any) -> None:
    hints = get_type_hints(kind, include_extras=True)
    name = kind.__name__.removesuffix("Value")
    if name in schemas:
        return
    schemas[name] = {
        "type": "object",
        "description": kind.__doc__,
        "required": list(hints),
        "properties": {name: _schema(schemas, hint) for name, hint in hints.items()},
    }


def _schema(schemas: dict[str, Any], kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Annotated:
        return {**_schema(schemas, get_args(kind)[0]), "description": get_args(kind)[1]}
    if get_origin(kind) in (Union, types.UnionType):
        inner = _schema(schemas, get_args(kind)[0])
        return {**inner, "type": [inner["type"], "null"]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(schemas, get_args(kind)[0])}
    if is_dataclass(kind):
        assert isinstance(kind, type)
        _add(schemas, kind)
        return _ref(kind)
    return {"type": "string", "format": "date-time"} if kind is datetime else dict(_SCALARS[kind])
