"""D1: docs/data.md names every table and every column, and nothing that is not there."""

import re
from pathlib import Path

from listserver.store.tables import metadata

PAGE = Path(__file__).parent.parent.parent / "docs" / "data.md"


def test_D1_the_page_and_the_schema_agree() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    told = {s.splitlines()[0].strip(): set(re.findall(r"`(\w+)`", s)) for s in sections}
    there = {table.name: {column.name for column in table.columns} for table in metadata.tables.values()}
    assert told == there
