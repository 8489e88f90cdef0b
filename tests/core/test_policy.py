"""Every check, alone and together: core.policy."""

from dataclasses import replace
from typing import Any

import pytest

from listserver.core import policy
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope
from listserver.core.message import Post, read
from listserver.core.policy import Author, Facts, Finding, Verdict
from listserver.core.settings import ListSettings

ANNA = Author("anna@example.org", "anna@example.org", 1, 1, "Anna", "member", "active", known=True)
STRANGER = Author("eve@example.net", "eve@example.net")
OWNER = replace(ANNA, role="owner")


def mail(head: str = "", body: str = "Has anybody met this?\r\n", *, to: str = "talk@lists.example.org") -> Post:
    given = {line.partition(":")[0].casefold() for line in head.splitlines()}
    usual = {"From": "Anna <anna@example.org>", "To": to, "Subject": "Drift", "Message-ID": "<1@example.org>"}
    lines = [f"{name}: {value}" for name, value in usual.items() if name.casefold() not in given]
    return read(("\r\n".join([*head.splitlines(), *lines]) + "\r\n\r\n" + body).encode())


def facts(author: Author | None = ANNA, settings: dict[str, Any] | None = None, **more: Any) -> Facts:
    envelope = more.pop("envelope", Envelope("anna@example.org", "talk@lists.example.org", "smtp"))
    own = "talk@lists.example.org"
    return Facts(
        list_name="talk",
        settings=ListSettings(**(settings or {})),
        envelope=envelope,
        authors=(author,) if author else (),
        addresses=frozenset({own}),
        marks=frozenset({own, "talk.lists.example.org"}),
        **more,
    )


def with_auth(**result: Any) -> Envelope:
    return Envelope("anna@example.org", "talk@lists.example.org", "smtp", authenticity=Authenticity("ours", **result))


def reject_policy(spf: AuthResult = AuthResult.NONE) -> Envelope:
    return with_auth(dmarc=AuthResult.FAIL, dmarc_policy=DmarcPolicy.REJECT, spf=spf)


TWO = "From: anna@example.org, eve@example.net"
HTML = "Content-Type: text/html\r\n"
EXE = 'Content-Type: application/x-msdownload; name="holiday.exe"\r\n'
PNG = 'Content-Type: image/png; name="a.png"\r\n'
SIGNED = 'Content-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"'
SIGNED_BODY = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--b--\r\n"

