"""The documents are true: made from the code where they can be, and complete where they are written."""

import re
from pathlib import Path

import pytest

from listserver import config, resources
from listserver.actions.notices import name_of
from listserver.cli import COMMANDS
from listserver.core import settings
from tests.rules import reference

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]


@pytest.mark.parametrize("name", ["commands.md", "list-settings.md", "site-settings.md", "notices.md"])
def test_reference_pages_are_those_of_the_code(name: str) -> None:
    written = (reference.FOLDER / name).read_text("utf-8")
    assert written == reference.pages()[name], "run: python -m tests.rules.reference"


def test_every_command_says_what_it_does_and_every_option_what_it_means() -> None:
    for path, command in reference.commands():
        assert command.help, path
        assert not [o.name for o in command.params if o.param_type_name == "option" and not o.help], path


def test_the_overview_says_of_each_command_what_the_command_says_of_itself() -> None:
    for name, (_, _, help_) in COMMANDS.items():
        assert help_.endswith("."), name
        assert help_[0].isupper(), name


def test_every_setting_has_a_sentence() -> None:
    assert all(len(settings.doc(name)) > 10 for name in settings.names())
    assert all(config.variable_of(name).startswith("LISTSERVER_") for name in config.names())


def test_every_notice_has_its_template_and_every_template_its_notice() -> None:
    wanted = {name_of(kind.__new__(kind)) for kind in reference.notice_types()}
    folder = resources.folder("templates") / "mail" / "en"
    assert {path.name.removesuffix(".txt.j2") for path in folder.glob("*.txt.j2")} == wanted


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_the_pages_exist(page: Path) -> None:
    known = {path for path, _ in reference.commands()} | set(COMMANDS)
    named = re.findall(r"`listserver ((?:[a-z]+ ?)+)", page.read_text("utf-8"))
    wrong = [words for words in named if not known & {words.strip(), " ".join(words.split()[:2]), words.split()[0]}]
    assert set(wrong) <= {"doctor"}  # comes with a later issue
