"""The parts of the mail door by themselves: content in chunks, paths, trace fields, counters, replies, the pipe."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core.envelope import Reply
from listserver.core.ip import neighbourhood, within
from listserver.smtp import arguments, pipe, replies, trace
from listserver.smtp.content import Content
from listserver.smtp.limits import Budget, Guests, Limits

MAIL_OCTETS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\r\n.", b"a", b"b: c", b"\0", b" "]), max_size=60
)
CUTS = st.lists(st.integers(1, 7), min_size=1, max_size=9)


def taken(octets: bytes, cuts: list[int], limits: Limits) -> tuple[bool, int, bytes, bytes]:
    """What Content makes of octets that come in chunks: whether the end was seen, the fault's code, mail, rest."""
    budget = Budget()
    content = Content(limits, budget, b"")
    position = turn = 0
    ended = False
    while position < len(octets) and not ended:
        size = cuts[turn % len(cuts)]
        ended = content.feed(octets[position : position + size])
        position, turn = position + size, turn + 1
    fault = content.fault.code if content.fault else 0
    raw = content.raw() if ended and not fault else b""
    content.release()
    assert budget.left == Budget().left
    return ended, fault if ended else 0, raw, content.rest + octets[position:] if ended else b""


@given(MAIL_OCTETS, CUTS, st.booleans())
def test_S1_content_does_not_depend_on_the_chunks(parts: list[bytes], cuts: list[int], lmtp: bool) -> None:
    octets = b"".join(parts) + b"\r\n.\r\nNOOP\r\n"
    whole = taken(octets, [len(octets)], Limits(lmtp=lmtp))
    assert taken(octets, cuts, Limits(lmtp=lmtp)) == whole
    assert whole[0]


@given(st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20), max_size=9), CUTS)
def test_S3_what_is_stuffed_is_unstuffed(lines: list[str], cuts: list[int]) -> None:
    mail = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    stuffed = b"\n".join(b"." * line.startswith(b".") + line for line in mail.split(b"\n"))
    assert taken(stuffed + b".\r\nQUIT\r\n", cuts, Limits()) == (True, 0, mail, b"QUIT\r\n")


def test_S6_a_mail_without_end_holds_no_more_than_its_share() -> None:
    budget = Budget(1000)
    content = Content(Limits(), budget, b"")
    content.feed(b"a" * 900)
    assert budget.left == 1000 - len(b"\r\n") - 900
    content.feed(b"a" * 900)
    assert content.fault == replies.FULL
    assert budget.left == 1000


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<>", "", {}),
        ("FROM: <> size=1", "", {"SIZE": "1"}),
        ("from: <a@b>  SIZE=1   BODY=8bitmime", "a@b", {"SIZE": "1", "BODY": "8bitmime"}),
        ('FROM:<"a>b\\"c"@d> X', '"a>b\\"c"@d', {"X": ""}),
        ("FROM:<@x,@[192.0.2.1]:a@b>", "a@b", {}),
        ("FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", {}),
    ],
)
def test_S17_sender(argument: str, address: str, parameters: dict[str, str]) -> None:
    assert arguments.sender(argument) == arguments.Arguments(address, parameters)


@pytest.mark.parametrize(
    ("argument", "status"),
    [
        ("", "5.5.4"),
        ("FROM", "5.5.4"),
        ("FROM:", "5.5.4"),
        ("TO:<a@b>", "5.5.4"),
        ("FROM:<a@b", "5.1.7"),
        ("FROM:<Postmaster>", "5.1.7"),
        ("FROM:<a b@c>", "5.1.7"),
        ("FROM:<@x:>", "5.1.7"),
        ("FROM:<a@b,c@d>", "5.1.7"),
        ("FROM:<a@b\x85>", "5.1.7"),
        ("FROM:<a@b\udcff>", "5.1.7"),
        ("FROM:<a@>", "5.1.7"),
        ("FROM:<a@b> A=1 a=2", "5.5.4"),
        ("FROM:<a@b> =", "5.5.4"),
    ],
)
def test_S17_no_sender(argument: str, status: str) -> None:
    found = arguments.sender(argument)
    assert isinstance(found, Reply)
    assert (found.code, found.status) == (501, status)


