"""core.address: keys, what people type, SMTP paths, what our addresses mean."""

import pytest

from listserver.core import address
from listserver.core.address import Path, Problem, Route, Verb
from listserver.errors import UsageError

LISTS = {"talk", "foo", "foo-sub", "field-notes", "x.y"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anna@Example.ORG", "anna@example.org", True),
        ("anna@example.org.", "anna@example.org", True),
        ("jose\u0301@example.org", "JOSÉ@example.org", True),
        ("a@bücher.example", "a@xn--bcher-kva.example", True),
        ("a@BÜCHER.example", "A@XN--BCHER-KVA.example", True),
        ("a@straße.example", "a@strasse.example", False),
        ("straße@example.org", "STRASSE@example.org", True),
        ("a@x☺️\u200d.example", "a@x.example", False),
        ("ä", "Ä", True),
        ("anna+list@example.org", "anna@example.org", False),
    ],
)
def test_I1_key_is_equal_for_equal_mailboxes(one: str, other: str, same: bool) -> None:
    assert (address.key(one) == address.key(other)) is same


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" anna@example.org ", "anna@example.org"),
        ("Anna.Berg+list@Mail.example.org", "Anna.Berg+list@Mail.example.org"),
        ("o'neil@mail-1.example.org", "o'neil@mail-1.example.org"),
        ("ünï@bücher.example", "ünï@bücher.example"),
        ("joe@mail.local", "joe@mail.local"),
        ("joe@example.test", "joe@example.test"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_I1_valid_keeps_addresses_as_typed(typed: str, kept: str) -> None:
    assert address.valid(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "anna",
        "anna@gmail",
        "a@b@c.de",
        "Anna <a@b.de>",
        '"x y"@b.de',
        "a@[127.0.0.1]",
        "a..b@c.de",
        "a@x.invalid",
        "a b@c.de",
        "a@-x.de",
        "a\x00@b.de",
        "x" * 400 + "@b.de",
        "a@b_c.de",
        "a@x..de",
    ],
)
def test_I1_valid_refuses_in_plain_words(typed: str) -> None:
    with pytest.raises(UsageError) as wrong:
        address.valid(typed)
    assert "\x00" not in wrong.value.public
    assert len(wrong.value.public) < 400


@pytest.mark.parametrize(
    ("line", "name", "found"),
    [
        ("anna@example.org", "", "anna@example.org"),
        ('"Berg, Anna" <anna@example.org>', "Berg, Anna", "anna@example.org"),
        (r'"Anna \"Ann\" Berg" <anna@example.org>', 'Anna "Ann" Berg', "anna@example.org"),
        ("Anna Berg <anna@example.org>\n", "Anna Berg", "anna@example.org"),
        ("<anna@example.org>", "", "anna@example.org"),
        ("anna@example.org (Anna Berg)", "Anna Berg", "anna@example.org"),
        ("anna@example.org Anna Berg", "Anna Berg", "anna@example.org"),
    ],
)
def test_member_lines(line: str, name: str, found: str) -> None:
    assert address.parse_member_line(line) == (name, found)


@pytest.mark.parametrize("line", ["Anna Berg", "Anna <anna@>", "Anna <a@b.de> <c@d.de>", ""])
def test_member_lines_that_are_wrong(line: str) -> None:
    with pytest.raises(UsageError):
        address.parse_member_line(line)


def test_list_names() -> None:
    assert address.list_name(" Field-Notes ") == "field-notes"
    for wrong in ("", "-x", "x-", "a b", "ä", "a" * 60, "a+b", "a@b"):
        with pytest.raises(UsageError):
            address.list_name(wrong)


