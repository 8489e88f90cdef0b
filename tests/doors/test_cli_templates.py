"""listserver template …: the texts of our mails."""

from pathlib import Path

import pytest

from tests.doors.cli import Cli, runner


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    run = runner(tmp_path / "listserver.toml", capsys, monkeypatch)
    assert run("init", "--domain", "lists.example.org", "--dir", tmp_path).code == 0
    return run


def test_texts_are_listed_shown_and_in_order(cli: Cli) -> None:
    rows = cli("template", "list", "--json").json
    assert {(row["name"], row["whose"]) for row in rows} >= {("welcome", "ours"), ("held-post", "ours")}
    assert cli("template", "show", "welcome").out.startswith("Subject: Welcome to {{ list_name }}\n")
    assert cli("template", "check").out.endswith("texts are in order.\n")
    assert "There are: already-decided," in cli("template", "show", "nothing").err
    assert cli("template", "show", "welcome", "--language", "xx").code == 1


def test_a_text_of_ones_own_is_made_from_ours_and_wins(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "Mind the step." >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    path = tmp_path / "lists/talk/templates/mail/en/welcome.txt.j2"
    assert cli("template", "edit", "welcome", "--list", "talk").out.startswith(str(path))
    assert cli("template", "show", "welcome", "--list", "talk").out.endswith("Mind the step.\n")
    assert "Mind the step" not in cli("template", "show", "welcome").out
    path.write_text("Hello {{ nobody }}\n")
    (path.parent / "unheard-of.txt.j2").write_text("Subject: x\n")
    (path.parent / "goodbye.txt.j2").write_text("Subject: {{ x\n")
    wrong = cli("template", "check", "--list", "talk")
    assert wrong.code == 1
    for words in ("it uses 'nobody'", "must be the subject", "no mail of ours has that name", "goodbye.txt.j2, line"):
        assert words in wrong.err