def test_S17_no_recipient() -> None:
    assert arguments.recipient("TO:<>") == replies.BAD_RECIPIENT
    assert arguments.recipient("TO:") == replies.RCPT_SYNTAX
    assert arguments.recipient("TO:<postmaster>") == arguments.Arguments("postmaster", {})


@pytest.mark.parametrize(
    ("lmtp", "extended", "tls", "utf8", "word"),
    [
        (False, False, False, False, "SMTP"),
        (False, True, False, False, "ESMTP"),
        (False, True, True, False, "ESMTPS"),
        (True, True, False, False, "LMTP"),
        (True, True, True, False, "LMTPS"),
        (False, True, False, True, "UTF8SMTP"),
        (False, True, True, True, "UTF8SMTPS"),
        (True, True, False, True, "UTF8LMTP"),
    ],
)
def test_S25_with(lmtp: bool, extended: bool, tls: bool, utf8: bool, word: str) -> None:
    assert trace.protocol(lmtp=lmtp, extended=extended, tls=tls, utf8=utf8) == word


def test_S25_received_without_client_or_recipient() -> None:
    hop = trace.Hop("", "", "door.example", "LMTP", "77", "", 1764000000.0)
    assert trace.received(hop) == (
        b"Received: from unknown\r\n\tby door.example with LMTP id 77;\r\n\tMon, 24 Nov 2025 16:00:00 -0000\r\n"
    )


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_S21_neighbourhood(address: str, key: str) -> None:
    assert neighbourhood(address) == key


def test_S21_within() -> None:
    networks = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))
    assert within("::ffff:192.0.2.9", networks)
    assert within("2001:db8::1", networks)
    assert not within("198.51.100.1", networks)
    assert not within("", networks)


def test_S21_a_minute_later_one_may_come_again() -> None:
    guests = Guests(Limits(connections_per_minute=1))
    assert guests.enter("192.0.2.1", 59.0)
    guests.leave("192.0.2.1")
    assert not guests.enter("192.0.2.1", 59.9)
    assert guests.enter("192.0.2.1", 60.0)


YES, NO, LATER = Reply(250, "2.0.0", "yes"), Reply(550, "5.7.1", "no"), Reply(451, "4.3.0", "later")


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ([YES], YES),
        ([NO], NO),
        ([NO, NO], NO),
        ([YES, NO], replies.SOME_REFUSED),
        ([NO, YES], replies.SOME_REFUSED),
        ([YES, NO, LATER], LATER),
    ],
)
def test_S16_together(verdicts: list[Reply], answer: Reply) -> None:
    assert replies.together(verdicts) == answer


def test_S23_a_reply_is_one_line_whatever_its_text_holds() -> None:
    line = replies.render(Reply(550, "5.7.1", "no\r\n250 2.0.0 yes\x1b[31m ä" + "x" * 9999))
    assert line.startswith(b"550 5.7.1 no??250 2.0.0 yes?[31m ?xxx")
    assert line.count(b"\n") == 1
    assert len(line) <= 512


def test_S13_every_fixed_reply_has_an_enhanced_code_of_its_class() -> None:
    fixed = [value for value in vars(replies).values() if isinstance(value, Reply)]
    assert len(fixed) > 30
    for reply in fixed:
        assert reply.status[0] == str(reply.code)[0], reply
        assert replies.render(reply) == f"{reply.code} {reply.status} {reply.text}\r\n".encode()


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (YES, 0),
        (LATER, 75),
        (Reply(452, "4.3.1", ""), 75),
        (NO, 69),
        (Reply(550, "5.1.1", ""), 67),
        (Reply(550, "5.6.0", ""), 65),
        (Reply(550, "5.5.2", ""), 65),
        (Reply(552, "5.3.4", ""), 65),
        (Reply(554, "5.4.6", ""), 69),
    ],
)
def test_pipe_exit_status(reply: Reply, status: int) -> None:
    assert pipe.exit_status(reply) == status