ROUTES = [
    ("talk", Route("talk", Verb.POST)),
    ("Talk", Route("talk", Verb.POST)),
    ("foo-sub", Route("foo-sub", Verb.POST)),
    ("foo-sub-help", Route("foo-sub", Verb.HELP)),
    ("field-notes-request", Route("field-notes", Verb.REQUEST)),
    # LISTSERV
    ("listserv", Route(None, Verb.ROBOT)),
    ("talk-request", Route("talk", Verb.REQUEST)),
    ("owner-talk", Route("talk", Verb.OWNER)),
    # Majordomo, Mailman
    ("majordomo", Route(None, Verb.ROBOT)),
    ("Mailman", Route(None, Verb.ROBOT)),
    ("mailman-owner", Route(None, Verb.POSTMASTER)),
    ("owner-majordomo", Route(None, Verb.POSTMASTER)),
    ("talk-join", Route("talk", Verb.SUBSCRIBE)),
    ("talk-subscribe", Route("talk", Verb.SUBSCRIBE)),
    ("talk-leave", Route("talk", Verb.UNSUBSCRIBE)),
    ("talk-unsubscribe", Route("talk", Verb.UNSUBSCRIBE)),
    ("talk-owner", Route("talk", Verb.OWNER)),
    ("talk-admin", Route("talk", Verb.OWNER)),
    ("talk-bounces", Route("talk", Verb.BOUNCE)),
    ("talk-bounces+anna=example.org", Route("talk", Verb.BOUNCE, "anna=example.org")),
    ("talk-confirm+0123abcd", Route("talk", Verb.CONFIRM, "0123abcd")),
    # Sympa
    ("sympa", Route(None, Verb.ROBOT)),
    ("sympa-request", Route(None, Verb.POSTMASTER)),
    ("talk-editor", Route("talk", Verb.MODERATORS)),
    # ezmlm
    ("talk-subscribe-anna=example.org", Route("talk", Verb.SUBSCRIBE, "anna@example.org")),
    ("talk-digest-subscribe", Route("talk", Verb.SUBSCRIBE, "", "digest")),
    ("talk-digest-subscribe-anna=example.org", Route("talk", Verb.SUBSCRIBE, "anna@example.org", "digest")),
    ("talk-digest-unsubscribe", Route("talk", Verb.UNSUBSCRIBE, "", "digest")),
    ("talk-sc.1134.fgh-anna=example.org", Route("talk", Verb.CONFIRM, "1134.fgh-anna=example.org", "subscribe")),
    ("talk-uc.1134.fgh", Route("talk", Verb.CONFIRM, "1134.fgh", "unsubscribe")),
    ("talk-accept-1134.fgh", Route("talk", Verb.APPROVE, "1134.fgh")),
    ("talk-reject-1134.fgh", Route("talk", Verb.REJECT, "1134.fgh")),
    ("talk-return-12-anna=example.org", Route("talk", Verb.BOUNCE, "12-anna=example.org")),
    ("talk-query", Route("talk", Verb.QUERY)),
    ("talk-list", Route("talk", Verb.WHO)),
    ("talk-faq", Route("talk", Verb.FAQ)),
    ("talk-info", Route("talk", Verb.INFO)),
    ("talk-index.3", Route("talk", Verb.INDEX, "3")),
    ("talk-get.1_9", Route("talk", Verb.GET, "1_9")),
    ("talk-thread.12", Route("talk", Verb.THREAD, "12")),
    # mlmmj
    ("talk+subscribe", Route("talk", Verb.SUBSCRIBE)),
    ("talk+subscribe-digest", Route("talk", Verb.SUBSCRIBE, "", "digest")),
    ("talk+subscribe-nomail", Route("talk", Verb.SUBSCRIBE, "", "nomail")),
    ("talk+confsub-0123abcd", Route("talk", Verb.CONFIRM, "0123abcd", "subscribe")),
    ("talk+confunsub-0123abcd", Route("talk", Verb.CONFIRM, "0123abcd", "unsubscribe")),
    ("talk+moderate-0123abcd", Route("talk", Verb.APPROVE, "0123abcd")),
    ("talk+release-0123abcd", Route("talk", Verb.APPROVE, "0123abcd")),
    ("talk+bounces-1-0123abcd", Route("talk", Verb.BOUNCE, "1-0123abcd")),
    ("talk+get-12", Route("talk", Verb.GET, "12")),
    # Groups.io, Google
    ("talk+unsubscribe", Route("talk", Verb.UNSUBSCRIBE)),
    ("talk+nomail", Route("talk", Verb.SET, "", "nomail")),
    ("talk+digest", Route("talk", Verb.SET, "", "digest")),
    ("talk+delete+12", Route("talk", Verb.DISCARD, "12")),
    # Dgroups
    ("info", Route(None, Verb.ROBOT)),
    ("leave.talk", Route("talk", Verb.UNSUBSCRIBE)),
    ("admin.talk", Route("talk", Verb.OWNER)),
    ("nomail.talk", Route("talk", Verb.SET, "", "nomail")),
    ("mail.talk", Route("talk", Verb.SET, "", "mail")),
    ("DailyDigest.Talk", Route("talk", Verb.SET, "", "daily")),
    ("weeklydigest.talk", Route("talk", Verb.SET, "", "weekly")),
    ("monthlydigest.talk", Route("talk", Verb.SET, "", "monthly")),
    ("leave.x.y", Route("x.y", Verb.UNSUBSCRIBE)),
    # ours
    ("talk+re.AB12", Route("talk", Verb.RE, "AB12")),
    ("lists", Route(None, Verb.ROBOT)),
    ("lists+confirm.AB12", Route(None, Verb.CONFIRM, "AB12")),
    ("bounces+AB12", Route(None, Verb.BOUNCE, "AB12")),
    ("postmaster", Route(None, Verb.POSTMASTER)),
    ("ABUSE", Route(None, Verb.ABUSE)),
    ("mailer-daemon", Route(None, Verb.POSTMASTER)),
    # S19: nothing is relayed
    ("nobody", Route(None, Verb.UNKNOWN)),
    ("talk-nonsense", Route(None, Verb.UNKNOWN)),
    ("nobody-subscribe", Route(None, Verb.UNKNOWN)),
    ("leave.nobody", Route(None, Verb.UNKNOWN)),
    ("owner-nobody", Route(None, Verb.UNKNOWN)),
    ("victim%elsewhere.example", Route(None, Verb.UNKNOWN)),
    ("elsewhere.example!victim", Route(None, Verb.UNKNOWN)),
    ('"victim@elsewhere.example"', Route(None, Verb.UNKNOWN)),
    ("talk-" * 60, Route(None, Verb.UNKNOWN)),
    ("-talk", Route(None, Verb.UNKNOWN)),
    ("talk+", Route(None, Verb.UNKNOWN)),
]


