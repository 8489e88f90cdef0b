"""Real automatic mail and real human mail are told apart."""

from pathlib import Path

from listserver.core.message import read


def test_L5_real_mails_are_told_apart(shared: Path) -> None:
    folder = shared / "data" / "autoreply"
    wrong = []
    for line in (folder / "expect.tsv").read_text().splitlines()[1:]:
        name, kind = line.split("\t")[:2]
        found = read((folder / name).read_bytes()).automatic
        if bool(found) != (kind == "automatic"):
            wrong.append((name, kind, found))
    assert wrong == []
