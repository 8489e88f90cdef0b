"""One conformance suite for all transports, then what only SMTP can do wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from listserver.core.fate import Stage
from listserver.delivery import ways
from listserver.delivery.folder import Folder
from listserver.delivery.smtp import RelayUrl, Smtp, parse
from listserver.delivery.transport import Connection, Lost, Parcel, Transport, Untaken
from listserver.errors import UsageError
from tests.relay import DROP, HANG, OFFERS, Copy, Script, certified, relay

HEAD, BODY = b"Subject: hello\r\n", b"\r\nOne.\r\n..\r\n..two\r\n"  # as on the wire: dots stuffed
MAIL = b"Subject: hello\r\n\r\nOne.\r\n.\r\n.two\r\n"


def parcel(*recipients: str, sender: str = "talk-bounces@lists.example", **more: bool) -> Parcel:
    return Parcel(sender, recipients, HEAD, BODY, **more)


@asynccontextmanager
async def smtp(script: Script, patience: float = 5.0) -> AsyncIterator[Smtp]:
    async with relay(script):
        yield Smtp(RelayUrl("127.0.0.1", script.port, "none"), "lists.example", patience=patience)


def scripted(answers: dict[tuple[str, int], bytes]) -> Callable[[str, str, int], bytes | None]:
    return lambda verb, line, nth: answers.get((verb, nth))


async def send_all(connection: Connection, parcels: Sequence[Parcel]) -> list[list[Untaken]]:
    following = [*parcels[1:], None]
    return [list(await connection.send(p, then)) for p, then in zip(parcels, following, strict=True)]


# --- both transports --------------------------------------------------------------------------------------------------
def in_folder(path: Path) -> list[Copy]:
    copies = []
    for file in sorted((path / "new").iterdir(), key=lambda file: int(file.name.rsplit("-", 1)[1])):
        sender, recipient, mail = file.read_bytes().split(b"\r\n", 2)
        copies.append(Copy(sender.decode()[14:-1], recipient.decode()[14:], mail))
    return copies


@asynccontextmanager
async def transport(kind: str, tmp_path: Path) -> AsyncIterator[tuple[Transport, Callable[[], list[Copy]]]]:
    if kind == "folder":
        yield Folder(tmp_path / "out"), lambda: in_folder(tmp_path / "out")
        return
    script = Script(offers=OFFERS if kind == "pipelining" else OFFERS[1:])
    async with smtp(script) as way:
        yield way, lambda: script.taken


KINDS = pytest.mark.parametrize("kind", ["folder", "pipelining", "lockstep"])


@KINDS
def test_every_recipient_of_every_parcel_gets_the_bytes(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with transport(kind, tmp_path) as (way, taken):
            connection = await way.connect()
            parcels = [parcel("a@x.example", "b@x.example"), parcel("c@x.example", sender=""), parcel("d@x.example")]
            assert await send_all(connection, parcels) == [[], [], []]
            await connection.close()
            assert taken() == [
                Copy("talk-bounces@lists.example", "a@x.example", MAIL),
                Copy("talk-bounces@lists.example", "b@x.example", MAIL),
                Copy("", "c@x.example", MAIL),
                Copy("talk-bounces@lists.example", "d@x.example", MAIL),
            ]

    asyncio.run(story())


@KINDS
def test_what_is_only_announced_is_not_sent(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with transport(kind, tmp_path) as (way, taken):
            connection = await way.connect()
            assert not await connection.send(parcel("a@x.example"), parcel("b@x.example"))
            await connection.close()
            await asyncio.sleep(0.02)
            assert [copy.recipient for copy in taken()] == ["a@x.example"]

    asyncio.run(story())


@KINDS
def test_a_large_mail_arrives_whole(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with transport(kind, tmp_path) as (way, taken):
            connection = await way.connect()
            body = b"\r\n" + b"0123456789abcdef\r\n" * 200_000
            assert not await connection.send(Parcel("s@x.example", ("a@x.example",), HEAD, body))
            await connection.close()
            assert [copy.mail for copy in taken()] == [HEAD + body]

    asyncio.run(story())


@KINDS
def test_utf8_addresses_where_they_are_offered(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with transport(kind, tmp_path) as (way, taken):
            connection = await way.connect()
            assert not await connection.send(parcel("jürgen@münchen.example", eightbit=True, utf8=True))
            await connection.close()
            assert [copy.recipient for copy in taken()] == ["jürgen@münchen.example"]

    asyncio.run(story())


def test_a_folder_that_cannot_be_written_puts_the_copies_off(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(Lost, match="cannot be made"):
            await Folder(tmp_path / "file").connect()
        connection = await Folder(tmp_path / "out").connect()
        (tmp_path / "out" / "tmp").rmdir()
        untaken = await connection.send(parcel("a@x.example", "b@x.example"))
        assert [(u.place, u.stage, u.reply.code) for u in untaken] == [(0, Stage.DATA, 452), (1, Stage.DATA, 452)]

    asyncio.run(story())


# --- refusals at each verb --------------------------------------------------------------------------------------------
THREE = [parcel("a@x.example", "b@x.example"), parcel("c@x.example"), parcel("d@x.example")]
REFUSALS = {
    # (verb, nth) -> what it says: untaken as (parcel, place, stage, code)
    "mail": ({("MAIL", 1): b"451 4.3.0 later"}, [(1, 0, Stage.MAIL, 451)]),
    "mail, first": ({("MAIL", 0): b"550 5.7.1 not you"}, [(0, 0, Stage.MAIL, 550), (0, 1, Stage.MAIL, 550)]),
    "rcpt, one of two": ({("RCPT", 1): b"550 5.1.1 who?"}, [(0, 1, Stage.RCPT, 550)]),
    "rcpt, all": (
        {("RCPT", 0): b"450 4.2.1 later", ("RCPT", 1): b"550 5.1.1 who?"},
        [(0, 0, Stage.RCPT, 450), (0, 1, Stage.RCPT, 550)],
    ),
    "rcpt, the only one": ({("RCPT", 2): b"450 4.2.1 later"}, [(1, 0, Stage.RCPT, 450)]),
    "data": ({("DATA", 0): b"451 4.3.2 full"}, [(0, 0, Stage.DATA, 451), (0, 1, Stage.DATA, 451)]),
    "dot": ({("DOT", 1): b"554 5.7.1 spam"}, [(1, 0, Stage.DATA, 554)]),
    "dot, after a refused recipient": (
        {("RCPT", 0): b"550 5.1.1 who?", ("DOT", 0): b"554 5.7.1 spam"},
        [(0, 0, Stage.RCPT, 550), (0, 1, Stage.DATA, 554)],
    ),
}


@pytest.mark.parametrize("offers", [OFFERS, ()], ids=["pipelining", "lockstep"])
@pytest.mark.parametrize("case", REFUSALS)
def test_O6_each_answer_finds_its_recipient(case: str, offers: tuple[str, ...]) -> None:
    answers, expected = REFUSALS[case]

    async def story() -> None:
        script = Script(scripted(answers), offers)
        async with smtp(script) as way:
            connection = await way.connect()
            results = await send_all(connection, THREE)
            await connection.close()
        untaken = [(n, u.place, u.stage, u.reply.code) for n, result in enumerate(results) for u in result]
        assert untaken == expected
        everybody = [(n, place) for n, p in enumerate(THREE) for place in range(len(p.recipients))]
        left = [(n, place) for n, place, _, _ in untaken]
        assert script.got() == [THREE[n].recipients[place] for n, place in everybody if (n, place) not in left]

    asyncio.run(story())


def test_O6_354_without_a_recipient_gets_a_lone_dot() -> None:
    async def story() -> None:
        script = Script(scripted({("RCPT", 0): b"550 5.1.1 who?", ("-", 0): b"354 go on"}))
        script.offers = OFFERS
        async with smtp(script) as way:
            connection = await way.connect()
            untaken = await connection.send(parcel("a@x.example"))
            assert [(u.stage, u.reply.status) for u in untaken] == [(Stage.RCPT, "5.1.1")]
            await connection.close()
        assert "." in script.lines
        assert script.taken == []

    asyncio.run(story())


VERBS = ["MAIL", "RCPT", "DATA", "DOT"]


@pytest.mark.parametrize("offers", [OFFERS, ()], ids=["pipelining", "lockstep"])
@pytest.mark.parametrize("how", [HANG, DROP, b"421 4.3.2 closing", b"hello?", b"999 hm", b"250-" + b"x" * 20_000])
@pytest.mark.parametrize("verb", VERBS)
def test_O6_a_loss_at_each_verb_leaves_that_parcel_unanswered(verb: str, how: bytes, offers: tuple[str, ...]) -> None:
    async def story() -> None:
        nth = 2 if verb == "RCPT" else 1  # of the second parcel
        script = Script(scripted({(verb, nth): how}), offers)
        async with smtp(script, patience=0.1) as way:
            connection = await way.connect()
            assert not await connection.send(THREE[0], THREE[1])
            with pytest.raises(Lost) as lost:
                await connection.send(THREE[1], THREE[2])
            assert lost.value.after_dot is (verb == "DOT" and not how.startswith(b"421"))
            with pytest.raises(Lost):
                await connection.send(THREE[2])
            await connection.close()
        taken = verb == "DOT" and how.startswith(b"250")  # this relay took it, and we cannot know (O7)
        assert script.got() == ["a@x.example", "b@x.example"] + ["c@x.example"] * taken

    asyncio.run(story())


@pytest.mark.parametrize("how", [HANG, DROP, b"421 4.3.2 closing", b"554 5.7.1 no", b"521 5.3.2 no mail here"])
@pytest.mark.parametrize("verb", ["CONNECT", "EHLO"])
def test_no_conversation_is_a_loss_with_its_reason(verb: str, how: bytes) -> None:
    async def story() -> None:
        always = Script(lambda said, line, nth: how if said == verb or (said == "HELO" and verb == "EHLO") else None)
        async with smtp(always, patience=0.1) as way:
            with pytest.raises(Lost) as lost:
                await way.connect()
        assert lost.value.reason

    asyncio.run(story())


def test_nobody_listens() -> None:
    async def story() -> None:
        script = Script()
        async with relay(script):
            pass
        with pytest.raises(Lost, match="no connection to the relay"):
            await Smtp(RelayUrl("127.0.0.1", script.port, "none"), "lists.example").connect()

    asyncio.run(story())


def test_O10_answers_are_bounded_and_cleaned() -> None:
    async def story() -> None:
        answer = b"550-5.1.1 no \x1b[31msuch\x07 user\r\n550 5.1.1 \xff" + b"x" * 900
        async with smtp(Script(scripted({("RCPT", 0): answer}))) as way:
            connection = await way.connect()
            (untaken,) = await connection.send(parcel("a@x.example"))
            await connection.close()
        assert untaken.reply.status == "5.1.1"
        assert untaken.reply.text.startswith("no [31msuch user ?xxx")
        assert len(untaken.reply.text) == 400

    asyncio.run(story())


@pytest.mark.parametrize(
    ("offers", "given", "status"),
    [
        ((), parcel("a@x.example", eightbit=True), "5.6.3"),
        ((), parcel("a@x.example", utf8=True), "5.6.7"),
        (("SIZE 20",), parcel("a@x.example"), "5.3.4"),
        ((), parcel("jürgen@x.example"), "5.6.7"),
        ((), parcel("a\r\nRCPT TO:<b@x.example>"), "5.1.3"),
        ((), parcel("a> b@x.example"), "5.1.3"),
    ],
)
def test_O3_O4_what_the_relay_cannot_take_fails_alone(offers: tuple[str, ...], given: Parcel, status: str) -> None:
    async def story() -> None:
        script = Script(offers=offers)
        async with smtp(script) as way:
            connection = await way.connect()
            (untaken,) = await connection.send(given, parcel("b@x.example"))
            assert untaken.reply.status == status
            if "SIZE 20" not in offers:
                assert not await connection.send(parcel("b@x.example"))
                assert script.got() == ["b@x.example"]
            await connection.close()

    asyncio.run(story())


def test_O3_a_domain_beyond_ascii_becomes_an_a_label() -> None:
    async def story() -> None:
        script = Script(offers=())
        async with smtp(script) as way:
            connection = await way.connect()
            assert not await connection.send(parcel("anna@münchen.example"))
            await connection.close()
        assert script.got() == ["anna@xn--mnchen-3ya.example"]

    asyncio.run(story())


def test_parameters_are_named_only_where_needed_and_offered() -> None:
    async def story() -> None:
        script = Script(offers=(*OFFERS, "XVERP"))
        async with smtp(script) as way:
            connection = await way.connect()
            assert connection.features.xverp
            sent = [
                parcel("a@x.example"),
                parcel("ü@x.example", eightbit=True, utf8=True),
                parcel("b@x.example", verp=True),
            ]
            await send_all(connection, sent)
            await connection.close()
        sender = "MAIL FROM:<talk-bounces@lists.example>"
        assert [line for line in script.lines if line.startswith("MAIL")] == [
            sender,
            f"{sender} BODY=8BITMIME SMTPUTF8",
            f"{sender} XVERP=+=",
        ]

    asyncio.run(story())


def test_helo_where_ehlo_is_not_known() -> None:
    async def story() -> None:
        script = Script(lambda verb, line, nth: {"EHLO": b"502 what?", "HELO": b"250 hello"}.get(verb))
        async with smtp(script) as way:
            connection = await way.connect()
            assert not await connection.send(parcel("a@x.example"))
            await connection.close()
        assert script.got() == ["a@x.example"]

    asyncio.run(story())


# --- sign-in, TLS, urls -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("offer", "lines"),
    [
        ("AUTH LOGIN PLAIN", ["AUTH PLAIN AGFubmEAczNjcmV0"]),
        ("AUTH LOGIN", ["AUTH LOGIN", "YW5uYQ==", "czNjcmV0"]),
    ],
)
def test_signing_in(offer: str, lines: list[str]) -> None:
    answers = {"AUTH LOGIN": b"334 VXNlcm5hbWU6", "YW5uYQ==": b"334 UGFzc3dvcmQ6"}

    async def story() -> None:
        def answer(verb: str, line: str, nth: int) -> bytes | None:
            return answers.get(line.strip(), b"235 2.7.0 yes") if line.strip() in lines else None

        script = Script(answer, (*OFFERS, offer))
        async with relay(script):
            way = Smtp(parse(f"smtp://anna:s3cret@127.0.0.1:{script.port}"), "lists.example")
            connection = await way.connect()
            assert not await connection.send(parcel("a@x.example"))
            await connection.close()
        assert script.lines[1 : 1 + len(lines)] == lines

    asyncio.run(story())


@pytest.mark.parametrize(("offer", "why"), [("AUTH PLAIN", "502 5.5.1 what"), ("AUTH CRAM-MD5", "neither AUTH PLAIN")])
def test_not_let_in(offer: str, why: str) -> None:
    async def story() -> None:
        script = Script(offers=(*OFFERS, offer))
        async with relay(script):
            with pytest.raises(Lost, match=why):
                await Smtp(parse(f"smtp://anna:s3cret@127.0.0.1:{script.port}"), "lists.example").connect()

    asyncio.run(story())


def test_O8_required_tls_is_never_replaced_by_clear_text() -> None:
    async def story() -> None:
        for offers, answers, why in [
            ((), {}, "offers no STARTTLS"),
            (("STARTTLS",), {("STARTTLS", 0): b"454 4.7.0 no"}, "refused STARTTLS"),
            (("STARTTLS",), {("STARTTLS", 0): b"220 go\r\n250 2.0.0 injected"}, "sent more behind"),
            (("STARTTLS",), {("STARTTLS", 0): b"220 go"}, "TLS with the relay failed"),
        ]:
            script = Script(scripted(answers), (*OFFERS, *offers))
            async with relay(script):
                with pytest.raises(Lost, match=why):
                    await Smtp(RelayUrl("localhost", script.port, "required"), "lists.example", patience=1).connect()
            assert "MAIL" not in script.verbs

    asyncio.run(story())


@pytest.mark.parametrize("tls", ["implicit", "required", "opportunistic"])
def test_O8_a_parcel_goes_under_tls(tls: Literal["implicit", "required", "opportunistic"], tmp_path: Path) -> None:
    async def story() -> None:
        server, client = certified(tmp_path)
        script = Script(offers=(*OFFERS, "STARTTLS"), tls=server)
        async with relay(script, server if tls == "implicit" else None):
            way = RelayUrl("127.0.0.1", script.port, tls)
            connection = await Smtp(way, "lists.example", context=client).connect()
            big = Parcel("s@x.example", ("b@x.example",), HEAD, b"\r\n" + b"0123456789abcdef\r\n" * 50_000)
            assert await send_all(connection, [parcel("a@x.example"), big]) == [[], []]
            await connection.close()
            assert script.got() == ["a@x.example", "b@x.example"]
            assert ("STARTTLS" in script.verbs) is (tls != "implicit")
            if tls != "opportunistic":  # a relay that cannot show who it is gets nothing
                with pytest.raises(Lost, match="CERTIFICATE_VERIFY_FAILED"):
                    await Smtp(way, "lists.example", patience=2).connect()

    asyncio.run(story())


def test_O8_opportunistic_tls_goes_on_in_clear() -> None:
    async def story() -> None:
        script = Script(scripted({("STARTTLS", 0): b"454 4.7.0 no"}), (*OFFERS, "STARTTLS"))
        async with relay(script):
            connection = await Smtp(RelayUrl("127.0.0.1", script.port, "opportunistic"), "lists.example").connect()
            assert not await connection.send(parcel("a@x.example"))
            await connection.close()
        assert script.got() == ["a@x.example"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1", RelayUrl("127.0.0.1", 25, "none")),
        ("smtp://[::1]:2525", RelayUrl("::1", 2525, "none")),
        ("smtp://relay.example:26", RelayUrl("relay.example", 26, "opportunistic")),
        ("smtps://a%40b:p%3Aw@relay.example", RelayUrl("relay.example", 465, "implicit", "a@b", "p:w")),
        ("smtp+starttls://u:p@relay.example", RelayUrl("relay.example", 587, "required", "u", "p")),
    ],
)
def test_urls(url: str, expected: RelayUrl) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    "url", ["relay.example", "http://relay.example", "smtp://", "smtp://x:y", "smtp://u:p@relay.example"]
)
def test_impossible_urls_are_told_what_is_right(url: str) -> None:
    with pytest.raises(UsageError, match="write smtp"):
        parse(url)


def test_a_url_names_its_transport(tmp_path: Path) -> None:
    folder = ways.transport(f"folder://{tmp_path}/a%20b", "lists.example")
    assert isinstance(folder, Folder)
    assert folder.path == tmp_path / "a b"
    assert isinstance(ways.transport("smtp://127.0.0.1", "lists.example"), Smtp)
    for wrong in ("folder://", "folder:///", "folder://host/path"):
        with pytest.raises(UsageError, match="three slashes"):
            ways.transport(wrong, "lists.example")
