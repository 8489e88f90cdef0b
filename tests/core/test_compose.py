"""What members get (standards L1, L2, L9, L10, A6, A7, R14, O3, O4, O9)."""

import pytest

from listserver.core.compose import ListFacts, Template, Unsendable, Variant, choose_from, compose, list_id
from listserver.core.envelope import DmarcPolicy
from listserver.core.message import Post, read
from listserver.core.settings import ListSettings
from listserver.core.site import Site

HTTPS = "https://lists.example.org"


def facts(base_url: str = HTTPS, signs: bool = True, **settings: object) -> ListFacts:
    site = Site("lists.example.org", "Lists", "admin@example.org", "en", base_url, b"k" * 16, signs=signs)
    return ListFacts("talk", site, ListSettings(**settings))  # type: ignore[arg-type]


def rendered(raw: bytes, of: ListFacts, variant: Variant = Variant(), permalink: str = "") -> bytes:  # noqa: B008
    template = compose(read(raw), of, variant, permalink)
    assert isinstance(template, Template)
    return template.copy(b"TOKEN")


def copy(raw: bytes, of: ListFacts, variant: Variant = Variant(), permalink: str = "") -> Post:  # noqa: B008
    sent = rendered(raw, of, variant, permalink)
    assert b"\n" not in sent.replace(b"\r\n", b"")
    return read(sent)


FROM = b"From: Anna Smith <anna@example.org>\r\nTo: talk@lists.example.org\r\n"
HEAD = FROM + b"Subject: Hello\r\nMessage-ID: <1@a.example>\r\n"
PLAIN = HEAD + b"\r\nHow are you?\r\n"


def test_L1_the_lists_own_fields_stand_once_and_the_rest_is_untouched() -> None:
    sent = rendered(PLAIN, facts(title="Talk"), permalink=f"{HTTPS}/talk/p/ABC/")
    assert sent == (
        HEAD
        + b"List-Id: Talk <talk.lists.example.org>\r\n"
        + b"List-Post: <mailto:talk@lists.example.org>\r\n"
        + b"List-Help: <mailto:talk+help@lists.example.org>\r\n"
        + b"List-Subscribe: <mailto:talk+subscribe@lists.example.org>\r\n"
        + b"List-Unsubscribe: <https://lists.example.org/talk/unsubscribe/TOKEN>,\r\n"
        + b" <mailto:talk+unsubscribe.TOKEN@lists.example.org>\r\n"
        + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        + b"List-Owner: <mailto:talk+owner@lists.example.org>\r\n"
        + b"List-Archive: <https://lists.example.org/talk/>\r\n"
        + b"Archived-At: <https://lists.example.org/talk/p/ABC/>\r\n"
        + b"X-Mute-Thread: <mailto:talk+re.ABC@lists.example.org?subject=mute>\r\n"
        + b"Precedence: list\r\n"
        + b"X-Loop: talk.lists.example.org\r\n"
        + b"\r\nHow are you?\r\n"
    )


@pytest.mark.parametrize(
    ("of", "variant", "unsubscribe", "one_click"),
    [
        (
            facts(),
            Variant(),
            f"<{HTTPS}/talk/unsubscribe/TOKEN>, <mailto:talk+unsubscribe.TOKEN@lists.example.org>",
            True,
        ),
        (
            facts(signs=False),
            Variant(),
            f"<{HTTPS}/talk/unsubscribe/TOKEN>, <mailto:talk+unsubscribe.TOKEN@lists.example.org>",
            False,
        ),
        (facts("http://lists.example.org"), Variant(), "<mailto:talk+unsubscribe.TOKEN@lists.example.org>", False),
        (facts(""), Variant(), "<mailto:talk+unsubscribe.TOKEN@lists.example.org>", False),
        (facts(), Variant(personal=False), "<mailto:talk+unsubscribe@lists.example.org>", False),
    ],
)
def test_L3_one_click_needs_https_and_dkim(of: ListFacts, variant: Variant, unsubscribe: str, one_click: bool) -> None:
    sent = copy(PLAIN, of, variant)
    assert sent.first("List-Unsubscribe") == unsubscribe
    assert ("list-unsubscribe-post" in sent.by_name) is one_click


