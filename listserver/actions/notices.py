"""Mails that we write: rendered from templates/mail, put on their way in the transaction of what causes them."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from sqlalchemy import Connection

from listserver import resources
from listserver.core.address import a_label
from listserver.core.compose import ListFacts, answer_fields
from listserver.core.dates import dated
from listserver.core.decisions import EDIT_BEGINS, EDIT_ENDS
from listserver.core.digest_words import words_of
from listserver.core.notices import Notice, YourCommands
from listserver.core.site import Site
from listserver.core.wrap import wrapped
from listserver.errors import Refused, Why
from listserver.store import deliveries, notices, people
from listserver.store.holds import NO_AUTHOR
from listserver.store.lists import List

NO_SUBJECT = "(no subject)"  # what callers say of a post without one; in the mail it is in its language
SAME_PER_HOUR = 5  # standards L6: the same notice to one address
_WIRE = SMTP.clone(cte_type="7bit", max_line_length=78)


def name_of(notice: Notice) -> str:
    """A notice's name is its type's, in the spelling of templates: HeldPost -> held-post."""
    return spelt(type(notice))


def spelt(kind: type) -> str:
    """The same for the type itself."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def render(site: Site, notice: Notice, language: str, list_name: str = "") -> tuple[str, str]:
    """Subject and text of a notice, in that language or else in the site's, or else in English.

    In each language the list's own text wins, then the site's, then ours.
    """
    environment = _environment(folders(site, list_name))
    chosen = spoken(site, notice, language, list_name)
    told = asdict(notice) | {"site_name": site.name}
    if told.get("subject") == NO_SUBJECT:
        told["subject"] = words_of(chosen).no_subject
    if told.get("author") == NO_AUTHOR:
        told["author"] = words_of(chosen).somebody
    head, _, body = environment.get_template(path_of(notice, chosen)).render(told).partition("\n")
    text = body.strip("\n") + "\n"
    text = text if _shows_posts(notice) else wrapped(text, EDIT_BEGINS)
    return " ".join(head.removeprefix("Subject:").split()), text


def reason(site: Site, wrong: Refused, language: str) -> str:
    """Why something cannot be, as a sentence in one of our languages; "" where there is English only."""
    if wrong.why is Why.OTHER and language != "en":
        return ""
    parts: Any = _environment(folders(site)).get_template(f"mail/{language}/parts.j2").module
    text = str(parts.refused(wrong.why, wrong.given, wrong.public)).strip()
    return text if text.startswith(wrong.given[:1]) else text[:1].upper() + text[1:]


def spoken(site: Site, notice: Notice, language: str, list_name: str = "") -> str:
    """The language in which a notice is written: that one, else the site's, else English."""
    environment = _environment(folders(site, list_name))
    for wanted in (language, site.language):
        try:
            environment.get_template(path_of(notice, wanted))
        except TemplateNotFound:
            continue
        return wanted
    return "en"


def _shows_posts(notice: Notice) -> bool:
    """Whether it has the texts of posts, whose lines are not ours to break."""
    return isinstance(notice, YourCommands) and any(result.what == "texts" for result in notice.results)


def path_of(notice: Notice | type[Notice], language: str) -> str:
    """Where the template of a notice lies within a folder of texts."""
    kind = notice if isinstance(notice, type) else type(notice)
    return f"mail/{language}/{spelt(kind)}.txt.j2"


def folders(site: Site, list_name: str = "") -> tuple[str, ...]:
    """Where texts are looked for, the first that has one wins: the list's own, the site's, ours."""
    data = Path(site.templates[0]).parent if site.templates else None
    return tuple(str(folder) for folder in resources.search_path("templates", data, list_name))


@lru_cache(maxsize=64)
def _environment(places: tuple[str, ...]) -> Environment:
    return environment(places)


def environment(places: Sequence[str]) -> Environment:
    """How templates are read from these folders."""
    made = Environment(  # noqa: S701 (plain text mails)
        loader=FileSystemLoader(list(places)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["dated"] = dated
    made.globals.update(edit_begins=EDIT_BEGINS, edit_ends=EDIT_ENDS)
    return made


def language_of(site: Site, lst: List | None) -> str:
    """A list's language where its owners set one, else the site's."""
    return str(lst.stored.get("language") or site.language) if lst else site.language


def language_for(conn: Connection, site: Site, lst: List | None, to: str) -> str:
    """The language of a mail to that address: what the person chose, else the list's, else the site's."""
    person = people.find(conn, to)
    return (person.language if person else "") or language_of(site, lst)


def send(  # noqa: PLR0913 (who, what, where to, in which words)
    conn: Connection,
    site: Site,
    notice: Notice,
    to: str,
    now: datetime,
    *,
    lst: List | None = None,
    language: str = "",
    reply_to: str = "",
    in_reply_to: str = "",
    requested: bool = False,
    limit: int = SAME_PER_HOUR,
) -> int:
    """Write a notice to one address, to leave after the commit; its id. 0 if that address had its share of this notice.

    language: where it is known already; "" looks it up.

    requested: the mail answers one of theirs (Auto-Submitted: auto-replied), else it comes by itself (RFC 3834 §5).
    """
    name = name_of(notice)
    if notices.sent_since(conn, to, name, now - timedelta(hours=1)) >= limit:
        return 0
    language = language or language_for(conn, site, lst, to)
    subject, body = render(site, notice, language, lst.name if lst else "")
    # An encoded word may not stand within an address (RFC 2047 §5): what ASCII cannot say is said in UTF-8 (RFC 6532).
    local, _, domain = to.rpartition("@")
    shown = f"{local}@{a_label(domain)}" if local.isascii() else to
    mail = EmailMessage(policy=_WIRE if shown.isascii() else _WIRE.clone(utf8=True))
    robot = site.address(f"{lst.name}-request" if lst else "lists")
    mail["From"] = Address(display_name=(lst.settings.title or lst.name) if lst else site.name, addr_spec=robot)
    mail["To"] = shown
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{secrets.token_hex(12)}@{site.domain}>"
    if reply_to:
        mail["Reply-To"] = reply_to
    if in_reply_to and in_reply_to.isascii() and in_reply_to.isprintable():  # whatever a stranger wrote there
        mail["In-Reply-To"] = mail["References"] = f"<{in_reply_to}>"
    mail["Auto-Submitted"] = "auto-replied" if requested else "auto-generated"
    own = answer_fields(ListFacts(lst.name, site, lst.settings)) if lst and requested else b""
    if not own:
        mail["Precedence"] = "list"
        mail["X-Loop"] = site.address(lst.name) if lst else robot
    mail.set_content(body)  # it drops each Content-* field that was there
    mail["Content-Language"] = spoken(site, notice, language, lst.name if lst else "")
    return queue(conn, own + mail.as_bytes(), to, now, name=name, list_id=lst.id if lst else None)


def queue(  # noqa: PLR0913
    conn: Connection, mail: bytes, to: str, now: datetime, *, name: str, list_id: int | None, sender: str = ""
) -> int:
    """Put a mail for one recipient on its way; its id. sender: the envelope's, by default one that knows the mail."""
    notice_id = notices.add(conn, list_id=list_id, name=name, address=to, sender=sender, bytes=mail, created_at=now)
    deliveries.add_notice(conn, notice_id, list_id, to, now)
    return notice_id
