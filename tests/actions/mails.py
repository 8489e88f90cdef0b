"""Reading the mails that we wrote, and answering them in the form of real mail programs."""

import email
import email.policy
import html
import re
from email.message import EmailMessage
from typing import Any


def read(notice: dict[str, Any]) -> EmailMessage:
    """A row of notices as a mail."""
    found = email.message_from_bytes(notice["bytes"], policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text(notice: dict[str, Any]) -> str:
    """Its text."""
    return str(read(notice).get_content()).replace("\r\n", "\n")


def to(notice: dict[str, Any]) -> str:
    """Where an answer goes."""
    mail = read(notice)
    return str(mail["Reply-To"] or mail["From"].addresses[0].addr_spec)


def link(notice: dict[str, Any], verb: str) -> str:
    """The address of a mailto link in it."""
    found = re.search(rf"mailto:(\S+\+{verb}\.[^?>\s]+)", text(notice))
    assert found, text(notice)
    return found[1]


def _quoted(original: str) -> str:
    return "".join(f"> {line}\n" if line else ">\n" for line in original.splitlines())


def _gmail(said: str, original: str) -> tuple[str, str]:
    head = "On Wed, Nov 25, 2026 at 12:00 PM Talk <talk-request@lists.example.org> wrote:"
    quoted = _quoted(original)
    rich = html.escape(original).replace("\n", "<br>")
    return f"{said}\n\n{head}\n\n{quoted}", (
        f'<div dir="ltr">{html.escape(said)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{html.escape(head)}<br></div><blockquote class="gmail_quote">{rich}</blockquote></div>'
    )


def _outlook(said: str, original: str) -> tuple[str, str]:
    head = (
        "From: Talk <talk-request@lists.example.org>\nSent: Wednesday, November 25, 2026 12:00 PM\n"
        "To: Kim <kim@example.org>\nSubject: talk: a post waits for you: Drift"
    )
    disclaimer = (
        "This e-mail and any attachments are confidential and intended solely for the use of the individual to whom "
        "it is addressed. If you have received this email in error please notify the sender and delete it.\n"
    )
    return (
        f"{said}\n\nKim Meier\nHead of Department\n\n{disclaimer}\n{'_' * 32}\n{head}\n\n{original}",
        "",
    )


def _apple(said: str, original: str) -> tuple[str, str]:
    quoted = _quoted(original)
    return f"{said}\n\n> On 25 Nov 2026, at 12:00, Talk <talk-request@lists.example.org> wrote:\n>\n{quoted}", ""


def _thunderbird_below(said: str, original: str) -> tuple[str, str]:
    return f"Am 25.11.26 um 12:00 schrieb Talk:\n{_quoted(original)}\n{said}\n\n-- \nKim\n", ""


def _k9(said: str, original: str) -> tuple[str, str]:
    return (
        f"{said}\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.\n\n"
        f"Le 25 novembre 2026 12:00:00 GMT+01:00, Talk <talk-request@lists.example.org> a écrit :\n{_quoted(original)}"
    ), ""


def _mutt(said: str, original: str) -> tuple[str, str]:
    return f"On Wed, Nov 25, 2026 at 12:00:00PM +0000, Talk wrote:\n{_quoted(original)}\n{said}\n", ""


def _phone(said: str, original: str) -> tuple[str, str]:
    return f"{said}\n\nSent from my iPhone\n", ""


def _html_only(said: str, original: str) -> tuple[str, str]:
    return "", _gmail(said, original)[1]


CLIENTS = {
    "Gmail": _gmail,
    "Outlook": _outlook,
    "Apple Mail": _apple,
    "Thunderbird, below": _thunderbird_below,
    "K-9": _k9,
    "mutt": _mutt,
    "phone": _phone,
    "HTML only": _html_only,
}


def answer(client: str, said: str, notice: dict[str, Any], author: str, **fields: str) -> bytes:
    """A reply to a notice, as that mail program writes it."""
    plain, rich = CLIENTS[client](said, text(notice))
    original = read(notice)
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = author
    mail["To"] = to(notice)
    mail["Subject"] = f"Re: {original['Subject']}"
    mail["Message-ID"] = f"<answer-{abs(hash((client, said, author, original['Message-ID'])))}@example.org>"
    mail["In-Reply-To"] = str(original["Message-ID"])
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    if plain:
        mail.set_content(plain)
        if rich:
            mail.add_alternative(rich, subtype="html")
    else:
        mail.set_content(rich, subtype="html")
    return mail.as_bytes()