def test_no_archive_no_link_to_it() -> None:
    for of in (facts(archive="none"), facts("")):
        sent = copy(PLAIN, of, permalink="https://x.example/")
        assert not {"list-archive", "archived-at"} & set(sent.by_name)
    assert "archived-at" not in copy(PLAIN, facts()).by_name


def test_an_announcement_list_says_that_nobody_posts() -> None:
    assert copy(PLAIN, facts(posting="moderators")).first("List-Post") == "NO"


@pytest.mark.parametrize(
    "field",
    [
        "Return-Path: <x@y.example>",
        "DELIVERED-TO: talk@lists.example.org",
        "X-Original-To: a@b.example",
        "Bcc: secret@example.org,\r\n other@example.org",
        "Errors-To: a@b.example",
        "Disposition-Notification-To: a@b.example",
        "Return-Receipt-To: a@b.example",
        "Approved: password",
        "List-Id: <other.example.org>",
        "List-Unsubscribe: <mailto:everybody@example.org>",
        "Precedence: bulk",
        "X-Loop: TALK.lists.example.org",
    ],
)
def test_L2_L9_what_must_not_be_passed_on_is_removed(field: str) -> None:
    raw = b"Received: from a\r\n" + field.encode() + b"\r\nX-Loop: other.example.org\r\n" + PLAIN
    sent = rendered(raw, facts())
    assert field.encode() not in sent
    assert sent.startswith(b"Received: from a\r\nX-Loop: other.example.org\r\nFrom:")


@pytest.mark.parametrize(
    ("subject", "tag", "written"),
    [
        (b"Hello\r\n there", "[talk]", b"[talk] Hello\r\n there"),
        (b"Re: [Talk] Hello", "[talk]", b"Re: [Talk] Hello"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "[talk]", b"[talk] =?utf-8?q?Gr=C3=BC=C3=9Fe?="),
        (b"Hello", "[café]", b"=?utf-8?b?W2NhZsOpXQ==?= Hello"),
        ("Grüße".encode(), "[talk]", b"[talk] =?utf-8?b?R3LDvMOfZQ==?="),
        (b"Hello", "", b"Hello"),
    ],
)
def test_L10_the_tag_stands_before_the_subject_once(subject: bytes, tag: str, written: bytes) -> None:
    raw = b"From: a@b.example\r\nSubject: " + subject + b"\r\n\r\nx"
    assert b"\r\nSubject: " + written + b"\r\nList-Id:" in rendered(raw, facts(subject_tag=tag))


def test_L10_a_post_without_subject_gets_the_tag_as_its_subject() -> None:
    assert copy(b"From: a@b.example\r\n\r\nx", facts(subject_tag="[talk]")).subject == "[talk]"


ANNA, LIST, OTHER = "Anna Smith <anna@example.org>", "talk <talk@lists.example.org>", "desk@example.org"


@pytest.mark.parametrize(
    ("policy", "rewritten", "theirs", "reply_to", "cc"),
    [
        ("author", False, "", "", "carl@example.org"),
        ("author", False, OTHER, OTHER, "carl@example.org"),
        ("list", False, "", LIST, "carl@example.org"),
        ("list", False, OTHER, f"{LIST}, {OTHER}", "carl@example.org"),
        ("list", False, "talk@lists.example.org", "talk@lists.example.org", "carl@example.org"),
        ("both", False, "", f"{LIST}, {ANNA}", "carl@example.org"),
        ("both", False, OTHER, f"{LIST}, {OTHER}", "carl@example.org"),
        ("author", True, "", ANNA, "carl@example.org"),
        ("author", True, OTHER, OTHER, "carl@example.org"),
        ("list", True, "", LIST, f"carl@example.org, {ANNA}"),
        ("list", True, OTHER, f"{LIST}, {OTHER}", "carl@example.org"),
        ("both", True, "", f"{LIST}, {ANNA}", "carl@example.org"),
    ],
)
def test_L9_A7_where_answers_go(policy: str, rewritten: bool, theirs: str, reply_to: str, cc: str) -> None:
    raw = b"Sender: anna@work.example\r\nCc: carl@example.org\r\n" + PLAIN
    if theirs:
        raw = b"Reply-To: " + theirs.encode() + b"\r\n" + raw
    sent = copy(raw, facts(reply_to=policy), Variant("rewrite" if rewritten else "keep"))
    assert (sent.first("Reply-To"), sent.first("Cc")) == (reply_to, cc)
    assert sent.first("From") == ("Anna Smith via talk <talk@lists.example.org>" if rewritten else ANNA)
    assert ("sender" in sent.by_name) is not rewritten


