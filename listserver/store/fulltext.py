"""The full-text index on both engines: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

Both get the very same words (core.words), so neither's own parser, stemmer or list of stop words has a say. SQLite's
index holds no text (content=''); to take a post out of it one must know its words, so they are kept beside it.
"""

from typing import Any

from sqlalchemy import DDL, Dialect, LargeBinary
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator, TypeEngine

from listserver.core.packing import pack_json, unpack_json
from listserver.core.words import Indexed

# Tokens come prepared; "ascii" takes each octet above 127 for a letter and so leaves them whole.
CREATE_FULL_TEXT = DDL(  # type: ignore[no-untyped-call]
    "CREATE VIRTUAL TABLE full_text USING fts5"
    "(subject, author, text, marks, content='', columnsize=0, tokenize='ascii')"
)

# The four columns are the four weights of a tsvector. PostgreSQL keeps positions up to 16,383 and 256 of a lexeme.
WEIGHTS = {"subject": "A", "author": "B", "text": "D", "marks": "C"}
_LAST_POSITION = 16_383
_MOST_POSITIONS = 255


class Words(TypeDecorator[Indexed]):
    """Indexed: a tsvector on PostgreSQL, compressed JSON on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else LargeBinary())

    def process_bind_param(self, value: Indexed | None, dialect: Dialect) -> Any:
        assert value is not None
        return tsvector(value) if dialect.name == "postgresql" else pack_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Indexed:
        assert dialect.name == "sqlite"
        return Indexed(*unpack_json(value))


def tsvector(indexed: Indexed) -> str:
    """The literal of a tsvector: each word with its positions and weight."""
    places: dict[str, list[str]] = {}
    position = 0
    for column, text in zip(indexed._fields, indexed, strict=True):
        weight = WEIGHTS[column]
        for word in text.split(" ") if text else ():
            position += 1
            at = places.setdefault(word, [])
            if position <= _LAST_POSITION and len(at) < _MOST_POSITIONS:
                at.append(f"{position}{weight}")
        position += 1  # no phrase reaches over the end of a column
    return " ".join([f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in places.items()])
