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

# A tsvector has no columns. Words of the subject and the author stand in it twice, the second time with the sign of
# their column before them, at the same place; marks only so. (Weights would do too, but PostgreSQL's index does not
# know them and would fetch each post to look.)
SIGNS = {"subject": "#", "author": "@", "text": "", "marks": "="}
_LAST_POSITION = 16_383  # of PostgreSQL, and 256 positions of a word
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
    """The literal of a tsvector: each word with its positions."""
    places: dict[str, list[str]] = {}
    position = 0
    for column, text in zip(indexed._fields, indexed, strict=True):
        sign = SIGNS[column]
        for word in text.split(" ") if text else ():
            position += 1
            spellings = (word, sign + word) if sign and column != "marks" else (sign + word,)
            for spelling in spellings:
                at = places.setdefault(spelling, [])
                if position <= _LAST_POSITION and len(at) < _MOST_POSITIONS:
                    at.append(str(position))
        position += 1  # no phrase reaches over the end of a column
    return " ".join([f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in places.items()])