@pytest.mark.parametrize(
    ("author", "written"),
    [
        (b"anna@example.org", '"anna via T, alk" <talk@lists.example.org>'),
        (b'"ceo@good.example" <x@bad.example>', '"x via T, alk" <talk@lists.example.org>'),
        (b"two@a.example <one@b.example>", '"Somebody via T, alk" <talk@lists.example.org>'),
        ("Änne <a@b.example>".encode(), "Änne via T, alk <talk@lists.example.org>"),
    ],
)
def test_A7_the_authors_name_is_requoted(author: bytes, written: str) -> None:
    raw = b"From: " + author + b"\r\n\r\nx"
    assert copy(raw, facts(title="T, alk"), Variant("rewrite")).first("From") == written
    assert "cc" not in copy(b"From: broken\r\n\r\nx", facts(reply_to="list"), Variant("rewrite")).by_name
    assert copy(raw.replace(b"From", b"X-From"), facts(), Variant("rewrite")).authors


@pytest.mark.parametrize(
    ("setting", "policy", "verified", "choice"),
    [
        ("auto", DmarcPolicy.ABSENT, False, "keep"),
        ("auto", DmarcPolicy.NONE, False, "keep"),
        ("auto", DmarcPolicy.QUARANTINE, False, "rewrite"),
        ("auto", DmarcPolicy.REJECT, False, "rewrite"),
        ("auto", DmarcPolicy.REJECT, True, "keep"),
        ("auto", None, False, "rewrite"),
        ("keep", DmarcPolicy.REJECT, False, "keep"),
        ("rewrite", DmarcPolicy.NONE, True, "rewrite"),
        ("wrap", DmarcPolicy.NONE, True, "wrap"),
    ],
)
def test_A6_from_is_rewritten_only_where_it_must_be(
    setting: str, policy: DmarcPolicy | None, verified: bool, choice: str
) -> None:
    assert choose_from(setting, policy, verified) == choice


def test_a_wrapped_post_is_whole_inside() -> None:
    raw = b"Bcc: secret@example.org\r\nReply-To: desk@example.org\r\n" + PLAIN
    sent = copy(raw, facts(subject_tag="[talk]"), Variant("wrap"))
    assert (sent.first("From"), sent.subject) == ("Anna Smith via talk <talk@lists.example.org>", "[talk] Hello")
    assert (sent.message_id, sent.first("Reply-To")) == ("1@a.example", "desk@example.org")
    assert [part.content_type for part in sent.parts] == ["message/rfc822"]
    assert sent.raw[sent.body_start :] == b"Reply-To: desk@example.org\r\n" + PLAIN
    assert "reply-to" not in copy(b"From: x\r\n\r\n\xff", facts(), Variant("wrap")).by_name


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"just text",
        b"From: a@b.example",
        b"From: a@b.example\nno colon here\rand bare\n",
        b"From someone Tue\nFrom: a@b.example\n\nx\n",
        b"\r\n\r\nx",
    ],
)
def test_R1_a_broken_post_goes_out_whole(raw: bytes) -> None:
    sent = copy(raw, facts(footer="Bye"))
    assert "no-separator" not in sent.findings
    assert len(sent.all("List-Id")) == 1
    assert sent.text.endswith("_\nBye\n")


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return HEAD + f"MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=b\r\n\r\n{body}".encode()


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Grüße</p></body></html>"


