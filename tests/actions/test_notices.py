"""Texts of notices: in the reader's language where there is one, else the site's, else English."""

from dataclasses import dataclass, replace

import pytest
from jinja2 import TemplateNotFound

from listserver.actions import notices
from listserver.core.notices import AlreadyDecided, TokenExpired, YourDecision
from listserver.core.settings import wrong
from listserver.errors import Refused, Why
from tests.actions.conftest import SITE, Community


@dataclass(frozen=True, slots=True)
class NoSuchNotice:
    """A type that has no text."""


@pytest.mark.parametrize(("language", "of_site"), [("xx", "en"), ("xx", "yy"), ("en", "yy")])
def test_a_language_without_texts_is_english(language: str, of_site: str) -> None:
    notice = TokenExpired("talk", "Talk", "talk-request@lists.example.org", "talk+owner@lists.example.org")
    assert notices.render(replace(SITE, language=of_site), notice, language) == notices.render(SITE, notice, "en")


@pytest.mark.parametrize(
    ("language", "who", "again"),
    [
        ("en", "The operator", "send it again"),
        ("de", "Der Betrieb", "noch einmal"),
        ("fr", "Le responsable", "nouveau."),
    ],
)
def test_a_decision_is_told_in_words_that_fit_it(language: str, who: str, again: str) -> None:
    done = YourDecision("talk", "Talk", "Eve <eve@example.net>", "Buy", "banned", "", 0, "")
    banned = notices.render(SITE, done, language)[1]
    assert again not in banned.replace("écrire de nouveau", ""), "who is banned cannot send it again"
    assert again in notices.render(SITE, replace(done, done="discarded"), language)[1]
    late = AlreadyDecided(
        "talk", "Talk", "Eve <eve@example.net>", "Buy", "approved", "operator", "1 May 2026, 10:00 UTC"
    )
    text = notices.render(SITE, late, language)[1]
    assert (who in text, "operator " in text.replace("The operator ", "")) == (True, False)


@pytest.mark.parametrize(
    ("wrong", "language", "text"),
    [
        (Refused("no such thing"), "en", "No such thing"),
        (Refused("no such thing"), "fr", ""),
        (
            Refused("only owners", why=Why.NOT_ALLOWED),
            "de",
            "Das kann nur, wer die Liste leitet; nichts ist geschehen.",
        ),
        (wrong("html", "x", "keep, hold"), "de", "html kann nicht »x« sein. Möglich ist »keep, hold«."),
    ],
)
def test_I4_why_something_cannot_be_is_said_where_there_are_words(wrong: Refused, language: str, text: str) -> None:
    assert notices.reason(SITE, wrong, language) == text


def test_a_notice_without_any_text_is_a_failure() -> None:
    with pytest.raises(TemplateNotFound, match="mail/en/no-such-notice"):
        notices.render(SITE, NoSuchNotice(), "en")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("olga@m\u00fcller.example", b"To: olga@xn--mller-kva.example\r\n"),
        ("\u00f6laf@example.net", "To: \u00f6laf@example.net\r\n".encode()),
    ],
)
def test_R4_no_encoded_word_stands_within_an_address(community: Community, address: str, field: bytes) -> None:
    community.join(community.create(), address, role="owner")
    community.post(sender="eve@example.net")
    (told,) = community.notices("held-post")
    assert (told["address"], field in told["bytes"]) == (address, True)


@pytest.mark.parametrize("odd", ["<\xff\xfe@x>", "<\u00e9@x>", "<\ud800@x>"])
def test_a_message_id_that_no_header_can_hold_hinders_no_answer(community: Community, odd: str) -> None:
    community.join(community.create(), "olga@example.org", role="owner")
    raw = (
        b"From: eve@example.net\r\nTo: talk@lists.example.org\r\nMessage-ID: %s\r\n\r\nHello, may I ask something?\r\n"
    )
    octets = odd.encode("latin-1" if odd.startswith("<\xff") else "utf-8", "surrogatepass")
    assert community.arrive(raw % octets, "eve@example.net", "talk@lists.example.org").code == 250
    (told,) = community.notices("your-post-waits")
    assert told["address"] == "eve@example.net" and b"In-Reply-To" not in told["bytes"]


@pytest.mark.parametrize(("admin", "told"), [("", []), ("admin@example.org", ["admin@example.org"])])
def test_mail_to_a_site_without_an_operators_address_is_taken_and_noted(
    community: Community, admin: str, told: list[str]
) -> None:
    community.site = replace(SITE, admin_email=admin)
    community.receiver = replace(community.receiver, site=community.site)
    assert community.post(to="postmaster@lists.example.org").code == 250
    assert [row["address"] for row in community.notices("forwarded")] == told
    assert community.rows("events")[-1]["name"] == "mail-forwarded"
