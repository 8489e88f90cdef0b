"""No word of a quote in real replies is a command."""

from pathlib import Path

from listserver.core.commands import parse
from listserver.core.text import own_text
from tests.core.test_commands import setting_of


def test_C3_no_word_of_a_quote_is_a_command_in_real_replies(shared: Path) -> None:
    """Each line marked as quoted in the whole collection is replaced by a command: none may be found."""
    checked = 0
    for path in sorted((shared / "data/replies").rglob("*.txt")):
        if path.name.count(".") > 1:
            continue
        lines = path.read_text(errors="replace").splitlines()
        quoted = [at for at, line in enumerate(lines) if line.startswith(">") and line.strip("> ")]
        for at in quoted:
            lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip("> "))] + "unsubscribe"
        checked += len(quoted)
        found = parse("", own_text("\n".join(lines)).text, setting_of())
        assert not [command for command in found if "unsubscribe" in command.line], path.name
    assert checked > 700


def test_C3_commands_in_real_replies_stand_in_what_the_author_wrote(shared: Path) -> None:
    """Of all files with an expected answer, no command is read from a line that is not in that answer."""
    files = 0
    for path in sorted((shared / "data/replies").glob("*/*.expect.txt")):
        given = path.with_name(path.name.replace(".expect.txt", ".txt"))
        if given.is_file():
            files += 1
            expected = {line.strip() for line in path.read_text(errors="replace").splitlines()}
            own = own_text(given.read_text(errors="replace")).text
            assert [found.line for found in parse("", own, setting_of()) if found.line not in expected] == [], (
                given.name
            )
    assert files > 200