def test_R14_a_signed_post_is_not_touched() -> None:
    raw = multipart("signed", TEXT, "Content-Type: application/pgp-signature\r\n\r\nxx")
    of = facts(footer="Bye", subject_tag="[talk]")
    body = raw.partition(b"\r\n\r\n")[2]
    sent = rendered(raw, of)
    assert sent.endswith(b"\r\n\r\n" + body)
    assert b"Subject: Hello\r\n" in sent
    assert compose(read(raw), of, Variant(eight_bit=False)) == Unsendable(
        "5.6.3", "It is signed or encrypted and has octets that the next server does not take."
    )


def test_L10_the_footer_stands_in_the_plain_and_the_html_form() -> None:
    sent = copy(multipart("alternative", TEXT, HTML), facts(footer="a < b\nhttps://x.example"))
    plain, html = (sent.raw[part.start : part.end].decode() for part in sent.parts)
    assert plain == f"Grüße\r\n\r\n{'_' * 47}\r\na < b\r\nhttps://x.example"
    assert html == ("<html><body><p>Grüße</p><hr><div>a &lt; b<br>\r\nhttps://x.example</div>\r\n</body></html>")


QP = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


@pytest.mark.parametrize(
    ("part", "footer", "text"),
    [
        ("\r\nhello", "Bye", "hello\n\n" + "_" * 47 + "\nBye"),
        ("\r\nhello", "Tschüß", "hello\n\n" + "_" * 47 + "\nTschüß"),
        (QP + "caf=E9 =3D", "Bye", "café =\n\n" + "_" * 47 + "\nBye"),
        (QP + "caf=E9=", "Bye", "café\n\n" + "_" * 47 + "\nBye"),
        (QP + "caf=E9", "日本", "café\n\n" + "_" * 47 + "\n日本"),
        ("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=", "Bye", "hello\n\n" + "_" * 47 + "\nBye"),
        (
            "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\naABpAA==",
            "Bye",
            "hi\n\n" + "_" * 47 + "\nBye",
        ),
        ("Content-Type: text/plain; charset=utf-16\r\n\r\nodd", "Bye", "odd"),
        (
            "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nhello \r\nyou",
            "> é",
            "helloyou\n\n" + "_" * 47 + "\n> é",
        ),
        ("Content-Type: image/png\r\n\r\nhello", "Bye", ""),
        ("Content-Type: text/html\r\n\r\n<p>hello</p>", "Bye", "hello\n\n--------------------\nBye"),
    ],
)
def test_L10_the_footer_fits_charset_and_encoding(part: str, footer: str, text: str) -> None:
    of = facts(footer=footer)
    assert copy(multipart("mixed", part, "Content-Type: image/png\r\n\r\nx"), of).text.rstrip("\n") == text
    single = copy(HEAD + part.lstrip("\r\n").encode() if part[0] != "\r" else HEAD + part.encode(), of)
    assert single.text.strip("\n") == text


def test_O9_over_long_lines_are_re_encoded() -> None:
    long = "ä" * 600 + " " + "x" * 1200
    raw = multipart(
        "mixed",
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{long}\r\nend",
        f"Content-Type: image/png\r\n\r\n{'z' * 2000}",
    ).replace(b"--b\r\n", b"preamble " + b"p" * 999 + b"\r\n--b\r\n", 1)
    raw = raw.replace(b"Subject: Hello", b"Subject: Hello" + b" there" * 300 + b" " + b"y" * 1200)
    sent = copy(raw, facts())
    assert max(map(len, sent.raw.split(b"\r\n"))) <= 998
    assert sent.text == long + "\nend"
    assert sent.subject == read(raw).subject
    assert [part.encoding for part in sent.parts] == ["base64", "base64"]
    assert b"preamble" not in sent.raw


def test_O9_R14_a_long_line_of_a_signed_post_stays() -> None:
    raw = multipart("signed", f"Content-Type: text/plain\r\n\r\n{'x' * 1200}", "Content-Type: a/sig\r\n\r\nx")
    assert rendered(raw, facts()).endswith(raw.partition(b"\r\n\r\n")[2])


def test_O9_a_long_line_of_a_plain_post_is_folded_by_its_encoding() -> None:
    sent = copy(HEAD + b"\r\n" + b"x " * 1200 + b"\r\n", facts())
    assert (sent.text, sent.parts[0].encoding) == ("x " * 1200 + "\n", "quoted-printable")


