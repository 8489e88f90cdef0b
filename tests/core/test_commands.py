"""core.commands: what people type, in the spelling of every tradition (tests/data/commands.tsv)."""

from datetime import date
from pathlib import Path

import pytest

from listserver.core import address
from listserver.core.address import Verb
from listserver.core.command_words import FULL_WORDS, OPTION_WORDS, OPTIONS, SWITCHES, WORDS
from listserver.core.commands import Command, Do, Fault, Option, Setting, Wrong, bare_subject, is_command, parse
from listserver.core.query import Query

LISTS = {"talk", "field-notes"}
DOMAIN = "lists.example"
TODAY = date(2026, 11, 25)
TABLE = Path(__file__).parent.parent / "data/commands.tsv"
BY_TEXT = (Verb.ROBOT, Verb.REQUEST, Verb.OWNER, Verb.MODERATORS)


def setting_of(here: str = "talk") -> Setting:
    return Setting(here, DOMAIN, LISTS.__contains__, TODAY)


def _query(query: Query) -> list[str]:
    shown = [*query.terms, *(f'"{phrase}"' for phrase in query.phrases), *(f"-{word}" for word in query.excluded)]
    shown += [*(f"from:{name}" for name in query.from_), *(f"subject:{word}" for word in query.subject)]
    shown += [f"since:{query.since:%F}"] if query.since else []
    shown += [f"until:{query.until:%F}"] if query.until else []
    shown += [f"file:{query.has_file}"] if query.has_file is not None else []
    return shown + ([f"answered:{query.answered}"] if query.answered is not None else [])


def show(found: Command | Wrong) -> str:
    """A command or error in a few words, for the table."""
    if isinstance(found, Wrong):
        return " ".join(["?", found.fault, found.given, *(f"~{word}" for word in found.closest)]).replace("  ", " ")
    shown = [str(found.do), found.list or "-", found.address]
    shown += [f"({found.name})" if found.name else "", *(f"{option.name}={option.value}" for option in found.options)]
    shown += [f"#{found.token}" if found.token else "", found.text, *(_query(found.query) if found.query else [])]
    return " ".join([part for part in shown if part] + (["(password)"] if found.password else []))


def outcome(to: str, subject: str, text: str) -> str:
    """What a mail to an address of ours asks for."""
    route = address.route(f"{to}@{DOMAIN}", DOMAIN, LISTS.__contains__)
    if route.verb not in BY_TEXT:
        return " ".join(part for part in ("@" + route.verb, route.list or "-", route.option, route.argument) if part)
    setting = setting_of(route.list or "")
    if route.verb is not Verb.ROBOT and not is_command(subject, text, setting) and not parse(subject, text, setting):
        return f"people of {route.list}"
    if route.verb in (Verb.OWNER, Verb.MODERATORS) and not is_command(subject, text, setting):
        return f"people of {route.list}"
    return " | ".join(map(show, parse(subject, text, setting))) or "nothing"


def _rows() -> list[list[str]]:
    lines = TABLE.read_text().splitlines()[1:]
    return [[cell.replace("\\n", "\n") for cell in line.split("\t")] for line in lines]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: " ".join(row[:4]).replace("\n", " / ")[:60])
def test_what_each_mail_asks(row: list[str]) -> None:
    _, to, subject, text, expected = row
    assert outcome(to, subject, text) == expected


def test_the_table_has_every_tradition(capsys: pytest.CaptureFixture[str]) -> None:
    """Issue 4, must show 1: at least 150 mails; one line each."""
    rows = _rows()
    assert len(rows) >= 150
    traditions = {row[0] for row in rows}
    names = "LISTSERV,Majordomo,Mailman 2,Mailman 3,Sympa,ezmlm,mlmmj,Groups.io,Google,Dgroups,any"
    assert traditions == set(names.split(","))
    with capsys.disabled():
        print()
        for tradition, to, subject, text, expected in rows:
            said = " / ".join(part for part in (subject, *text.split("\n")) if part)
            print(f"{tradition:10} {to:36.36} {said:60.60} -> {expected}")