# code, post, facts, verdict (None: the check has nothing to say)
CASES: list[tuple[str, Post, Facts, Verdict | None]] = [
    ("loop", mail(), facts(), None),
    ("loop", mail("List-Id: Talk <talk.lists.example.org>"), facts(), Verdict.DISCARD),
    ("loop", mail("X-Loop: TALK@lists.example.org"), facts(), Verdict.DISCARD),
    ("loop", mail("List-Id: <smalltalk.lists.example.org>"), facts(), None),
    ("loop", mail("\n".join(["Received: by a"] * 101)), facts(), Verdict.REJECT),
    ("loop", mail("\n".join(["Received: by a"] * 100)), facts(), None),
    ("automatic", mail(), facts(), None),
    ("automatic", mail("Auto-Submitted: auto-replied"), facts(), Verdict.DISCARD),
    ("automatic", mail("Precedence: bulk"), facts(), Verdict.HOLD),
    ("automatic", mail(), facts(envelope=Envelope("", "talk@lists.example.org", "smtp")), Verdict.DISCARD),
    ("automatic", mail(), facts(envelope=Envelope("", "talk@lists.example.org", "import")), None),
    ("duplicate", mail(), facts(), None),
    ("duplicate", mail(), facts(duplicate=True), Verdict.DISCARD),
    ("misdirected-command", mail(), facts(), None),
    ("misdirected-command", mail(), facts(misdirected="unsubscribe"), Verdict.HOLD),
    ("unusable-author", mail(), facts(), None),
    ("unusable-author", mail("From: nobody at all"), facts(None), Verdict.HOLD),
    ("unusable-author", mail("From: Us: anna@example.org;"), facts(), Verdict.HOLD),
    ("unusable-author", mail("From: a@b.example\nFrom: c@d.example"), facts(), Verdict.REJECT),
    ("several-authors", mail(), facts(), None),
    ("several-authors", mail(TWO), replace(facts(), authors=(ANNA, STRANGER)), Verdict.HOLD),
    ("several-authors", mail(TWO), replace(facts(), authors=(ANNA, OWNER)), None),
    ("several-authors", mail(TWO), facts(), Verdict.HOLD),  # not all of them were looked up
    ("several-authors", mail(TWO), replace(facts(settings={"posting": "anyone"}), authors=(ANNA, STRANGER)), None),
    ("banned", mail(), facts(), None),
    ("banned", mail(), facts(replace(ANNA, ban="*@example.org")), Verdict.REJECT),
    ("not-a-member", mail(), facts(), None),
    ("not-a-member", mail(), facts(None), None),
    ("not-a-member", mail(), facts(STRANGER), Verdict.HOLD),
    ("not-a-member", mail(), facts(STRANGER, {"non_members": "reject"}), Verdict.REJECT),
    ("not-a-member", mail(), facts(STRANGER, {"non_members": "discard"}), Verdict.DISCARD),
    ("not-a-member", mail(), facts(STRANGER, {"non_members": "accept"}), None),
    ("not-a-member", mail(), facts(STRANGER, {"posting": "anyone"}), None),
    ("not-a-member", mail(), facts(replace(ANNA, state="unconfirmed")), Verdict.HOLD),
    ("moderators-only", mail(), facts(), None),
    ("moderators-only", mail(), facts(settings={"posting": "moderators"}), Verdict.REJECT),
    ("moderators-only", mail(), facts(OWNER, {"posting": "moderators"}), None),
    ("forged", mail(), facts(), None),
    ("forged", mail(), facts(envelope=with_auth(dmarc=AuthResult.TEMPERROR)), Verdict.HOLD),
    ("forged", mail(), facts(envelope=with_auth(dmarc=AuthResult.FAIL, dmarc_policy=DmarcPolicy.NONE)), None),
    (
        "forged",
        mail(),
        facts(envelope=with_auth(dmarc=AuthResult.FAIL, dmarc_policy=DmarcPolicy.QUARANTINE)),
        Verdict.HOLD,
    ),
    ("forged", mail(), facts(envelope=reject_policy()), Verdict.HOLD),
    ("forged", mail(), facts(envelope=reject_policy(AuthResult.FAIL)), Verdict.REJECT),
    ("forged", mail(), facts(STRANGER, envelope=reject_policy()), Verdict.REJECT),
    ("forged", mail(), facts(None, envelope=reject_policy()), Verdict.REJECT),
    ("disguised", mail(), facts(), None),
    ("disguised", mail('From: "boss@example.com" <anna@example.org>'), facts(), Verdict.HOLD),
    ("disguised", mail('From: "anna@example.org" <anna@example.org>'), facts(), None),
    ("moderated", mail(), facts(), None),
    ("moderated", mail(), facts(replace(ANNA, moderated=True)), Verdict.HOLD),
    ("moderated", mail(), facts(settings={"moderation": "all"}), Verdict.HOLD),
    ("moderated", mail(), facts(None, {"moderation": "all"}), Verdict.HOLD),
    ("moderated", mail(), facts(replace(ANNA, moderated=False), {"moderation": "all"}), None),
    ("moderated", mail(), facts(OWNER, {"moderation": "all"}), None),
    ("first-post", mail(), facts(), None),
    ("first-post", mail(), facts(None), None),
    ("first-post", mail(), facts(replace(ANNA, known=False)), Verdict.HOLD),
    ("first-post", mail(), facts(replace(ANNA, known=False, accepted_posts=1), {"first_posts": 2}), Verdict.HOLD),
    ("first-post", mail(), facts(replace(ANNA, known=False, accepted_posts=1)), None),
    ("first-post", mail(), facts(replace(ANNA, known=False), {"moderation": "none"}), None),
    ("first-post", mail(), facts(replace(OWNER, known=False)), None),
    ("over-rate", mail(), facts(hour_posts=9), None),
    ("over-rate", mail(), facts(hour_posts=10), Verdict.HOLD),
    ("over-rate", mail(), facts(OWNER, hour_posts=10), None),
    ("over-rate", mail(), facts(settings={"hourly_posts": 0}, hour_posts=99), None),
    ("over-rate", mail(), facts(settings={"daily_posts": 5}, day_posts=5), Verdict.HOLD),
    ("over-rate", mail(), facts(settings={"daily_posts": 5}, day_posts=4), None),
    ("not-addressed", mail(), facts(), None),
    ("not-addressed", mail(to="someone@example.com"), facts(), Verdict.HOLD),
    ("not-addressed", mail("Cc: TALK@lists.example.org", to="x@example.com"), facts(), None),
    ("not-addressed", mail(to=", ".join(f"p{i}@example.com" for i in range(11))), facts(), Verdict.HOLD),
    ("too-big", mail(), facts(), None),
    ("too-big", mail(), facts(settings={"max_size": 10}), Verdict.REJECT),
    ("too-big", mail(), facts(settings={"max_size": 0}), None),
    ("forbidden-attachment", mail(EXE), facts(), None),
    ("forbidden-attachment", mail(EXE), facts(settings={"attachments": "refuse:.exe"}), Verdict.REJECT),
    ("forbidden-attachment", mail(EXE), facts(settings={"attachments": "refuse:application/*"}), Verdict.REJECT),
    ("forbidden-attachment", mail(EXE), facts(settings={"attachments": "refuse:image/png, .scr"}), None),
    ("no-plain-text", mail(HTML, "<p>hello"), facts(), None),
    ("no-plain-text", mail(HTML, "<p>hello"), facts(settings={"html": "reject"}), Verdict.REJECT),
    ("no-plain-text", mail(), facts(settings={"html": "hold"}), None),
    ("empty", mail(), facts(), None),
    ("empty", mail(body="  \r\n"), facts(), Verdict.HOLD),
    ("empty", mail(PNG, "x"), facts(), None),
    ("empty-subject", mail("Subject:"), facts(), None),
    ("empty-subject", mail("Subject:"), facts(settings={"empty_subject": "reject"}), Verdict.REJECT),
    ("empty-subject", mail(), facts(settings={"empty_subject": "hold"}), None),
    ("unchangeable", mail(SIGNED, SIGNED_BODY), facts(), None),
    ("unchangeable", mail(SIGNED, SIGNED_BODY), facts(settings={"footer": "bye"}), Verdict.HOLD),
    ("unchangeable", mail(), facts(settings={"footer": "bye"}), None),
    ("odd-structure", mail(), facts(), None),
    ("odd-structure", mail("Content-Type: message/partial; id=1; number=1"), facts(), Verdict.HOLD),
]


