"""The good form of a digest: text and HTML beside each other, answered item by item. No scripts, nothing loaded."""

import textwrap
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from listserver.core.blocks import Block, Kind
from listserver.core.digest import Digest, Item, shown_subject
from listserver.core.digest_folds import Fold, folded
from listserver.core.digest_text import contents, multipart, text_part
from listserver.core.edits import crlf

_WIDTH = 76
_LINES = 4  # of a post in the text beside the HTML, where the archive has the rest; the plain form has all of it
_LONG, _SHOWN = 40, 20  # code longer than this is shown so far, where the archive has the rest
_LINE = 500  # characters of a line of HTML, so that none is longer than mail allows (RFC 5322 §2.1.1)

_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:12px 16px;max-width:42em;color:#1d2329;background:#fff;\
overflow-wrap:anywhere}
h1{font-size:1.35em;line-height:1.25;margin:.4em 0 0}
h2{font-size:1.05em;margin:2em 0 .5em;padding:.25em 0;border-bottom:2px solid #8a94a0}
h3{font-size:1.05em;line-height:1.3;margin:1.6em 0 .4em}
p,pre,ul,blockquote{margin:.6em 0}
ul{padding-left:1.3em}
li{margin:.35em 0}
li .m{display:block}
.l{padding-left:1em}
a{color:#0b57a4}
.i{border-left:3px solid #c9d1d9;padding-left:12px;margin:.8em 0 1.4em}
.m,.f{color:#59636e;font-size:.9em}
.r a{display:inline-block;padding:.35em .9em .35em 0}
blockquote{color:#59636e;font-size:.9em;font-style:italic}
pre{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;background:#f2f4f6;padding:8px}
@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}a{color:#7cb7ff}.m,.f,blockquote{color:#9ba7b4}\
.i{border-color:#3d4650}h2{border-color:#6b7683}pre{background:#20262d}}
"""


def html(digest: Digest) -> bytes:
    """The rest of the mail, from its Content-Type on: multipart/alternative."""
    return multipart("alternative", [text_part("\n".join(_text(digest))), _html_part("\n".join(_page(digest)))])


def index(digest: Digest) -> bytes:
    """The same with subjects only."""
    text = [digest.title, *contents(digest), "", *_text_end(digest)]
    page = [*_top(digest), *_contents(digest, link=False), *_end(digest)]
    return multipart("alternative", [text_part("\n".join(text)), _html_part("\n".join(page))])


def _html_part(text: str) -> bytes:
    octets = crlf(text.encode("utf-8", "replace")) + b"\r\n"
    encoding = b"7bit" if octets.isascii() else b"8bit"
    return b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + octets


# --- text -------------------------------------------------------------------------------------------------------------
def _text(digest: Digest) -> Iterator[str]:
    words = digest.words
    yield digest.title
    for heading, topics in digest.groups:
        yield f"\n{words.headings[heading]}"
        yield from (f"- {topic.subject or words.no_subject} ({len(topic.items)})" for topic in topics)
    number = 0
    for heading, topics in digest.groups:
        yield f"\n\n{words.headings[heading].upper()}"
        for topic in topics:
            yield f"\n== {topic.subject or words.no_subject}"
            for item in topic.items:
                number += 1
                yield f"\n{number}. {item.called or words.somebody}, {words.moment(item.sent_at)}"
                yield from _text_item(digest, item)
                yield f"{words.reply}: {digest.reply_to(item)}"
    yield from _text_waiting(digest)
    yield ""
    yield from _text_end(digest)


def _text_item(digest: Digest, item: Item) -> Iterator[str]:
    lines: list[str] = []
    for piece in folded(item.blocks):
        if isinstance(piece, Fold):
            lines.append(f"> {piece.snippet}" if piece.snippet else f"[{digest.words.lines_quoted(piece.lines)}]")
        else:
            lines += ["", *_wrapped(piece).split("\n")] if lines else _wrapped(piece).split("\n")
    page = digest.page(item)
    if page and len(lines) > _LINES + 1:
        lines[_LINES:] = [f"[{digest.words.lines_more(len(lines) - _LINES)}: {page}]"]
    yield from lines
    if item.files:
        yield f"[{digest.words.files}: {', '.join(file.name or file.content_type for file in item.files)}]"


def _wrapped(block: Block) -> str:
    if block.kind is Kind.CODE:
        return block.text
    return "\n".join(
        textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False) for line in block.text.split("\n")
    )


def _text_waiting(digest: Digest) -> Iterator[str]:
    words = digest.words
    if digest.waiting:
        yield f"\n\n{words.waiting.upper()}\n{words.waiting_why}\n"
        for one in digest.waiting:
            yield f"{shown_subject(one.subject) or words.no_subject} ({one.author or words.somebody})"
            yield f"{words.reply}: {digest.reply_to(one)}"


def _text_end(digest: Digest) -> list[str]:
    return ["-- ", *textwrap.wrap(f"{digest.words.leave} {digest.request}", _WIDTH)]


# --- HTML -------------------------------------------------------------------------------------------------------------
def _page(digest: Digest) -> Iterator[str]:
    words = digest.words
    yield from _top(digest)
    yield from _contents(digest, link=True)
    number = 0
    for heading, topics in digest.groups:
        yield f"<h2>{escape(words.headings[heading])}</h2>"
        for topic in topics:
            yield f"<h3>{escape(topic.subject or words.no_subject)}</h3>"
            for item in topic.items:
                number += 1
                who = f"<b>{_who(digest, item.called)}</b>, {escape(words.moment(item.sent_at))}"
                yield f"<div class=i id=i{number}><p class=m>{who}</p>"
                yield from _item(digest, item)
                yield f"<p class=r>{_links(digest, item)}</p></div>"
    yield from _waiting(digest)
    yield from _end(digest)


def _top(digest: Digest) -> list[str]:
    words = digest.words
    return [
        f'<!DOCTYPE html><html lang="{escape(digest.facts.settings.language)}"><head><meta charset=utf-8>'
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        '<meta name=color-scheme content="light dark">',
        f"<title>{escape(digest.title)}</title><style>\n{_STYLE}</style></head><body>",
        f"<h1>{escape(digest.facts.title)}</h1><p class=m>{escape(words.day(digest.made_at))}, {digest.counted}</p>",
    ]


def _contents(digest: Digest, link: bool) -> Iterator[str]:
    """The contents: threads, each a link to its first item here, or, in an index, to its page."""
    words, number = digest.words, 1
    yield f"<h2>{escape(words.contents)}</h2>"
    for heading, topics in digest.groups:
        yield f"<p><b>{escape(words.headings[heading])}</b></p><ul>"
        for topic in topics:
            people = dict.fromkeys(item.called or words.somebody for item in topic.items)
            target = (
                f"#i{number}" if link else digest.page(topic.items[0]) or f"mailto:{digest.reply_to(topic.items[0])}"
            )
            subject = escape(topic.subject or words.no_subject)
            yield f'<li><a href="{escape(target)}">{subject}</a> <span class=m>{escape(", ".join(people))}</span></li>'
            number += len(topic.items)
        yield "</ul>"


def _item(digest: Digest, item: Item) -> Iterator[str]:
    page = digest.page(item)
    for piece in folded(item.blocks):
        if not isinstance(piece, Fold):
            yield _block(digest, piece, page)
        elif piece.snippet:
            yield f"<blockquote>{escape(piece.snippet)}</blockquote>"
        else:
            yield f"<p class=f>[{escape(digest.words.lines_quoted(piece.lines))}]</p>"
    if item.files:
        names = ", ".join(escape(file.name or file.content_type) for file in item.files)
        yield f"<p class=f>{escape(digest.words.files)}: {names}</p>"


def _block(digest: Digest, block: Block, page: str) -> str:
    text = _clean(block.text)
    if block.kind is Kind.CODE:
        lines = text.split("\n")
        if page and len(lines) > _LONG:
            start = "\n".join(lines[:_SHOWN])
            link = f'<a href="{escape(page)}">{escape(digest.words.lines_more(len(lines) - _SHOWN))}</a>'
            return f"<pre>\n{escape(start, quote=False)}</pre><p class=f>{link}</p>"
        return f"<pre>\n{escape(text, quote=False)}</pre>"
    if block.kind is Kind.LIST:
        return "<p class=l>" + "<br>\n".join(_broken(line) for line in text.split("\n"))
    return "<p>" + "<br>\n".join(_broken(line) for line in text.split("\n"))


def _broken(line: str) -> str:
    """Escaped, with a line end for a space now and then."""
    if len(line) <= _LINE:
        return escape(line, quote=False)
    return "\n".join(escape(part, quote=False) for part in textwrap.wrap(line, _LINE, break_long_words=False))


_CONTROLS = {code: " " for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xFFFE, 0xFFFF)}


def _clean(text: str) -> str:
    """Without the characters that HTML must not hold."""
    return text.translate(_CONTROLS)


def _who(digest: Digest, name: str) -> str:
    return escape(_clean(name or digest.words.somebody))


def _links(digest: Digest, item: Item) -> str:
    subject = quote(f"Re: {shown_subject(_clean(item.subject))}", safe=":,()/!")  # RFC 6068 §2
    target = f"mailto:{digest.reply_to(item)}?subject={subject}"
    page = digest.page(item)
    more = f' <a href="{escape(page)}">{escape(digest.words.archive)}</a>' if page else ""
    return f'<a href="{escape(target)}">{escape(digest.words.reply)}</a>{more}'


def _waiting(digest: Digest) -> Iterator[str]:
    words = digest.words
    if digest.waiting:
        yield f"<h2>{escape(words.waiting)}</h2><p>{escape(words.waiting_why)}</p><ul>"
        for one in digest.waiting:
            subject = escape(shown_subject(_clean(one.subject)) or words.no_subject)
            target = digest.page(one)
            shown = f'<a href="{escape(target)}">{subject}</a>' if target else subject
            reply = f'<a href="mailto:{escape(digest.reply_to(one))}">{escape(words.reply)}</a>'
            yield f"<li>{shown} <span class=m>{_who(digest, one.author)}</span> {reply}</li>"
        yield "</ul>"


def _end(digest: Digest) -> list[str]:
    words, request = digest.words, escape(digest.request)
    return [
        f'<p class=m>{escape(words.how)} {escape(words.leave)} <a href="mailto:{request}">{request}</a>.</p>',
        "</body></html>",
    ]
