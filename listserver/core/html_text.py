"""HTML -> plain text, for posts that have nothing else: to search, to quote and to read, not to look the same.

The standard library's HTMLParser is not used: on hostile markup its time is quadratic (CVE-2025-6069), and it raises
on numeric references of more than 4,300 digits. Here one expression finds markup, and nothing is looked at twice.
"""

import re
from html import unescape

MAX_INPUT = 4_000_000  # characters; what stands behind them is not read

# A tag ends at the first `>` and holds no `<`, so no search runs past the next tag.
_MARKUP = re.compile(
    r"<(?:(?P<comment>!--)|[!?][^<>]*+>|(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*+)(?P<attributes>[^<>]*+)>)"
)
_ATTRIBUTE = re.compile(r"(?<![\w-])(href|alt)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE)
_HUGE_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
_SPACE = re.compile(r"[\s\u200b\u00ad\ufeff]+")

_HIDDEN = "script style title template noscript svg math select textarea object iframe"
_BLOCKS = """
    address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header html hr li main nav ol p pre section table tr ul"""
_WITH_SPACE = "p blockquote pre table ul ol dl h1 h2 h3 h4 h5 h6"
_SILENT = frozenset(_HIDDEN.split())
_BLOCK = frozenset(_BLOCKS.split())
_APART = frozenset(_WITH_SPACE.split())
_MAX_QUOTE = 20


def to_text(html: str) -> str:
    """Plain text: paragraphs, lists, quotes as `> `, addresses of links in <>. Never raises, linear."""
    html = html[:MAX_INPUT]
    page = _Page()
    position = 0
    while found := _MARKUP.search(html, position):
        page.data(html[position : found.start()])
        position = found.end()
        name = (found["name"] or "").lower()
        if found["comment"]:
            position = _behind(html, "-->", position)
        elif name in _SILENT and not found["close"]:
            position = _behind_element(html, name, position)
        elif name:
            page.tag(name, found["attributes"], opens=not found["close"])
    page.data(html[position:])
    page.end_line()
    return "\n".join(page.lines).strip("\n")


def _behind(html: str, end: str, position: int) -> int:
    at = html.find(end, position)
    return len(html) if at < 0 else at + len(end)


def _behind_element(html: str, name: str, position: int) -> int:
    """Behind the end tag of what is not shown; what is never closed hides all the rest, as in a browser."""
    found = re.compile(rf"</{name}\s*+>", re.IGNORECASE).search(html, position)
    return found.end() if found else len(html)


class _Page:
    """The text so far, and how the next line is to be written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quote = 0
        self.pre = 0
        self.link = ""

    def data(self, markup: str) -> None:
        text = unescape(_HUGE_REFERENCE.sub("\ufffd", markup)) if "&" in markup else markup
        if not self.pre:
            self.line.append(_SPACE.sub(" ", text))
            return
        first, *more = text.split("\n")
        self.line.append(first)
        for line in more:
            self.end_line(keep=True)
            self.line.append(line)

    def tag(self, name: str, attributes: str, opens: bool) -> None:
        if name in _BLOCK:
            self.end_line()
            if opens and name in _APART:
                self.apart()
            self.block(name, 1 if opens else -1)
            if not opens and name in _APART:
                self.apart()
        elif name == "br":
            self.end_line(keep=bool(self.lines) and self.lines[-1].strip("> ") != "")
        elif name in ("td", "th"):
            self.line.append(" ")
        elif name == "img":
            self.line.append(_attribute(attributes, "alt"))
        elif name == "a":
            self.end_link()
            self.link = _attribute(attributes, "href") if opens else ""

    def block(self, name: str, step: int) -> None:
        if name == "blockquote":
            self.quote = min(max(self.quote + step, 0), _MAX_QUOTE)
        elif name == "pre":
            self.pre = max(self.pre + step, 0)
        elif name == "li" and step > 0:
            self.line.append("* ")
        elif name == "hr":
            self.lines.append(self.quoted("-" * 20))

    def end_link(self) -> None:
        """Name the address of a link where its words do not."""
        shown = "".join(self.line[-3:])
        if self.link.lower().startswith(("http://", "https://")) and self.link.rstrip("/") not in shown:
            self.line.append(f" <{self.link}>")

    def apart(self) -> None:
        """One empty line, but never two, and none at the top."""
        if not self.lines:
            return
        if self.lines[-1].strip("> "):
            self.lines.append(">" * self.quote)
        else:  # between quotes of two depths it belongs to the outer one
            self.lines[-1] = self.lines[-1][: self.quote]

    def end_line(self, keep: bool = False) -> None:
        text = "".join(self.line)
        text = text.rstrip() if self.pre else " ".join(text.split())
        self.line = []
        if text or keep:
            self.lines.append(self.quoted(text))

    def quoted(self, text: str) -> str:
        return ">" * self.quote + " " + text if self.quote and text else ">" * self.quote + text


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            value = found[2] or found[3] or found[4] or ""
            return _SPACE.sub(" ", unescape(_HUGE_REFERENCE.sub("", value))).strip()
    return ""