def test_O4_a_relay_without_8bitmime() -> None:
    named = 'Content-Type: image/png; name="Bär.png"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8='
    raw = multipart("mixed", TEXT + " hello you", named).replace(b"--b--", b"--b--\r\n\xff")
    template = compose(read(raw), facts(), Variant())
    assert isinstance(template, Template)
    assert template.eight_bit and not template.utf8
    sent = copy(raw, facts(), Variant(eight_bit=False))
    assert sent.raw.isascii()
    assert sent.text == "Grüße hello you"
    assert sent.parts[0].encoding == "quoted-printable"
    assert sent.parts[1].filename == "Bär.png"
    plain = copy(HEAD + b"\r\n\xc3\xa4 hello", facts(), Variant(eight_bit=False))
    assert (plain.text, plain.first("MIME-Version")) == ("ä hello", "1.0")
    assert (
        len(
            copy(b"MIME-Version: 1.0\r\n" + HEAD + b"\r\n\xc3\xa4", facts(), Variant(eight_bit=False)).all(
                "MIME-Version"
            )
        )
        == 1
    )


LONG_TO = ",".join(f"member{number}@example.org" for number in range(60))


@pytest.mark.parametrize(
    ("field", "utf8", "written"),
    [
        ("Subject: Grüße", False, "Subject: =?utf-8?b?R3LDvMOfZQ==?="),
        ("Subject: Grüße", True, "Subject: Grüße"),
        ("From: Änne <a@bücher.example>", False, "From: =?utf-8?b?w4RubmU=?= <a@xn--bcher-kva.example>"),
        ("To: Änne <a@b.example>", False, "To: =?utf-8?b?w4RubmU=?= <a@b.example>"),
        ("From: Jörg <jörg@example.org>", False, "From: =?utf-8?q?J=C3=B6rg_j=C3=B6rg=40example=2Eorg?=:;"),
        ("From: a@ü..example", False, "From: =?utf-8?b?YUDDvC4uZXhhbXBsZQ==?="),
        ("To: a@\u2488.example", False, "To: =?utf-8?b?YUDikoguZXhhbXBsZQ==?=:;"),
        ("References: <ä@b> <c@d>", False, "References: <c@d>"),
        ("References: <ä@b>", False, ""),
        ("Received: from ä", False, ""),
        (
            'Content-Disposition: inline; x="a\\"b"; filename=ä',
            False,
            "Content-Disposition: inline; x*=utf-8''a%22b; filename*=utf-8''%C3%A4",
        ),
        ("To: " + LONG_TO, True, "To: " + LONG_TO.replace(",", ", ")),
        (
            "References: " + "".join(f"<{number}@example.org>" for number in range(80)),
            True,
            "References: " + " ".join(f"<{number}@example.org>" for number in range(80)),
        ),
        ("References: <" + "x" * 998 + ">", True, ""),
        ("X-Google-DKIM-Signature: " + "x" * 1000, True, ""),
        ("Keywords: " + "word " * 250, True, "Keywords: " + ("word " * 250).strip()),
    ],
)
def test_O3_O9_header_fields_that_cannot_travel(field: str, utf8: bool, written: str) -> None:
    sent = rendered(b"X-First: 1\r\n" + field.encode() + b"\r\n\r\nx", facts(), Variant(utf8=utf8))
    lines = sent.partition(b"List-Id:")[0].removeprefix(b"X-First: 1\r\n")
    assert lines.replace(b"\r\n ", b" ").decode() == (written + "\r\n" if written else "")


def test_a_header_that_is_not_utf_8_is_encoded_everywhere() -> None:
    template = compose(read(b"Subject: caf\xe9\r\n\r\nx"), facts(), Variant())
    assert isinstance(template, Template)
    assert not template.utf8
    assert b"Subject: =?utf-8?b?Y2Fmw6k=?=\r\n" in template.copy(b"")


def test_L4_the_loop_mark_is_the_list_id() -> None:
    of = facts()
    assert of.list_id == list_id("talk", "Lists.example.org") == copy(PLAIN, of).first("X-Loop")