@pytest.mark.parametrize(("code", "post", "known", "verdict"), CASES)
def test_each_check_answers(code: str, post: Post, known: Facts, verdict: Verdict | None) -> None:
    answers = dict(policy.explain(post, known))
    found = answers[code]
    assert (found.verdict if found else None) == verdict
    if found:
        assert found.code == code
        assert found.author.endswith((".", "?")) and found.moderator.endswith(".")


def test_every_check_has_a_case_for_either_answer() -> None:
    codes = {policy.code_of(check) for check in policy.CHECKS}
    assert {code for code, *_, verdict in CASES if verdict is not None} == codes
    assert {code for code, *_, verdict in CASES if verdict is None} == codes


def test_a_plain_post_of_a_member_is_accepted() -> None:
    judged = policy.judge(mail(), facts())
    assert judged.verdict is Verdict.ACCEPT and judged.findings == () and judged.reasons == ()


def test_all_reasons_are_kept_and_the_strongest_wins() -> None:
    judged = policy.judge(mail("Subject:"), facts(replace(STRANGER, ban="eve@*"), {"empty_subject": "hold"}))
    assert judged.verdict is Verdict.REJECT
    assert {f.code for f in judged.findings} == {"banned", "not-a-member", "empty-subject"}
    assert [f.code for f in judged.reasons] == ["banned"]


def test_a_site_may_add_a_check() -> None:
    def no_shouting(post: Post, known: Facts) -> Finding | None:
        return Finding("no-shouting", Verdict.HOLD, "Please.", "Loud.") if post.subject.isupper() else None

    assert policy.judge(mail("Subject: HELP"), facts(), [no_shouting]).verdict is Verdict.HOLD
    assert dict(policy.explain(mail(), facts(), [no_shouting]))["no-shouting"] is None


@pytest.mark.parametrize(
    ("key", "pattern", "wanted"),
    [
        ("eve@example.net", "eve@example.net", True),
        ("eve@example.net", "EVE@Example.NET ", True),
        ("eve@example.net", "*@example.net", True),
        ("eve@example.net", "example.net", True),
        ("eve@mail.example.net", "example.net", False),
        ("eve@mail.example.net", "*.example.net", True),
        ("eve@example.net", "e[v]e@example.net", False),
        ("eve@example.net", "e?e@example.net", False),
    ],
)
def test_a_ban_is_an_address_a_pattern_or_a_domain(key: str, pattern: str, wanted: bool) -> None:
    assert policy.matches(key, pattern) is wanted
