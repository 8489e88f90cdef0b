"""The command line: exit codes, one sentence, JSON keys, safe to repeat."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doors.cli import Cli, runner

DOMAIN = "lists.example.org"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A site that `init` made."""
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", DOMAIN, "--dir", tmp_path).code == 0
    return run


@pytest.fixture
def talk(cli: Cli) -> Cli:
    """That site with a list."""
    assert cli("list", "create", "talk", "--title", "Talk", "--owner", "olga@example.org").code == 0
    return cli


def test_init_never_overwrites(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "listserver.toml"
    file.write_text(file.read_text() + "# mine\n")
    again = cli("init", "--domain", DOMAIN, "--dir", tmp_path)
    assert (again.code, again.out.count("there already")) == (0, 2)
    other = cli("init", "--domain", "other.example.org", "--dir", tmp_path)
    assert other.code == 1
    assert "Nothing was changed" in other.err
    assert file.read_text().endswith("# mine\n")
    assert file.stat().st_mode & 0o007 == 0  # it may come to hold passwords


def test_init_that_cannot_reach_its_database_can_be_run_again_with_the_right_one(tmp_path: Path, cli: Cli) -> None:
    place = tmp_path / "three"
    wrong = cli("init", "--domain", DOMAIN, "--dir", place, "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert (wrong.code, list(place.iterdir())) == (1, [])
    assert cli("init", "--domain", DOMAIN, "--dir", place).code == 0


def test_init_takes_a_database_elsewhere(tmp_path: Path, cli: Cli, postgres_server: object, postgres_url: str) -> None:
    done = cli("init", "--domain", DOMAIN, "--dir", tmp_path / "two", "--database", postgres_url)
    assert (done.code, "Database: there already" in done.out) == (0, True)
    assert "postgresql+psycopg" in (tmp_path / "two/listserver.toml").read_text()


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["list"],
        ["list", "create"],
        ["list", "create", "talk", "archive"],
        ["list", "show", "talk", "--colour"],
        ["member", "add", "talk"],
        ["member", "list", "talk", "--role", "king"],
        ["member", "add", "talk", "anna@example.org", "--role", "king"],
        ["member", "add", "talk", "anna@example.org", "--mode", "hourly"],
        ["ban", "add", "a", "b", "c"],
        ["config", "mta", "sendmail"],
        ["config", "mta", "postfix", "--file", "aliases"],
    ],
)
def test_wrong_usage_is_exit_2(talk: Cli, args: list[str]) -> None:
    done = talk(*args)
    assert (done.code, done.out if args != ["list"] else "") == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["list", "show", "absent"], "There is no list 'absent'. There are: talk."),
        (["list", "set", "talk", "archive=secret"], "write one of public, members, none"),
        (["list", "set", "talk", "colour=red"], "There is no setting 'colour'"),
        (["list", "create", "talk", "--title", "Other"], "listserver list set talk"),
        (["list", "create", "a b"], "cannot be a list's name"),
        (["list", "create", "news", "--preset", "secret"], "choose one of discussion, announce"),
        (["list", "delete", "talk"], "Nothing was changed: say --yes"),
        (["member", "add", "absent", "anna@example.org"], "There is no list 'absent'"),
        (["member", "add", "talk", "nobody"], "not an address"),
        (["member", "add", "talk", "--file", "/nonexistent/members.txt"], "/nonexistent/members.txt: No such file"),
        (["member", "show", "nobody@example.org"], "not a member of any list"),
        (["member", "set", "talk", "olga@example.org", "mode=sometimes"], "write one of each, digest"),
        (["member", "remove", "talk", "olga@example.org"], "last owner"),
    ],
)
def test_refused_is_exit_1_and_one_sentence_without_a_traceback(talk: Cli, args: list[str], hint: str) -> None:
    done = talk(*args)
    assert (done.code, done.out) == (1, "")
    assert hint in done.err
    assert done.err.startswith("listserver: ")
    assert done.err.count("\n") == 1


