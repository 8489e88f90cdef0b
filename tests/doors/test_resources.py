from pathlib import Path

import pytest

from listserver import resources


def test_the_lists_own_text_wins_then_the_sites_then_ours(tmp_path: Path) -> None:
    for place in ("lists/talk/templates", "templates"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "README.md").write_text(place)
    ours = resources.folder("templates")
    found = [
        resources.find("README.md", resources.search_path("templates", site, name))
        for site, name in ((tmp_path, "talk"), (tmp_path, "news"), (tmp_path, ""), (None, ""))
    ]
    site = tmp_path / "templates/README.md"
    assert found == [tmp_path / "lists/talk/templates/README.md", site, site, ours / "README.md"]


def test_a_file_that_nobody_has_is_an_error_that_says_where_we_looked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file 'mail/en/absent.txt.j2' in .*templates"):
        resources.find("mail/en/absent.txt.j2", resources.search_path("templates", tmp_path))


def test_all_three_folders_are_there() -> None:
    assert all(resources.folder(name).is_dir() for name in ("templates", "archive", "config"))
