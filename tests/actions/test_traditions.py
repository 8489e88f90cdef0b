"""Issue 4, must show 1: mails in the spelling of every tradition, sent through the front door, and what they cause.

tests/data/commands.tsv has the mails, tests/data/command-answers.tsv what each of them causes, in the same order.
`python -m tests.actions.test_traditions` writes the latter anew.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from listserver import inbound
from listserver.core.envelope import Envelope
from listserver.store import migrations, tables
from listserver.store.engine import Store
from tests.actions import mails
from tests.actions.conftest import Community
from tests.actions.robot import ANNA, KIM, OLGA

DATA = Path(__file__).parent.parent / "data"
ANSWERS = DATA / "command-answers.tsv"


class Undone(Exception):
    """Takes the transaction of one mail back."""


def rows() -> list[list[str]]:
    lines = (DATA / "commands.tsv").read_text("utf-8").splitlines()[1:]
    return [[cell.replace("\\n", "\n") for cell in line.split("\t")] for line in lines]


def prepared(community: Community) -> Community:
    talk = community.create(title="Talk about drift", joining="confirm")
    community.join(talk, OLGA, role="owner")
    community.join(talk, KIM, role="moderator")
    community.join(talk, ANNA)
    community.create("field-notes")
    return community


def what_happens(community: Community, to: str, subject: str, text: str) -> str:
    """What a mail from Anna, whose address nothing proves, causes: each mail of ours in a few words."""
    told: list[str] = []
    address = f"{to}@lists.example.org"
    raw = community.mail(ANNA, address, body=text.replace("\n", "\r\n"), Subject=subject)
    raw = re.sub(rb"@(b|lists)\.example(?!\.)", rb"@\1.example.org", raw)

    def unit(conn: Connection) -> None:
        arrived = inbound.prepare(Envelope(ANNA, address, "smtp"), raw)
        reply = inbound.receive(conn, community.receiver, arrived, community.now)
        found = [dict(row) for row in conn.execute(select(tables.notices).order_by(tables.notices.c.id)).mappings()]
        told.extend(_shown(row) for row in found)
        told.extend([] if reply.accepted else [f"refused {reply.code}"])
        raise Undone

    with pytest.raises(Undone):
        community.write(unit)
    return " | ".join(told) or "nothing is sent"


def _shown(row: dict[str, object]) -> str:
    text = mails.text(row) if row["name"] != "forwarded" else ""
    indented = [line.strip() for line in text.split("\n\n", 2)[0].split("\n")]
    if row["name"] == "confirm-commands":
        indented = [
            line.strip() for line in text.split("\n") if line.startswith("    ") and not re.search(r"\(|://", line)
        ]
    said = "; ".join(indented if row["name"] == "confirm-commands" else indented[:1])
    return f"{row['name']} to {row['address']}: {said}".removesuffix(": ")[:160]


def test_what_the_mails_of_every_tradition_cause(community: Community, capsys: pytest.CaptureFixture[str]) -> None:
    everybody, table = prepared(community), rows()
    expected = ANSWERS.read_text("utf-8").splitlines()
    assert len(table) == len(expected) >= 150
    found = [what_happens(everybody, to, subject, text) for _, to, subject, text, _ in table]
    with capsys.disabled():
        print()
        for (tradition, to, subject, text, _), answer in zip(table, found, strict=True):
            said = " / ".join(part for part in (subject, *text.split("\n")) if part)
            print(f"{tradition:10} {to:24.24} {said:44.44} -> {answer:.110}")
    assert found == expected


@pytest.fixture(params=["sqlite"])
def store(sqlite_url: str) -> Iterator[Store]:
    """One database is enough: the actions beneath are tested on both."""
    with Store.open(sqlite_url) as opened:
        yield opened


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/x.db"
        migrations.upgrade(url)
        with Store.open(url) as opened:
            anew = prepared(Community(opened))
            ANSWERS.write_text("".join(what_happens(anew, *row[1:4]) + "\n" for row in rows()), "utf-8")
