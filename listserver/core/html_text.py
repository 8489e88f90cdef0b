"""HTML -> plain text, for posts that have nothing else: to search, to quote and to read, not to look the same."""

import re
from html.parser import HTMLParser

_HIDDEN = "script style head title template noscript svg math select textarea object iframe"
_BLOCKS = """
    address article aside blockquote center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4
    h5 h6 header hr li main nav ol p pre section table ul"""
_WITH_SPACE = "p blockquote pre table ul ol dl h1 h2 h3 h4 h5 h6"
_SILENT = frozenset(_HIDDEN.split())
_BLOCK = frozenset(_BLOCKS.split())
_APART = frozenset(_WITH_SPACE.split())
_SPACE = re.compile(r"[ \t\r\n\f\u200b]+")
MAX_QUOTE = 20
MAX_INPUT = 2_000_000  # characters; the standard library's parser is slow on hostile markup


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quote = 0
        self.silent = ""  # the element whose content is not shown, and how often it stands within itself
        self.silent_depth = 0
        self.pre = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.silent:
            self.silent_depth += tag == self.silent
        elif tag in _SILENT:
            self.silent, self.silent_depth = tag, 1
        elif tag in ("br", "tr"):
            self.end_line()
        elif tag in _BLOCK:
            self.start_block(tag)
        elif tag in ("td", "th") and self.line:
            self.line.append(" ")
        elif tag == "a":
            self.links = [next((value or "" for name, value in attrs if name == "href"), "")]
        elif tag == "img":
            self.line.append(next((value or "" for name, value in attrs if name == "alt"), ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            self.silent_depth -= tag == self.silent
            # <head> may lack its end, <body> never is within it
            if self.silent_depth == 0:
                self.silent = ""
        elif tag in _BLOCK:
            self.end_block(tag)
        elif tag == "a" and self.links:
            self.end_link(self.links.pop())

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        if not self.pre:
            self.line.append(_SPACE.sub(" ", data))
            return
        first, *more = data.split("\n")
        self.line.append(first)
        for line in more:
            self.end_line(blank=True)
            self.line.append(line)

    def start_block(self, tag: str) -> None:
        self.end_line()
        if tag in _APART:
            self.apart()
        if tag == "blockquote":
            self.quote = min(self.quote + 1, MAX_QUOTE)
        elif tag == "pre":
            self.pre += 1
        elif tag == "li":
            self.line.append("* ")
        elif tag == "hr":
            self.line.append("-" * 20)
            self.end_line()

    def end_block(self, tag: str) -> None:
        self.end_line()
        if tag == "blockquote":
            self.quote = max(self.quote - 1, 0)
        elif tag == "pre":
            self.pre = max(self.pre - 1, 0)
        if tag in _APART:
            self.apart()

    def end_link(self, address: str) -> None:
        shown = "".join(self.line[-4:])
        if address.lower().startswith(("http://", "https://")) and address.rstrip("/") not in shown:
            self.line.append(f" <{address}>")

    def apart(self) -> None:
        """One empty line, but never two, and none at the top."""
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" * self.quote)

    def end_line(self, blank: bool = False) -> None:
        text = "".join(self.line).rstrip() if self.pre else " ".join("".join(self.line).split())
        self.line = []
        if text or blank:
            self.lines.append(">" * self.quote + " " + text if self.quote else text)


def to_text(html: str) -> str:
    """Plain text of HTML: paragraphs, lists, quotes as `> `, addresses of links in <>. Never raises.

    At most MAX_INPUT characters are read.
    """
    reader = _Reader()
    reader.feed(html[:MAX_INPUT])
    reader.close()
    reader.end_line()
    return "\n".join(reader.lines).strip("\n")
