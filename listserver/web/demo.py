"""The demonstration's page: a mail program for forty invented members, on the mails that the server sent them."""

import re
import secrets
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, getaddresses
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from listserver import resources
from listserver.core.message import Post, read
from listserver.web.http import Request, Response, fields, html


@dataclass(frozen=True, slots=True)
class Mail:
    """A caught mail. name: of its file."""

    name: str
    to: str
    at: datetime
    sender: str
    subject: str


@dataclass(slots=True)
class Mailboxes:
    """The folder in which the relay catches what the server sends (delivery/folder.py), read as mailboxes."""

    folder: Path
    known: dict[str, Mail] = field(default_factory=dict)

    def of(self, address: str) -> list[Mail]:
        """What that address got, the newest first."""
        self._look()
        mails = [mail for mail in self.known.values() if mail.to == address]
        return sorted(mails, key=lambda mail: (mail.at, mail.name), reverse=True)

    def counts(self) -> dict[str, int]:
        """How many mails each address got."""
        self._look()
        counts: dict[str, int] = {}
        for mail in self.known.values():
            counts[mail.to] = counts.get(mail.to, 0) + 1
        return counts

    def read(self, name: str) -> Post | None:
        """The mail of that file name, None if there is none."""
        self._look()
        return read((self.folder / "new" / name).read_bytes()) if name in self.known else None

    def _look(self) -> None:
        new = self.folder / "new"
        for path in new.iterdir() if new.is_dir() else ():
            if path.name not in self.known:
                post = read(path.read_bytes())
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                sender = post.authors[0].name or post.authors[0].address if post.authors else post.first("From")
                self.known[path.name] = Mail(path.name, post.first("Delivered-To").lower(), at, sender, post.subject)


@dataclass(frozen=True, slots=True)
class Demo:
    """What the pages need. people: address -> name. lists: address -> what it is for. archive: base URL."""

    boxes: Mailboxes
    people: dict[str, str]
    lists: dict[str, str]
    moderators: tuple[str, ...]
    smtp: tuple[str, int]
    archive: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))


def answer(demo: Demo, request: Request) -> Response:
    """The page for a request."""
    parts = [part for part in request.path.split("/") if part]
    if request.method == "POST":
        return _send(demo, request) if parts == ["send"] else _missing(demo)
    match parts:
        case []:
            return _front(demo)
        case ["archive.css"]:
            css = (resources.folder("archive") / "static" / "archive.css").read_bytes()
            return Response(200, css, "text/css; charset=utf-8")
        case ["write"]:
            return _write(demo, request)
        case ["box", address] if address in demo.people:
            return _box(demo, address)
        case ["box", address, name] if address in demo.people:
            return _mail(demo, address, name)
        case _:
            return _missing(demo)


def _front(demo: Demo) -> Response:
    return html(_page("demo-front", demo, counts=demo.boxes.counts()))


def _box(demo: Demo, address: str) -> Response:
    return html(_page("demo-box", demo, address=address, name=demo.people[address], mails=demo.boxes.of(address)))


def _mail(demo: Demo, address: str, name: str) -> Response:
    post = demo.boxes.read(name)
    if post is None:
        return _missing(demo)
    to = post.first("Reply-To") or post.first("From")
    answer_to = {
        "as": address,
        "to": re.sub(r".*<(.*)>.*", r"\1", to),
        "subject": post.subject if post.subject.lower().startswith("re:") else f"Re: {post.subject}",
        "re": post.message_id,
    }
    everybody = {**answer_to, "to": ", ".join([answer_to["to"], *_lists_in(demo, post)])}
    raw_head = post.raw[: post.body_start].decode("utf-8", "replace")
    return html(
        _page(
            "demo-mail",
            demo,
            address=address,
            name=demo.people[address],
            post=post,
            text=_linked(post.text, address),
            head=raw_head,
            reply=urlencode(answer_to),
            reply_all=urlencode(everybody) if _lists_in(demo, post) else "",
            quoted="".join(f"> {line}\n" for line in post.text.splitlines()[:60]),
        )
    )


