"""Finding posts: one statement for the hits, one for what a page of results shows of them; alike on both engines."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from math import log2
from typing import Any

from sqlalchemy import Connection, bindparam, cast, column, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY

from listserver.core.content import own
from listserver.core.packing import unpack_json
from listserver.core.query import Query
from listserver.core.words import Piece, extract, subject_words, words
from listserver.store.fast import Fast
from listserver.store.fronts import is_open
from listserver.store.fulltext import SIGNS
from listserver.store.tables import bodies, lists, posts, threads

MOST = 1_000  # hits that are counted, grouped and ranked: the newest
PAGE = 20
SCANNED = 20_000  # of the newest posts with the words, those that are looked at for what is not in the index
TERMS = 20  # words and phrases of a query that count
_MARK = re.compile(r"[ly]\d+|f")  # core.filing: the list, the year, has a file
_YEARS = 60  # a longer span of years is not narrowed by the index
_LAST_YEAR = 2070  # where a search has no end


class Sort(StrEnum):
    """The order of results."""

    NEW = "new"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Scope:
    """A list to search, with the language of its words."""

    list_id: int
    language: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A thread with posts that match, shown by the one that matches best; or a post, if not grouped.

    matches: how many posts of the thread match (at least 1). extract: of that post, hits marked.
    """

    list_id: int
    list_name: str
    thread_identifier: str
    thread_subject: str
    thread_posts: int
    answered: bool
    matches: int
    number: int
    identifier: str
    message_id: str
    author_name: str
    author_address: str
    subject: str
    sent_at: datetime
    extract: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """An author among the hits. person_id: None for one whom we do not know."""

    name: str
    person_id: int | None
    posts: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of results.

    posts, groups: how many posts and threads match; if `more`, there are more than MOST posts, older ones.
    relaxed: no post has all the words, so these have any of them. years: (year, posts), newest first; people: five.
    lists: (list id, posts), those with most first.
    """

    hits: tuple[Hit, ...]
    page: int
    pages: int
    posts: int
    groups: int
    more: bool
    relaxed: bool
    years: tuple[tuple[int, int], ...]
    people: tuple[Person, ...]
    lists: tuple[tuple[int, int], ...]


NOTHING = Results((), 1, 0, 0, 0, False, False, (), (), ())


def search(
    conn: Connection,
    scopes: Sequence[Scope],
    query: Query,
    *,
    sort: Sort = Sort.NEW,
    page: int = 1,
    by_thread: bool = True,
) -> Results:
    """Posts of these lists (those that the reader may see: that is the caller's to know). Never raises on a query."""
    if not scopes or query == Query():
        return NOTHING
    rows = _matching(conn, scopes, query, any_word=False)
    relaxed = not rows and len(query.terms) + len(query.phrases) > 1
    if relaxed:
        rows = _matching(conn, scopes, query, any_word=True)
    if not rows:
        return NOTHING
    more, rows = len(rows) > MOST, rows[:MOST]
    languages = {scope.list_id: scope.language for scope in scopes}
    wanted = {language: _stems(query, language) for language in set(languages.values())}
    groups = _groups(rows, by_thread)
    if sort is Sort.BEST:
        groups = _best_first(groups, lambda row: _in_subject(row, languages, wanted))
    pages = -(-len(groups) // PAGE)
    page = min(max(page, 1), pages)
    shown = groups[(page - 1) * PAGE : page * PAGE]
    details = _details(conn, [group[0].id for group in shown])
    return Results(
        hits=tuple([_hit(group, details[group[0].id], languages, wanted) for group in shown]),
        page=page,
        pages=pages,
        posts=len(rows),
        groups=len(groups),
        more=more,
        relaxed=relaxed,
        years=tuple(sorted(Counter(row.sent_at.year for row in rows).items(), reverse=True)),
        people=_people(rows),
        lists=tuple(Counter(row.list_id for row in rows).most_common()),
    )


# --- the statements ---------------------------------------------------------------------------------------------------

_ROW = (
    posts.c.id,
    posts.c.list_id,
    posts.c.thread_id,
    posts.c.sent_at,
    posts.c.person_id,
    posts.c.author_name,
    posts.c.subject_key,
    posts.c.size,
)
_full_text = table("full_text", column("rowid"))
# "+ 0": SQLite shall go from the index to the posts and never ask the index about each post.
_SQLITE_HITS = (
    select((literal_column("full_text.rowid") + 0).label("post_id"))
    .select_from(_full_text)
    .where(text("full_text MATCH :match"))
    .order_by(literal_column("full_text.rowid").desc())
    .limit(SCANNED)
    .subquery("hits")
)
_POSTGRES_HITS = (
    select(bodies.c.post_id)
    .where(bodies.c.words.op("@@")(cast(bindparam("match"), TSQUERY)))
    .order_by(bodies.c.post_id.desc())
    .limit(SCANNED)
    .subquery("hits")
)
_root = posts.alias("root")
_DETAILS = Fast(
    select(
        *(posts.c.id, posts.c.list_id, posts.c.number, posts.c.identifier, posts.c.message_id, posts.c.author_name),
        *(posts.c.author_address, posts.c.subject, posts.c.sent_at),
        bodies.c.content,
        lists.c.name.label("list_name"),
        threads.c.identifier.label("thread_identifier"),
        threads.c.subject.label("thread_subject"),
        threads.c.posts.label("thread_posts"),
        threads.c.answered_id,
    )
    .join(bodies, bodies.c.post_id == posts.c.id)
    .join(threads, threads.c.id == posts.c.thread_id)
    .join(lists, lists.c.id == posts.c.list_id)
    .where(posts.c.id.in_(bindparam("ids", expanding=True))),
    "ids",
)


@lru_cache(maxsize=24)  # as many as there are
def _newest(dialect: str, since: bool, until: bool, answered: bool | None) -> Fast:
    """The statement that finds the newest MOST + 1 posts; its parameters: match, lists, and since, until if wanted."""
    hits = _POSTGRES_HITS if dialect == "postgresql" else _SQLITE_HITS
    found = select(*_ROW).select_from(hits).join(posts, posts.c.id == hits.c.post_id)
    found = found.where(posts.c.state == "shown", posts.c.list_id.in_(bindparam("lists", expanding=True)))
    names = ["match", "lists"]
    if since:
        names.append("since")
        found = found.where(posts.c.sent_at >= bindparam("since"))
    if until:
        names.append("until")
        found = found.where(posts.c.sent_at < bindparam("until"))
    if answered is not None:
        found = found.join(threads, threads.c.id == posts.c.thread_id)
    if answered:
        found = found.where(threads.c.answered_id.is_not(None))
    if answered is False:
        found = found.join(_root, _root.c.id == threads.c.root_id).where(is_open(_root))
    return Fast(found.order_by(hits.c.post_id.desc()).limit(MOST + 1), *names)


def _matching(conn: Connection, scopes: Sequence[Scope], query: Query, *, any_word: bool) -> list[Any]:
    by_language: dict[str, list[int]] = {}
    for scope in scopes:
        by_language.setdefault(scope.language, []).append(scope.list_id)
    syntax = _Postgres() if conn.dialect.name == "postgresql" else _Sqlite()
    match = syntax.either([_expression(syntax, query, ids, lang, any_word) for lang, ids in by_language.items()])
    parameters: dict[str, Any] = {"match": match, "lists": [scope.list_id for scope in scopes]}
    if query.since is not None:
        parameters["since"] = query.since
    if query.until is not None:
        parameters["until"] = query.until
    statement = _newest(conn.dialect.name, query.since is not None, query.until is not None, query.answered)
    return statement.all(conn, parameters)


# --- the languages of the two indexes ---------------------------------------------------------------------------------


class _Sqlite:
    """https://www.sqlite.org/fts5.html#full_text_query_syntax"""

    def phrase(self, tokens: Sequence[str], where: str = "") -> str:
        if not where and not any(map(_MARK.fullmatch, tokens)):
            return f'"{" ".join(tokens)}"'  # nothing of that stands among the marks, and to name columns costs time
        return f'{{{where or "subject author text"}}} : "{" ".join(tokens)}"'

    def both(self, parts: Sequence[str]) -> str:
        return f"({' AND '.join(parts)})"

    def either(self, parts: Sequence[str]) -> str:
        return f"({' OR '.join(parts)})"

    def without(self, wanted: str, unwanted: Sequence[str]) -> str:
        return f"({wanted} NOT {self.either(unwanted)})"


class _Postgres:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY"""

    def phrase(self, tokens: Sequence[str], where: str = "") -> str:
        sign = SIGNS[where] if where else ""
        quoted = [f"'{sign}{token}'" for token in tokens]
        return f"({' <-> '.join(quoted)})"

    def both(self, parts: Sequence[str]) -> str:
        return f"({' & '.join(parts)})"

    def either(self, parts: Sequence[str]) -> str:
        return f"({' | '.join(parts)})"

    def without(self, wanted: str, unwanted: Sequence[str]) -> str:
        return f"({wanted} & !{self.either(unwanted)})"


def _expression(
    syntax: _Sqlite | _Postgres, query: Query, list_ids: Sequence[int], language: str, any_word: bool
) -> str:
    """The query for lists of one language. Marks keep it from ever being empty or only negative."""
    parts = [syntax.either([syntax.phrase([f"l{list_id}"], "marks") for list_id in list_ids])]
    parts += _year_marks(syntax, query.since, query.until)
    if query.has_file:
        parts.append(syntax.phrase(["f"], "marks"))
    wanted = [syntax.phrase(tokens) for tokens in _tokens((*query.terms, *query.phrases), language)]
    if wanted:
        parts.append(syntax.either(wanted) if any_word else syntax.both(wanted))
    parts += [syntax.phrase(tokens, "author") for tokens in _tokens(query.from_, "")]
    parts += [syntax.phrase(tokens, "subject") for tokens in _tokens(query.subject, language)]
    unwanted = [syntax.phrase(tokens) for tokens in _tokens(query.excluded, language)]
    if query.has_file is False:
        unwanted.append(syntax.phrase(["f"], "marks"))
    return syntax.without(syntax.both(parts), unwanted) if unwanted else syntax.both(parts)


def _tokens(texts: Iterable[str], language: str) -> list[list[str]]:
    found = [words(text, language)[:TERMS] for text in texts]
    return [tokens for tokens in found if tokens][:TERMS]


def _year_marks(syntax: _Sqlite | _Postgres, since: datetime | None, until: datetime | None) -> list[str]:
    if since is None:
        return []
    first = since.astimezone(UTC).year
    last = until.astimezone(UTC).year if until is not None else _LAST_YEAR
    if not 0 <= last - first < _YEARS:
        return []
    return [syntax.either([syntax.phrase([f"y{year}"], "marks") for year in range(first, last + 1)])]


# --- what is made of the hits -----------------------------------------------------------------------------------------


def _stems(query: Query, language: str) -> frozenset[str]:
    texts = (*query.terms, *query.phrases, *query.subject)
    return frozenset(word for tokens in _tokens(texts, language) for word in tokens)


def _groups(rows: list[Any], by_thread: bool) -> list[list[Any]]:
    """Hits of a thread together, newest first within and without."""
    groups: dict[int, list[Any]] = {}
    for row in sorted(rows, key=lambda row: (row.sent_at, row.id), reverse=True):
        groups.setdefault(row.thread_id if by_thread else row.id, []).append(row)
    return list(groups.values())


def _in_subject(row: Any, languages: dict[int, str], wanted: dict[str, frozenset[str]]) -> float:
    """The share of the wanted words that the subject has."""
    language = languages[row.list_id]
    stems = wanted[language]
    return len(stems & subject_words(row.subject_key, language)) / len(stems) if stems else 0.0


def _best_first(groups: list[list[Any]], in_subject: Callable[[Any], float]) -> list[list[Any]]:
    """Subject ×3, shortness, age, hits in the thread: what both engines know alike.

    A short post that has the words is about them; a long one may just have many words. That is worth as much as what
    an index knows of how often each occurs (tests/actions/test_search_quality.py measures it).
    """
    newest = groups[0][0].sent_at

    def value(row: Any) -> float:
        years: float = (newest - row.sent_at).days / 365
        shortness = 1 / (1 + 0.3 * log2(1 + int(row.size) / 1_000))
        return shortness * (1 + 3 * in_subject(row)) / (1 + 0.1 * years)

    ranked = []
    for group in groups:
        scored = sorted(((value(row), row) for row in group), key=lambda pair: (-pair[0], pair[1].sent_at))
        ranked.append((scored[0][0] * (1 + log2(len(group)) / 2), [row for _, row in scored]))
    ranked.sort(key=lambda pair: pair[0], reverse=True)
    return [rows for _, rows in ranked]


def _people(rows: list[Any]) -> tuple[Person, ...]:
    counts = Counter((row.author_name, row.person_id) for row in rows if row.author_name)
    return tuple(Person(name, person_id, count) for (name, person_id), count in counts.most_common(5))


def _details(conn: Connection, ids: list[int]) -> dict[int, Any]:
    return {row.id: row for row in _DETAILS.all(conn, {"ids": ids})}


def _hit(group: list[Any], row: Any, languages: dict[int, str], wanted: dict[str, frozenset[str]]) -> Hit:
    language = languages[row.list_id]
    return Hit(
        list_id=row.list_id,
        list_name=row.list_name,
        thread_identifier=row.thread_identifier,
        thread_subject=row.thread_subject,
        thread_posts=row.thread_posts,
        answered=row.answered_id is not None,
        matches=len(group),
        number=row.number,
        identifier=row.identifier,
        message_id=row.message_id,
        author_name=row.author_name,
        author_address=row.author_address,
        subject=row.subject,
        sent_at=row.sent_at,
        extract=extract(own(unpack_json(row.content)), wanted[language], language),
    )
