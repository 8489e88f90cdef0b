"""What readers see of a digest in its HTML form, in the text beside it, and in its index."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from listserver.core import digest_html, digest_text
from listserver.core.blocks import blocks
from listserver.core.compose import ListFacts
from listserver.core.content import File
from listserver.core.digest import MOST_SUBJECT, Digest, Item, Reminder, arrange, facts_for_digest, header
from listserver.core.settings import ListSettings
from listserver.core.site import Site

AT = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
SITE = Site("lists.example", "Lists", "admin@lists.example", "en", "https://lists.example", b"s" * 32)
QUESTION = "Who has a ladder?"


def item(number: int, text: str = QUESTION, **values: Any) -> Item:
    usual: dict[str, Any] = {
        "number": number, "identifier": f"id{number}", "message_id": f"{number}@x.example", "thread_id": 1,
        "begins": number == 1, "author": "Anna Berg", "author_address": f"a{number}@x.example", "subject": "Ladder",
        "sent_at": AT, "opening": "", "blocks": blocks(text), "files": (),
    }  # fmt: skip
    return Item(**(usual | values))


def digest(*items: Item, waiting: tuple[Reminder, ...] = (), site: Site = SITE, **settings: Any) -> Digest:
    facts = ListFacts("talk", site, ListSettings(title="Talk", **settings))
    return Digest(facts, 7, "daily", AT, arrange(items or [item(1)]), waiting)


def forms(of: bytes) -> tuple[str, str]:
    """(text, HTML) as a mail program reads them."""
    mail = email.message_from_bytes(b"MIME-Version: 1.0\r\n" + of, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    text, page = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return text, page


def test_each_item_has_its_author_words_and_its_own_way_to_answer() -> None:
    text, page = forms(
        digest_html.html(digest(item(1), item(2, "I have one.", subject="Re: Ladder", author="", author_address="")))
    )
    assert "1. Anna Berg, 1 March, 14:05\nWho has a ladder?\nReply: talk+re.id1@lists.example" in text
    assert "2. Somebody, 1 March, 14:05\nI have one.\nReply: talk+re.id2@lists.example" in text
    assert '<a href="mailto:talk+re.id2@lists.example?subject=Re:%20Ladder">Reply</a>' in page
    assert '<a href="https://lists.example/talk/p/id1/">Archive</a>' in page
    assert '<li><a href="#i1">Ladder</a> <span class=m>Anna Berg, Somebody</span></li>' in page
    assert "<script" not in page and "<img" not in page


def test_without_an_archive_no_page_is_named() -> None:
    for form in (digest_html.html, digest_html.index):
        for none in (digest(archive="none"), digest(site=replace(SITE, base_url=""))):
            assert "https://" not in "".join(forms(form(none)))
    assert (
        '<a href="mailto:talk+re.id1@lists.example">Ladder</a>' in forms(digest_html.index(digest(archive="none")))[1]
    )


QUOTING = "On Monday, Ben wrote:\n> Long ago we had\n> one of wood.\n\nYes.\n\n> And of iron?\n> Or of steel?\n"


def test_of_a_quote_only_its_last_words_before_an_answer_are_shown() -> None:
    text, page = forms(digest_html.html(digest(item(1, QUOTING))))
    assert "> Long ago we had one of wood.\n\nYes.\n[2 quoted lines]\nReply" in text
    assert "<blockquote>Long ago we had one of wood.</blockquote>\n<p>Yes.\n<p class=f>[2 quoted lines]</p>" in page
    long = "\n".join(f"> line {number} of the quote goes on" for number in range(9))
    shown = forms(digest_html.html(digest(item(1, f"{long}\n\nYes."))))[1]
    assert (
        "<blockquote>… on line 6 of the quote goes on line 7 of the quote goes on line 8 of the quote goes on</b"
        in shown
    )


def test_signatures_and_footers_are_left_out() -> None:
    text, page = forms(digest_html.html(digest(item(1, f"{QUESTION}\n-- \nAnna Berg\nCarpenter\n"))))
    assert "Carpenter" not in text + page


def test_a_long_post_is_cut_in_the_text_and_whole_in_the_html() -> None:
    body = "\n\n".join(f"Paragraph {number}." for number in range(30))
    text, page = forms(digest_html.html(digest(item(1, body))))
    assert "Paragraph 1." in text and "Paragraph 29." not in text and "Paragraph 29." in page
    assert "[55 more lines: https://lists.example/talk/p/id1/]" in text
    assert "Paragraph 29." in forms(digest_html.html(digest(item(1, body), archive="none")))[0]  # there is no other way


CODE = "\n".join(["```", *(f"x{number} <- f({number}) & 1" for number in range(50)), "```"])


def test_code_keeps_its_form_and_only_where_there_is_an_archive_its_end_is_left_out() -> None:
    _, page = forms(digest_html.html(digest(item(1, CODE))))
    assert "<pre>\nx0 &lt;- f(0) &amp; 1\n" in page.replace("<pre>\n```\n", "<pre>\n") and "f(49)" not in page
    assert "more lines</a></p>" in page
    text, whole = forms(digest_html.html(digest(item(1, CODE), archive="none")))
    assert "f(49)" in whole and "x3 <- f(3) & 1" in text


def test_lists_keep_their_items_and_long_lines_are_broken_as_mail_must_be() -> None:
    made = digest_html.html(digest(item(1, f"I need:\n- a ladder\n- a < b\n\n{'word ' * 400}")))
    assert "<p class=l>- a ladder<br>\n- a &lt; b" in forms(made)[1]
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert "\x0c" not in forms(digest_html.html(digest(item(1, "a\x0cb\x1bc"))))[1]


def test_attachments_are_named() -> None:
    files = (File("1", "plan.pdf", "application/pdf", 9, ""), File("2", "", "image/png", 9, ""))
    text, page = forms(digest_html.html(digest(item(1, files=files))))
    assert "[Attached: plan.pdf, image/png]" in text
    assert "<p class=f>Attached: plan.pdf, image/png</p>" in page


def test_open_questions_are_shown_again_with_a_way_to_answer() -> None:
    waiting = (Reminder("old", "Re: Glue & nails", "Ben", AT), Reminder("none", "", "", AT))
    text, page = forms(digest_html.html(digest(waiting=waiting)))
    assert "STILL WAITING FOR AN ANSWER\nCan you help?\n\nGlue & nails (Ben)\nReply: talk+re.old@lists.example" in text
    assert "(no subject) (Somebody)" in text
    assert '<a href="https://lists.example/talk/p/old/">Glue &amp; nails</a> <span class=m>Ben</span>' in page
    assert "<li>Glue &amp; nails <span" in forms(digest_html.html(digest(waiting=waiting, archive="none")))[1]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "2 posts in 1 thread"), ("de", "2 Beiträge in 1 Thema"), ("xx", "2 posts in 1 thread")],
)
def test_the_fixed_words_are_in_the_lists_language(language: str, said: str) -> None:
    two = digest(item(1, subject=""), item(2, subject=""), language=language)
    text, page = forms(digest_html.html(two))
    index_text, index_page = forms(digest_html.index(two))
    assert said in page and said in index_text and said in index_page
    assert f'lang="{language}"' in page
    assert ("(kein Betreff)" in text) == (language == "de")


RAW = "From: Anna Berg <a1@x.example>\nBcc: secret@x.example\nSubject: Ladder\n\nWho has a ladder?\n"
RULER = "-" * 40


def test_the_plain_form_is_a_text_whose_posts_cannot_end_each_other() -> None:
    first = item(1, raw=f"{RAW}{RULER}\nEnd.\n".encode())
    second = item(2, raw=RAW.encode(), subject="", author="Jörg Öst")
    made = email.message_from_bytes(digest_text.plain(digest(first, second)), policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    text = made.get_content().replace("\r\n", "\n")
    assert text.startswith("Talk Digest\n1 March 2026\n") and text.rstrip().endswith("End of Talk Digest\n" + "*" * 18)
    assert f"\nWho has a ladder?\n {RULER}\nEnd.\n" in text  # RFC 1153 §4
    assert text.count("\n" + "-" * 30 + "\n") == 2
    assert (
        "Date: Sun, 01 Mar 2026 14:05:00 +0000\nFrom: Anna Berg <a1@x.example>\nSubject: Ladder\n"
        "Message-ID: <1@x.example>\nReply-To: talk+re.id1@lists.example\n"
    ) in text
    assert "From: Jörg Öst <a2@x.example>\nSubject: (no subject)\n" in text
    assert "1. Ladder (Anna Berg)\n  2. (Jörg Öst)\n" in text


def test_the_mime_form_holds_the_posts_as_they_came_without_what_is_private() -> None:
    posts = (item(1, raw=RAW.encode()), item(2, raw=RAW.replace("Who", "Wer").encode()))
    made = email.message_from_bytes(digest_text.mime(digest(*posts)), policy=email.policy.default)
    contents, inner = made.iter_parts()  # type: ignore[attr-defined]
    assert "1. Ladder (Anna Berg)" in contents.get_content()
    assert inner.get_content_type() == "multipart/digest"
    letters = [part.get_content() for part in inner.iter_parts()]
    assert [letter.get_content().strip() for letter in letters] == ["Who has a ladder?", "Wer has a ladder?"]
    assert [letter["Bcc"] for letter in letters] == [None, None]


@pytest.mark.parametrize(
    ("items", "heading"),
    [
        ((item(1),), "new"),
        ((item(1), item(2)), "answered"),
        ((item(1), item(2, author_address="A1@x.example")), "new"),  # who answers themselves still waits
        ((item(2), item(3)), "rest"),
    ],
)
def test_threads_stand_under_what_became_of_them(items: tuple[Item, ...], heading: str) -> None:
    assert [found for found, _ in arrange(items)] == [heading]


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Re: AW: Ladder", "Ladder"),
        ("Re:", "Re:"),
        ("Who\r\n has", "Who has"),
        ("x" * 200, "x" * (MOST_SUBJECT - 1) + "…"),
    ],
)
def test_a_thread_is_headed_by_its_subject(subject: str, shown: str) -> None:
    [(_, [topic])] = arrange([item(1, subject=subject)])
    assert topic.subject == shown


def test_the_fields_around_a_digest_bring_answers_to_the_whole_to_the_list() -> None:
    made = digest(item(1), reply_to="list", footer="The footer", subject_tag="[talk]")
    mail = email.message_from_bytes(header(made, "html") + digest_html.html(made), policy=email.policy.default)
    assert mail["Reply-To"] == "talk+re.digest.7@lists.example"
    assert mail["Subject"] == "Talk: 1 March 2026, 1 post in 1 thread"
    assert mail["Auto-Submitted"] == "auto-generated"
    other = email.message_from_bytes(header(made, "plain"), policy=email.policy.default)
    assert mail["Message-ID"] != other["Message-ID"]  # the forms differ, so they are not one mail
    settings = facts_for_digest(made.facts).settings
    assert (settings.footer, settings.subject_tag, settings.reply_to) == ("", "", "author")