def _lists_in(demo: Demo, post: Post) -> list[str]:
    return [box.address for box in post.recipients if box.address.lower() in demo.lists]


def _write(demo: Demo, request: Request) -> Response:
    values = {name: request.query.get(name, "") for name in ("as", "to", "subject", "text", "re")}
    if values["as"] not in demo.people:
        values["as"] = next(iter(demo.people))
    return html(_page("demo-write", demo, values=values))


def _send(demo: Demo, request: Request) -> Response:
    form = request.form
    if not secrets.compare_digest(form.get("token", ""), demo.token):
        return html(_page("demo-said", demo, said="This form is too old. Go back, load the page again.", code=403), 403)
    author = form.get("as", "")
    recipients = [address for _, address in getaddresses([form.get("to", "")]) if address]
    if author not in demo.people or not recipients:
        return html(_page("demo-said", demo, said="Say who writes, and to whom.", code=400), 400)
    said, code = _submit(demo, author, recipients, form)
    return html(_page("demo-said", demo, said=said, code=code))


def _submit(demo: Demo, author: str, recipients: list[str], form: Mapping[str, str]) -> tuple[str, int]:
    mail = EmailMessage()
    mail["From"] = formataddr((demo.people[author], author))
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = " ".join(form.get("subject", "").split())
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{secrets.token_hex(8)}@{author.partition('@')[2]}>"
    if re.fullmatch(r"[^\s<>]{1,900}", form.get("re", "")):
        mail["In-Reply-To"] = mail["References"] = f"<{form['re']}>"
    mail.set_content(form.get("text", "").replace("\r\n", "\n"))
    try:
        with smtplib.SMTP(*demo.smtp, timeout=30) as client:
            return _dialogue(client, author, recipients, mail.as_bytes(policy=SMTP))
    except (OSError, smtplib.SMTPException) as failed:
        return f"The server could not be reached: {failed}", 0


def _dialogue(client: smtplib.SMTP, author: str, recipients: list[str], mail: bytes) -> tuple[str, int]:
    """Hand a mail over; what the server said, without its enhanced code, and its code."""
    client.ehlo()
    answers = [client.mail(author), *(client.rcpt(to) for to in recipients)]
    failed = next((answer for answer in answers if answer[0] >= 400), None)
    code, text = failed or client.data(mail)
    return re.sub(r"^\d\.\d+\.\d+ ", "", text.decode("utf-8", "replace")), code


def _missing(demo: Demo) -> Response:
    return html(_page("demo-said", demo, said="There is no such page. Begin at the front.", code=404), 404)


_LINK = re.compile(r"&lt;mailto:([^?&\s]+)\?([^\s]*?)&gt;|(https?://[^\s<>&]+)")


def _linked(text: str, address: str) -> Markup:
    """The text of a mail with its mailto links leading to the demonstration's own writing page."""

    def link(found: re.Match[str]) -> str:
        if found[3]:
            return f'<a href="{found[3]}">{found[3]}</a>'
        given = fields(found[2].replace("&amp;", "&"))
        query = urlencode(
            {"as": address, "to": found[1], "subject": given.get("subject", ""), "text": given.get("body", "")}
        )
        return f'<a href="/write?{escape(query)}">{found[1]}</a>'

    return Markup(_LINK.sub(link, str(escape(text))))  # noqa: S704 (escaped before links are put in)


def _page(page: str, demo: Demo, **values: object) -> str:
    return _environment().get_template(f"{page}.html.j2").render(demo=demo, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(str(resources.folder("archive") / "pages"))
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Callable[..., str]] = {"path": lambda text: quote(text, safe=""), "clock": _clock}
    environment.filters.update(filters)
    return environment


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"