@pytest.mark.parametrize(("local", "expected"), ROUTES, ids=[local[:40] for local, _ in ROUTES])
def test_S19_routes_of_every_tradition(local: str, expected: Route) -> None:
    assert address.route(f"{local}@Lists.example", "lists.example", LISTS.__contains__) == expected


def test_S18_S19_domains() -> None:
    route, exists = address.route, LISTS.__contains__
    assert route("PostMaster", "lists.example", exists) == Route(None, Verb.POSTMASTER)
    assert route("talk", "lists.example", exists) == Route(None, Verb.UNKNOWN)
    assert route("talk@elsewhere.example", "lists.example", exists) == Route(None, Verb.FOREIGN)
    assert route("talk@bücher.example", "xn--bcher-kva.example", exists) == Route("talk", Verb.POST)


@pytest.mark.parametrize(
    ("new", "existing", "clash"),
    [
        ("talk", [], ""),
        ("talk", ["talk2", "walk"], ""),
        ("talk", ["Talk"], "already"),
        ("talk-help", ["talk"], "list talk already (help)"),
        ("owner-talk", ["talk"], "list talk already (owner)"),
        ("leave.talk", ["talk"], "list talk already (unsubscribe)"),
        ("talk", ["walk", "talk-help"], "list talk-help"),
        ("talk", ["nomail.talk"], "list nomail.talk"),
        ("help", ["talk"], ""),
        ("info", [], "list server itself"),
        ("Postmaster", [], "list server itself"),
        ("bounces", [], "list server itself"),
        ("mailman-owner", [], "list server itself"),
    ],
)
def test_shadows_finds_names_that_would_hide_an_address(new: str, existing: list[str], clash: str) -> None:
    found = address.shadows(new, existing)
    assert bool(found) is bool(clash)
    assert clash in found