def test_a_fault_of_the_program_is_one_sentence_too(talk: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listserver.store.lists.everything", lambda conn: 1 / 0)
    done = talk("lists")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "ZeroDivisionError" in done.err
    with pytest.raises(ZeroDivisionError):
        talk("--traceback", "lists")


def test_no_configuration_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    done = runner(Path("/nonexistent/listserver.toml"), capsys, monkeypatch)("lists")
    assert (done.code, "`listserver init` makes one" in done.err) == (1, True)


def test_create_repeated_changes_nothing(talk: Cli) -> None:
    again = talk("list", "create", "talk", "--title", "Talk", "--owner", "olga@example.org")
    assert (again.code, again.out) == (0, f"talk@{DOMAIN}: there already, nothing was changed.\n")


def test_settings_are_set_shown_and_unset(talk: Cli) -> None:
    assert talk("list", "set", "talk", "archive=public", "max_size=2 MB").out == (
        "talk: archive = public, max_size = 2000000\n"
    )
    shown = talk("list", "show", "talk", "--json").json
    assert (shown["settings"]["archive"], shown["members"], shown["held"]) == ("public", 1, 0)
    assert talk("list", "unset", "talk", "archive").out == "talk: archive = members (the default)\n"
    assert "archive: members\n" in talk("list", "show", "talk").out
    assert talk("list", "settings").out.startswith("title = ")
    assert {row["name"] for row in talk("list", "settings", "--json").json} == set(shown["settings"])


def test_a_list_is_renamed_and_deleted(talk: Cli) -> None:
    assert talk("list", "rename", "talk", "chat").out == f"talk: now chat@{DOMAIN}.\n"
    assert talk("list", "delete", "chat", "--yes").out == "chat: deleted.\n"
    done = talk("lists")
    assert (done.code, done.out) == (0, "")
    assert "list create NAME" in done.err


def test_lists_have_stable_keys(talk: Cli) -> None:
    assert talk("lists", "--json").json == [
        {"name": "talk", "title": "Talk", "members": 1, "posts": 0, "threads": 0, "held": 0}
    ]
    assert talk("lists").out.splitlines()[0].split() == ["name", "members", "posts", "threads", "held", "title"]


def test_members_are_added_listed_changed_and_removed(talk: Cli, tmp_path: Path) -> None:
    file = tmp_path / "members.txt"
    file.write_text('"Anna Lind" <anna@example.org>\nbo@example.org\n')
    assert talk("member", "add", "talk", "--file", file).out == "talk: 2 added, 0 there already.\n"
    assert talk("member", "add", "talk", "--file", "-", stdin=file.read_text()).out == (
        "talk: 0 added, 2 there already.\n"
    )
    talk("member", "add", "talk", "mia@example.org", "--role", "moderator", "--mode", "digest")
    assert [row["address"] for row in talk("member", "list", "talk", "--role", "moderator", "--json").json] == [
        "mia@example.org"
    ]
    anna = talk("member", "list", "talk", "--json").json[0]
    assert set(anna) == {"address", "name", "role", "mode", "state", "joined"}
    assert (anna["address"], anna["name"], anna["state"]) == ("anna@example.org", "Anna Lind", "active")
    assert talk("member", "set", "talk", "anna@example.org", "mode=summary", "own_copies=no").code == 0
    shown = talk("member", "show", "anna@example.org", "--json").json
    assert [(row["list"], row["mode"], row["own_copies"]) for row in shown] == [("talk", "index", False)]
    assert "mode: index\n" in talk("member", "show", "anna@example.org").out
    done = talk("member", "remove", "talk", "anna@example.org", "nobody@example.org")
    assert done.out == "talk: 1 removed. Not on the list: nobody@example.org.\n"


def test_sync_says_what_it_would_do_and_then_does_it(talk: Cli, tmp_path: Path) -> None:
    talk("member", "add", "talk", "anna@example.org", "bo@example.org")
    file = tmp_path / "members.csv"
    file.write_text("name,email\nAnna,anna@example.org\nCyd,cyd@example.org\n")
    tried = talk("member", "sync", "talk", "--file", file, "--dry-run")
    assert tried.out.splitlines() == [
        "+ cyd@example.org",
        "- bo@example.org",
        "talk: 1 would be added, 1 would be removed.",
    ]
    assert talk("member", "sync", "talk", "--file", file, "--json").json == {
        "added": ["cyd@example.org"],
        "removed": ["bo@example.org"],
        "dry_run": False,
    }
    assert talk("member", "sync", "talk", "--file", file).out == "talk: 0 added, 0 removed.\n"
    file.write_text("# the export failed\n")
    asked = talk("member", "sync", "talk", "--file", file)
    assert (asked.code, "names nobody" in asked.err, "--yes" in asked.err) == (1, True, True)
    assert talk("member", "sync", "talk", "--file", file, "--yes").out.endswith(" removed.\n")


def test_a_list_that_nobody_decides_about_is_named(talk: Cli) -> None:
    lonely = talk("list", "create", "lonely")
    assert (lonely.code, lonely.out) == (0, f"lonely@{DOMAIN}: made.\n")
    assert lonely.err.startswith("It has no owner, so nobody is told of posts that wait: listserver member add lonely ")
    assert talk("list", "create", "led", "--owner", '"Olga Berg" <olga@example.net>').err == ""
    assert talk("member", "list", "led", "--json").json[0]["name"] == "Olga Berg"
    assert talk("list", "create", "round", "--owner", f"led+owner@{DOMAIN}").code == 1


def test_an_address_of_ours_cannot_be_a_member(talk: Cli, tmp_path: Path) -> None:
    file = tmp_path / "members.txt"
    file.write_text(f"anna@example.org\ntalk+owner@{DOMAIN}\n")
    for words in (("add", "talk", "--file", file), ("sync", "talk", "--file", file), ("add", "talk", f"Info@{DOMAIN}")):
        refused = talk("member", *words)
        assert (refused.code, "is an address of this list server" in refused.err) == (1, True)
    refused = talk("member", "add", "talk", "--invite", f"talk@{DOMAIN}")
    assert (refused.code, "is an address of this list server" in refused.err) == (1, True)
    assert [one["address"] for one in talk("member", "list", "talk", "--json").json] == ["olga@example.org"]


def test_bans_hold_for_one_list_or_all(talk: Cli) -> None:
    assert talk("ban", "add", "talk", "*@example.net").out == "talk: *@example.net banned.\n"
    assert talk("ban", "add", "talk", "*@example.net").out == "talk: *@example.net was banned already.\n"
    forgotten = talk("ban", "add", "talk")  # the pattern
    assert (forgotten.code, "'talk' is no pattern" in forgotten.err) == (1, True)
    assert talk("ban", "add", "talk", "x@").code == 1
    talk("ban", "add", "spam@example.com")
    assert talk("ban", "list", "talk", "--json").json == [{"list": "talk", "pattern": "*@example.net"}]
    assert talk("ban", "list").out == ("list       pattern\nall lists  spam@example.com\ntalk       *@example.net\n")
    assert talk("ban", "list", "--json").json == [
        {"list": None, "pattern": "spam@example.com"},
        {"list": "talk", "pattern": "*@example.net"},
    ]
    assert talk("ban", "remove", "spam@example.com").out == "all lists: spam@example.com is no longer banned.\n"
    assert talk("ban", "remove", "spam@example.com").out == "all lists: spam@example.com was not banned.\n"


def test_config_is_shown_checked_and_sampled(cli: Cli, tmp_path: Path) -> None:
    assert cli("config", "show", "--json").json["domain"] == DOMAIN
    assert f'domain = "{DOMAIN}"' in cli("config", "show").out
    assert cli("config", "check").out == f"The configuration of {DOMAIN} is right.\n"
    assert f'domain = "{DOMAIN}"' in cli("config", "sample", "--domain", DOMAIN).out
    (tmp_path / "listserver.toml").write_text(f'domain = "{DOMAIN}"\n[smtp]\ntls_cert = "absent.pem"\n')
    assert "absent.pem" in cli("config", "check").err


def test_ten_thousand_members_from_a_file(talk: Cli, tmp_path: Path) -> None:
    file = tmp_path / "members.txt"
    file.write_text("".join(f'"Member {n}" <member{n}@example.net>\n' for n in range(10_000)))
    assert talk("member", "add", "talk", "--file", file).out == "talk: 10000 added, 0 there already.\n"


def test_help_loads_nothing_heavy() -> None:
    probe = "import sys, listserver.cli; print(*{'sqlalchemy', 'asyncio', 'rich', 'jinja2'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == ""


def test_the_reader_of_a_pipe_may_go_away(tmp_path: Path) -> None:
    script = f"{sys.executable} -m listserver list settings | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=os.environ)
    assert done.stderr == ""


def test_completion_knows_commands_and_subcommands() -> None:
    def complete(words: str) -> list[str]:
        env = {
            **os.environ,
            "_LISTSERVER_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = subprocess.run(
            [sys.executable, "-c", "from listserver.cli import main; main()"], capture_output=True, text=True, env=env
        )
        return done.stdout.split()

    assert "member" in complete("listserver mem")
    assert "settings" in complete("listserver list set")


MAIL = (
    "From: {sender}\nTo: talk@lists.example.org\nSubject: Reading aloud\nMessage-ID: <1@example.net>\n\nWho does it?\n"
)


def test_a_pipe_takes_a_post_and_says_what_sysexits_say(talk: Cli) -> None:
    mail = MAIL.format(sender="olga@example.org")
    to = f"talk@{DOMAIN}"
    assert talk("receive", "--to", to, "--from", "olga@example.org", stdin=mail).code == 0
    assert talk("lists", "--json").json[0]["posts"] == 1
    other = mail.replace("<1@", "<2@").replace("Who", "Where")
    assert talk("receive", "--to", to, stdin=other).code == 0  # the sender is the author
    assert talk("lists", "--json").json[0]["posts"] == 2
    assert talk("receive", "--to", to, stdin="Return-Path: <>\n" + other.replace("<2@", "<3@")).code == 0
    assert talk("lists", "--json").json[0]["posts"] == 2  # automatic mail is taken, and dropped
    unknown = talk("receive", "--to", f"absent@{DOMAIN}", stdin=mail)
    assert (unknown.code, unknown.err.count("\n"), "5.1.1" in unknown.err) == (67, 1, True)
    assert talk("receive", "--to", "somebody@example.com", stdin=mail).code == 69
    talk("ban", "add", "spam@example.net")
    refused = talk("receive", "--to", to, stdin=MAIL.format(sender="spam@example.net"))
    assert (refused.code, "550" in refused.err) == (69, True)


def test_A3_a_pipe_believes_the_results_of_our_mail_server(talk: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    to, mail = f"talk@{DOMAIN}", MAIL.format(sender="olga@example.org")
    told = f"Authentication-Results: {DOMAIN}; dmarc=fail (p=reject) header.from=example.org\n"
    assert talk("receive", "--to", to, stdin=told + mail).code == 0
    assert [hold["reasons"] for hold in talk("hold", "list", "--json").json] == [["forged"]]
    monkeypatch.setenv("LISTSERVER_AUTH__AUTHSERV_ID", "none")
    assert talk("receive", "--to", to, stdin=told + mail.replace("<1@", "<2@")).code == 0
    assert talk("lists", "--json").json[0]["posts"] == 1


@pytest.mark.parametrize("program", ["postfix", "exim", "opensmtpd"])
def test_A3_the_lines_for_a_mail_server_say_whose_results_are_believed(
    program: str, talk: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"under the name {DOMAIN} are believed" in talk("config", "mta", program).out
    monkeypatch.setenv("LISTSERVER_AUTH__AUTHSERV_ID", "none")
    assert "believed" not in talk("config", "mta", program).out


def test_a_pipe_keeps_the_mail_whatever_fails_on_our_side(talk: Cli, tmp_path: Path) -> None:
    to = f"talk@{DOMAIN}"
    (tmp_path / "listserver.db").rename(tmp_path / "away")
    kept = talk("receive", "--to", to, stdin=MAIL.format(sender="olga@example.org"))
    assert (kept.code, kept.err.startswith("listserver: There is no database at ")) == (75, True)
    (tmp_path / "listserver.toml").write_text("nonsense")
    assert talk("receive", "--to", to, stdin=MAIL.format(sender="olga@example.org")).code == 75


def test_a_held_post_is_shown_and_decided_once(talk: Cli) -> None:
    for number, sender in enumerate(("anna@example.net", "bo@example.net", "cyd@example.net")):
        mail = MAIL.format(sender=f"A Name <{sender}>").replace("<1@", f"<{number}@")
        assert talk("receive", "--to", f"talk@{DOMAIN}", "--from", sender, stdin=mail).code == 0
    rows = talk("hold", "list", "--json").json
    assert [set(row) for row in rows] == [{"id", "list", "kind", "from", "subject", "reasons", "since"}] * 3
    assert (rows[0]["from"], rows[0]["kind"], rows[0]["reasons"]) == ("anna@example.net", "post", ["not-a-member"])
    one, two, three = (row["id"] for row in rows)
    assert "Who does it?" in talk("hold", "show", one).out
    assert talk("hold", "show", one, "--json").json["text"].strip() == "Who does it?"
    assert "Subject: Reading aloud\r\n" in talk("hold", "show", one, "--raw").out
    assert talk("hold", "approve", one).out == f"{one}: approved, post 1 of talk.\n"
    again = talk("hold", "discard", one)
    assert (again.code, "was approved already by operator" in again.out) == (0, True)
    assert (
        talk("hold", "reject", two, "--reason", "Ask the owners.").out == f"{two}: rejected, bo@example.net is told.\n"
    )
    assert talk("hold", "discard", three).out == f"{three}: discarded.\n"
    assert "Nothing waits" in talk("hold", "list", "talk").err
    assert "Nothing is held under 999" in talk("hold", "approve", 999).err
    assert talk("hold", "reject", one).code == 2


def test_explain_prints_every_checks_answer_and_changes_nothing(talk: Cli, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text(MAIL.format(sender="anna@example.net"))
    answer = talk("explain", "talk", mail, "--json").json
    assert answer["verdict"] == "hold"
    by_code = {check["code"]: check for check in answer["checks"]}
    assert by_code["not-a-member"]["answer"] == "hold"
    assert by_code["not-a-member"]["moderator"]
    assert (by_code["loop"]["answer"], by_code["loop"]["author"]) == (None, None)
    assert talk("explain", "talk", mail).out.endswith("verdict: hold\n")
    member = talk("explain", "talk", "-", "--json", stdin=MAIL.format(sender="olga@example.org"))
    assert member.json["verdict"] == "accept"
    assert talk("lists", "--json").json[0]["posts"] == talk("lists", "--json").json[0]["held"] == 0


def test_a_site_adds_checks_of_its_own(talk: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site_checks.py").write_text(
        "from listserver.core.policy import Finding, Verdict\n"
        "def shouting(post, facts):\n"
        "    return Finding('shouting', Verdict.REJECT, 'Not so loud.', 'Loud.') if post.subject.isupper() else None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LISTSERVER_CHECKS", "site_checks:shouting")
    loud = MAIL.format(sender="olga@example.org").replace("Reading aloud", "READING")
    assert talk("explain", "talk", "-", "--json", stdin=loud).json["verdict"] == "reject"
    assert "Not so loud." in talk("receive", "--to", f"talk@{DOMAIN}", stdin=loud).err
    monkeypatch.setenv("LISTSERVER_CHECKS", "site_checks:absent")
    assert "package.module:function" in talk("explain", "talk", "-", stdin=loud).err
    assert "package.module:function" in talk("config", "check").err


def test_a_person_is_shown_with_all_they_are_on(talk: Cli) -> None:
    shown = talk("person", "show", "Olga@Example.org", "--json").json
    assert (shown["addresses"], shown["memberships"][0]["list"]) == (["olga@example.org"], "talk")
    assert "talk (owner, each, active)" in talk("person", "show", "olga@example.org").out
    assert talk("person", "show", "nobody@example.org").code == 1


def test_people_are_invited_once(talk: Cli) -> None:
    assert talk("member", "add", "talk", "anna@example.org", "--invite").out == "talk: 1 invited.\n"
    again = talk("member", "add", "talk", "anna@example.org", "--invite").out
    assert again == "talk: 0 invited. Asked within a day already, so not again: anna@example.org.\n"
    assert "anna@example.org" not in talk("member", "list", "talk").out
