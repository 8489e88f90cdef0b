"""The texts of our mails: which there are, whose each one is, and whether they fit what the program tells them."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from jinja2 import TemplateSyntaxError, meta

from listserver import resources
from listserver.actions import notices
from listserver.core.notices import Notice
from listserver.core.site import Site
from listserver.errors import Refused

_ALWAYS = {"site_name", "edit_begins", "edit_ends"}


@dataclass(frozen=True, slots=True)
class Text:
    """One text. path: the file that counts. own: whether it is the site's or the list's, not ours."""

    language: str
    name: str
    path: Path
    own: bool


def kinds() -> dict[str, type]:
    """name -> type of every mail that we write."""
    return {notices.spelt(kind): kind for kind in get_args(Notice)}


def everything(site: Site, list_name: str = "") -> list[Text]:
    """All texts that count for a list, or for the site."""
    ours = resources.folder("templates")
    found: dict[tuple[str, str], Text] = {}
    for folder in map(Path, notices.folders(site, list_name)):
        for path in sorted((folder / "mail").glob("*/*.txt.j2")):
            key = (path.parent.name, path.name.removesuffix(".txt.j2"))
            found.setdefault(key, Text(*key, path, own=folder != ours))
    return [found[key] for key in sorted(found)]


def find(site: Site, name: str, language: str, list_name: str = "") -> Text:
    """The text of that name. Raises Refused with the names there are."""
    texts = everything(site, list_name)
    for text in texts:
        if (text.language, text.name) == (language, name):
            return text
    names = ", ".join(text.name for text in texts if text.language == language)
    raise Refused(f"There is no text {name!r} in {language!r}. There are: {names or 'none in this language'}.")


def own_path(site: Site, text: Text, list_name: str = "") -> Path:
    """Where a text of one's own belongs, so that it wins over ours."""
    data = Path(site.templates[0]).parent
    base = data / "lists" / list_name if list_name else data
    return base / "templates" / "mail" / text.language / f"{text.name}.txt.j2"


def check(site: Site, list_name: str = "") -> list[str]:
    """What is wrong with the texts, a sentence each."""
    return [problem for text in everything(site, list_name) for problem in _problems(text)]


def variables(text: Text) -> set[str]:
    """What a text uses of what it is told. Raises TemplateSyntaxError."""
    source = text.path.read_text("utf-8")
    tree = notices.environment(()).parse(source)
    return meta.find_undeclared_variables(tree) - _ALWAYS


def _problems(text: Text) -> list[str]:
    kind = kinds().get(text.name)
    if kind is None:
        return [f"{text.path}: no mail of ours has that name."]
    try:
        unknown = variables(text) - {field.name for field in dataclasses.fields(kind)}
    except TemplateSyntaxError as wrong:
        return [f"{text.path}, line {wrong.lineno}: {wrong.message}"]
    problems = [f"{text.path}: it uses {name!r}, which this mail is not told." for name in sorted(unknown)]
    lines = text.path.read_text("utf-8").splitlines()
    if not any(line.startswith("Subject:") for line in lines[:2]):
        problems.append(f"{text.path}: its first line must be the subject: Subject: …")
    return problems