def test_addresses_as_we_write_them_lead_back() -> None:
    exists = LISTS.__contains__
    for verb in Verb:
        if verb not in (Verb.ROBOT, Verb.POSTMASTER, Verb.ABUSE, Verb.UNKNOWN, Verb.FOREIGN, Verb.SET):
            written = address.address_for("talk", "d.example", verb)
            assert address.route(written, "d.example", exists) == Route("talk", verb)
    written = address.address_for("talk", "d.example", Verb.RE, "AB12")
    assert written == "talk+re.AB12@d.example"
    assert address.route(written, "d.example", exists) == Route("talk", Verb.RE, "AB12")
    for name in ("talk", ""):
        for token in ("ab12", ""):
            written = address.bounce_address(name, "d.example", token)
            assert address.route(written, "d.example", exists) == Route(name or None, Verb.BOUNCE, token)


@pytest.mark.parametrize(
    ("text", "written", "rest"),
    [
        ('<""@b.example>', '""@b.example', ""),
        ("<>", "", ""),
        ("<> BODY=8BITMIME", "", "BODY=8BITMIME"),
        ("<a@b.example> SIZE=12", "a@b.example", "SIZE=12"),
        (" <a@b.example>", "a@b.example", ""),
        ("a@b.example SIZE=1", "a@b.example", "SIZE=1"),
        ("<@x.example,@y.example:c@d.example>", "c@d.example", ""),
        ('<"a b"@c.example>', '"a b"@c.example', ""),
        ('<"a\\"b>"@c.example> X=1', '"a\\"b>"@c.example', "X=1"),
        ('<"talk"@c.example>', "talk@c.example", ""),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
        ("<Postmaster>", "Postmaster", ""),
        ("<a%b@us.example>", "a%b@us.example", ""),
        ("<a!b@us.example>", "a!b@us.example", ""),
        ("<ü@bücher.example>", "ü@bücher.example", ""),
    ],
)
def test_S17_paths(text: str, written: str, rest: str) -> None:
    path = address.parse_path(text)
    assert isinstance(path, Path)
    assert (path.address, path.rest) == (written, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        "<x>",
        "<@>",
        "<a@>",
        "<@b.example>",
        "<a@b@c.example>",
        "<a@b.example",
        "<a\x00@b.example>",
        "<a@b\r\n>",
        "<a@b.example>x",
        "a@b.example>",
        "<.a@b.example>",
        "<a..b@c.example>",
        "<a.@b.example>",
        "<a@.example>",
        "<a@-b.example>",
        "<a@[1.2.3]>",
        "<a@[IPv6:1:2]>",
        "<a@[x]>",
        '<"a@b.example>',
        "<a b@c.example>",
        "<a@b.example.>",
        "<" + "a" * 256 + "@b.example>",
        "<a@" + "b." * 150 + "example>",
        "<@x,:a@b.example>",
    ],
)
def test_S17_texts_that_are_no_path(text: str) -> None:
    assert isinstance(address.parse_path(text), Problem)


def test_a_return_address_of_ours_is_found_in_a_report() -> None:
    token = "0123456789abcdef01234f5c2a"
    for raw, found in (
        (b"Return-Path: <Talk-Bounces+" + token.upper().encode() + b"@Lists.Example>", ("talk", token)),
        (b"x field-notes-bounces+" + token.encode() + b"@lists.example y", ("field-notes", token)),
        (b"talk-bounces+" + token.encode() + b"@elsewhere.example", ("", "")),
        (b"talk-bounces@lists.example", ("", "")),
        (b"-" * 100_000, ("", "")),
    ):
        assert address.bounce_address_in(raw, "lists.example") == found
    link = b"List-Unsubscribe: <mailto:talk+unsubscribe." + (token + "0" * 8).encode() + b"@lists.example>"
    assert address.leave_address_in(link, "lists.example") == ("talk", token + "0" * 8)
    assert address.leave_address_in(b"talk+unsubscribe@lists.example", "lists.example") == ("", "")