def _one(line: str, here: str = "talk") -> Command | Wrong | None:
    found = parse("", line, setting_of(here))
    return found[0] if found else None


def test_abbreviations_of_listserv() -> None:
    assert {word for word, do in WORDS.items() if do is Do.UNSUBSCRIBE} >= {
        "uns",
        "unsub",
        "unsubscribe",
        "sig",
        "signo",
    }
    assert WORDS["q"] is WORDS["query"] is Do.WHICH
    assert "su" not in WORDS
    assert OPTIONS["dig"] == OPTIONS["digests"] == ("mode", "digest")
    assert set(SWITCHES) <= {*OPTION_WORDS, *OPTIONS}
    assert len(FULL_WORDS) == len(set(FULL_WORDS))


@pytest.mark.parametrize(
    ("subject", "bare", "reply"),
    [
        ("help", "help", False),
        ("Re: AW: [Talk] help", "help", True),
        ("[Talk] Re[2]: help", "help", True),
        ("回复：help", "help", True),
        ("Regarding help", "Regarding help", False),
        ("", "", False),
    ],
)
def test_I3_subject_without_prefixes(subject: str, bare: str, reply: bool) -> None:
    assert bare_subject(subject) == (bare, reply)


@pytest.mark.parametrize(
    ("subject", "own", "expected"),
    [
        ("help", "which", ["help", "which"]),
        ("help", "help", ["help"]),
        ("Re: help", "which", ["which"]),
        ("Re: help", "Thank you!", ["help"]),
        ("A question", "Dear list,\n\nwhich", ["which"]),
        ("", "\n".join(["which"] * 12), ["which"] * 10),
        ("", "which\n-- \nhelp", ["which"]),
        ("", "which\nstop.\nhelp", ["which"]),
        ("", "which\n// EOJ\nhelp", ["which"]),
        ("", "which\nSo much for that.\nhelp", ["which"]),
        ("subscibe", "", []),
        ("which", "helpp", ["which", "helpp"]),
        ("x" * 500, "y" * 500, []),
        ("", "which " + "y " * 60, []),
        ("", "quiet", []),
    ],
)
def test_which_lines_are_read(subject: str, own: str, expected: list[str]) -> None:
    assert [found.line for found in parse(subject, own, setting_of())] == expected


@pytest.mark.parametrize(
    ("subject", "own", "robot"),
    [
        ("help", "", True),
        ("help", "My model does not converge. I tried three optimisers, and all of them stop at once.", False),
        ("subscribe", "My name is Anna, I work in the field and would like to join you and all the others.", True),
        ("A question", "which", True),
        ("A question", "\n\nunsubscribe\nThanks", True),
        ("A question", "ok", False),
        ("confirm 0123abcd", "", True),
        ("subscibe", "", False),
        ("", "", False),
    ],
)
def test_content_decides_between_robot_and_people(subject: str, own: str, robot: bool) -> None:
    assert is_command(subject, own, setting_of()) is robot


@pytest.mark.parametrize(
    "line",
    """
    subscribe Anna from the office|subscribe me now you|subscribe a@b.example c@d.example|unsubscribe everybody
    unsubscribe a@b.example c@d.example|change my mind|which one of these|lists of things
    help wanted here|info about you|get|thread
    confirm that it works|confirm it|auth abc nonsense|ok thanks
    approve of it|approve secret subscribe talk|reject it|add salt and pepper
    add a@b.example the best|search for the truth|find attached my report of today|set a good example here
    join us for lunch on Monday|leave me alone you two|whoo?|subscibe?
    unsubscribed me|remind me to go
    """.strip()
    .replace("\n    ", "|")
    .split("|"),
)
def test_prose_is_no_command(line: str) -> None:
    assert _one(line) is None


