"""A post's blocks as HTML: prose that flows, quotes that fold, code that keeps its form. All text is escaped here."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from markupsafe import Markup

from listserver.core.blocks import Block, Kind
from listserver.core.masking import has_key, masked
from listserver.web.words import Words, words_of

IN_PLACE = 4  # lines of a quote that is not folded
CUT = 64_000  # characters of a post that a thread shows
_URL = re.compile(r"https?://[^\s<>\"“”‘’«»]{1,2000}", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:([-*+•·‣–])|\(?(?:(\d{1,3})|([a-zA-Z]))[.)])\s+")
_WORDS = 6
_GREETING = 3  # words that a greeting has at most


def body(blocks: Sequence[Block], mask: Callable[[str], str] = masked, words: Words | None = None) -> Markup:
    """The text of a post. mask: what hides addresses in it from who shall not see them. words: None for English."""
    words = words or words_of("en")
    if mask is masked and any(has_key(block.text) for block in blocks):
        mask = partial(masked, keys=True)
    blocks = [Block(each.kind, mask(each.text), each.depth, mask(each.who), each.lines) for each in blocks]
    out: list[str] = []
    at = 0
    while at < len(blocks):
        end = at + 1
        if blocks[at].depth:
            # An attribution begins a new quote; what follows without one belongs to the quote above.
            while end < len(blocks) and blocks[end].depth and not _begins(blocks, end):
                end += 1
            out.append(_quote(blocks[at:end], words))
        else:
            out.append(_block(blocks[at], words))
        at = end
    return Markup("\n".join(out))  # noqa: S704 (each piece was escaped)


def cut(blocks: Sequence[Block], most: int = CUT) -> tuple[Sequence[Block], int]:
    """The blocks that fit, and how many lines the post has in all if some are left out, else 0."""
    used = 0
    for at, block in enumerate(blocks):
        used += len(block.text)
        if used > most:
            first = Block(block.kind, block.text[: max(0, most - used + len(block.text))], block.depth, block.who)
            return (*blocks[:at], first), sum(each.lines for each in blocks)
    return blocks, 0


def linked(text: str) -> str:
    """Escaped text in which http(s) addresses are links."""
    if "://" not in text:
        return escape(text)
    pieces: list[str] = []
    end = 0
    for found in _URL.finditer(text):
        url = found[0].rstrip(".,;:!?'*_")
        while url.endswith((")", "]", "}")) and url.count(url[-1]) > url.count("([{"[")]}".index(url[-1])]):
            url = url[:-1].rstrip(".,;:!?")
        safe = escape(url)
        pieces += (escape(text[end : found.start()]), f'<a href="{_href(url)}" rel="nofollow ugc">{safe}</a>')
        end = found.start() + len(url)
    return "".join([*pieces, escape(text[end:])])


_UNSAFE = re.compile(r"[^A-Za-z0-9:/?#@!$&'()*+,;=._~%-]|%(?![0-9A-Fa-f]{2})")


def _href(url: str) -> str:
    """A URL (RFC 3986) whatever somebody typed: what may not stand in one is percent-encoded."""
    scheme, _, rest = url.partition("://")
    rest, mark, fragment = rest.partition("#")
    rest += mark + fragment.replace("#", "%23")
    fixed = _UNSAFE.sub(lambda found: "".join(f"%{octet:02X}" for octet in found[0].encode("utf-8", "replace")), rest)
    return escape(f"{scheme}://{fixed}")


def _begins(blocks: Sequence[Block], at: int) -> bool:
    return blocks[at].kind is Kind.INTRO and blocks[at].depth == 1


_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")  # Hebrew, Arabic and their neighbours


def isolated(name: str) -> str:
    """A name, which does not turn what stands beside it where it runs from right to left."""
    return Markup("<bdi>{}</bdi>").format(name) if _way(name) else name


def _way(text: str) -> str:
    """The attribute of text that may run from right to left: its first letter decides."""
    return ' dir="auto"' if not text.isascii() and _RTL.search(text) else ""


def _block(block: Block, words: Words) -> str:
    if block.kind is Kind.PARAGRAPH or block.kind is Kind.INTRO:
        return f"<p{_way(block.text)}>{_broken(block.text)}</p>"
    if block.kind is Kind.LIST:
        return _list(block.text)
    if block.kind is Kind.CODE:
        return f'<pre tabindex="0">{linked(block.text)}</pre>'
    text = block.text.removeprefix("--").lstrip() if block.kind is Kind.SIGNATURE else block.text
    if not text.strip():
        return ""
    small = f'<p class="sig"{_way(text)}>{_broken(text.strip())}</p>'
    if block.kind is Kind.SIGNATURE and block.lines <= 8:
        return small
    name = words.say("Signature") if block.kind is Kind.SIGNATURE else words.say("Footer")
    return f'<details class="fold"><summary>{name}, {_lines(block.lines, words)}</summary>{small}</details>'


def _broken(text: str) -> str:
    return linked(text).replace("\n", "<br>")


class _Item(NamedTuple):
    """An item of a list. kind: the opening tag of a list of such items, without the brackets."""

    kind: str
    value: str
    text: str


def _list(text: str) -> str:
    """A list; items of another kind than its first one are a list within the item above them."""
    items = [_item(row) for row in text.split("\n")]
    outer = items[0].kind
    rows: list[str] = []
    for kind, run in groupby(items, key=attrgetter("kind")):
        written = [f"<li{item.value}{_way(item.text)}>{linked(item.text)}" for item in run]
        if kind == outer:
            rows += written
        else:
            rows[-1] += _listed(kind, written)
    return _listed(outer, rows)


def _item(row: str) -> _Item:
    mark = _ITEM.match(row)
    if mark is None or mark[1]:
        return _Item("ul", "", row[mark.end() :] if mark else row.strip())
    if mark[2]:
        return _Item("ol", f' value="{int(mark[2])}"', row[mark.end() :])
    kind = "a" if mark[3].islower() else "A"
    return _Item(f'ol type="{kind}"', f' value="{ord(mark[3]) - ord(kind) + 1}"', row[mark.end() :])


def _listed(kind: str, rows: list[str]) -> str:
    return f"<{kind}>{''.join(f'{row}</li>' for row in rows)}</{kind[:2]}>"


def _quote(run: Sequence[Block], words: Words) -> str:
    intro = [block for block in run[:1] if block.kind is Kind.INTRO]
    rest = run[len(intro) :]
    said = "".join(f'<p class="intro"{_way(block.text)}>{linked(block.text)}</p>' for block in intro)
    lines = sum(block.lines for block in rest)
    if not rest:
        return said
    quoted = "".join(_nested(rest, words))
    if lines <= IN_PLACE:
        return said + quoted
    who = intro[0].who if intro else ""
    name = words.markup("{author} wrote", author=isolated(who)) if who else words.markup("Quoted:")
    begins = _opening(rest).split(None, _WORDS)
    opening = " ".join(begins[:_WORDS])[:60]
    more = "…" if len(begins) > _WORDS or len(rest) > 1 else ""
    summary = f"{name} <q{_way(opening)}>{escape(opening)}{more}</q> {_lines(lines, words)}"
    return f'<details class="fold"><summary>{summary}</summary>{said}{quoted}</details>'


def _opening(blocks: Sequence[Block]) -> str:
    """The text by which one knows a quote: no attribution, and no greeting where more follows."""
    said = [block.text for block in blocks if block.kind is not Kind.INTRO]
    return next((text for text in said if len(text.split(None, _GREETING)) > _GREETING), (said or [blocks[0].text])[0])


def _nested(blocks: Sequence[Block], words: Words) -> Iterator[str]:
    depth = 0
    for block in blocks:
        while depth < block.depth:
            yield "<blockquote>"
            depth += 1
        while depth > block.depth:
            yield "</blockquote>"
            depth -= 1
        yield _block(block, words)
    yield "</blockquote>" * depth


def _lines(count: int, words: Words) -> str:
    return words.plural(count, "line", "lines")