@pytest.mark.parametrize(
    ("line", "fault", "given"),
    [
        ("subscribe anna@gmail", Fault.ADDRESS, "anna@gmail"),
        ("unsubscribe anna@gmail", Fault.ADDRESS, "anna@gmail"),
        ("unsubscribe talk anna@gmail", Fault.ADDRESS, "anna@gmail"),
        ("subscribe address=", Fault.ADDRESS, "address="),
        ("change", Fault.ADDRESS, ""),
        ("add talk", Fault.ADDRESS, ""),
        ("add talk bob", Fault.ADDRESS, ""),
        ("approve", Fault.MISSING, ""),
        ("set-list", Fault.MISSING, ""),
        ("set-list talk title", Fault.MISSING, "title"),
        ("set topics", Fault.MISSING, "topics"),
        ("set talk pause", Fault.DATE, "pause"),
        ("pause until 31 February", Fault.DATE, "31 February"),
        ("set pause 2020-01-01", Fault.DATE, "2020-01-01"),
        ("set talk zone", Fault.MISSING, "zone"),
        ("set talk language klingon", Fault.OPTION, "language"),
        ("set mail nonsense", Fault.OPTION, "nonsense"),
        ("search in talk", Fault.MISSING, ""),
        ("searhc", Fault.WORD, "searhc"),
    ],
)
def test_errors_teach(line: str, fault: Fault, given: str) -> None:
    found = _one(line)
    assert isinstance(found, Wrong)
    assert (found.fault, found.given) == (fault, given)


@pytest.mark.parametrize(
    ("line", "here", "expected"),
    [
        ("subscribe field-notes", "talk", "subscribe field-notes"),
        ("subscribe talk@elsewhere.example", "", "subscribe - talk@elsewhere.example"),
        ("subscribe a@b.example Anna", "", "subscribe - a@b.example (Anna)"),
        ("set nomail", "", "set - mode=nomail"),
        ("set field-notes nomail", "talk", "set field-notes mode=nomail"),
        ("set text", "talk", "set talk digest_form=plain"),
        ("set mail, ack", "talk", "set talk mode=each ack=True"),
        ("subscribe digest plain", "talk", "subscribe talk mode=digest digest_form=plain"),
        ("subscribe digest=plain", "talk", "subscribe talk mode=digest"),
        ("help please", "talk", "help talk"),
        ("help commands", "talk", "help talk commands"),
        ("auth 12ab", "talk", "confirm talk #12ab"),
        ("confirm abcdefghijklmnopqrstuvwxyz", "talk", "confirm talk #abcdefghijklmnopqrstuvwxyz"),
        ("confirm talk 12ab", "talk", "confirm talk #12ab"),
        ("reject nosuch 12ab no", "", "reject nosuch #12ab no"),
        ("set-list title=x", "", "set-list - title=x"),
        ("find mixed models", "talk", "search talk mixed models"),
        ("find mixed models and more in talk", "", "search talk mixed models and more"),
        ("search drift in talk again", "", "search talk drift again"),
        ("search drift until 2024", "talk", "search talk drift until:2025-01-01"),
        ("search drift by Anna Berg", "talk", "search talk drift from:Anna Berg"),
        ("search drift in *", "talk", "search * drift"),
        ("who a@b.example", "talk", "who talk"),
        ("unsubscribe talk Anna Berg", "talk", "unsubscribe talk"),
    ],
)
def test_forms_of_commands(line: str, here: str, expected: str) -> None:
    found = _one(line, here)
    assert (show(found) if found else "None") == expected


@pytest.mark.parametrize(
    "line", ["approve talk {}", "DISTRIBUTE talk {}", "reject {} spam", "discard {}", "AUTH {} SUB talk"]
)
@pytest.mark.parametrize(
    "token", ["jgovnbafnlsjymgouqigoftqvm", "JGOVNBAFNLSJYMGOUQIGOFTQVM", "j2ovnbafnlsjymgouqigoftqvm"]
)
def test_a_token_of_letters_only_is_one_too(line: str, token: str) -> None:
    [found] = parse("", line.format(token), setting_of())
    assert isinstance(found, Command) and found.token == token


def test_options_have_the_names_of_member_settings() -> None:
    found = _one("set pause 2027-01-01")
    assert isinstance(found, Command)
    assert found.options == (Option("pause_until", date(2027, 1, 1)),)
    named = {name for name, *_ in [*OPTIONS.values(), *SWITCHES.values()]}
    assert named == {"mode", "own_copies", "ack", "concealed", "pause_until"}
