"""A file of members: one on each line, or CSV with a header."""

import csv
from collections.abc import Iterator

from listserver.core import address
from listserver.errors import UsageError

_ADDRESS = ("address", "email", "e-mail", "mail", "email address", "e-mail address")
_NAME = ("name", "full name", "display name", "real name")


def read(text: str, source: str) -> tuple[tuple[str, str], ...]:
    """(name, address) of each member in a file's text; name "" where there is none.

    Forms: `address`, `"Name" <address>` (see core.address.parse_member_line), or CSV whose first line names a column
    address or email, and perhaps name. Empty lines and lines that begin with # are skipped. source: names the file in
    the UsageError that is raised where lines are wrong; it tells of the first and counts the others.
    """
    members, wrong = [], []
    for number, name, found in _rows(text.removeprefix("\ufeff")):
        try:
            members.append((name, address.valid(found)) if name is not None else address.parse_member_line(found))
        except UsageError as error:
            wrong.append(f"{source}, line {number}: {error.public}")
    if wrong:
        more = len(wrong) - 1
        others = f" {more} more {'line is' if more == 1 else 'lines are'} wrong." if more else ""
        raise UsageError(f"{wrong[0]}{others} Nothing was changed.")
    return tuple(members)


def _rows(text: str) -> Iterator[tuple[int, str | None, str]]:
    """(line number, name, address), or with None for the name the whole line."""
    lines = text.splitlines()
    header = lines[0] if lines else ""
    delimiter = next((c for c in ",;\t" if c in header), ",")
    columns = [cell.strip().casefold() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    at = next((i for i, column in enumerate(columns) if column in _ADDRESS), None)
    if at is None:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield number, None, line
        return
    name_at = next((i for i, column in enumerate(columns) if column in _NAME), len(columns))
    rows = csv.reader(lines[1:], delimiter=delimiter)
    for row in rows:
        if any(cell.strip() for cell in row):
            cells = [*row, *[""] * (len(columns) + 1 - len(row))]
            yield rows.line_num + 1, " ".join(cells[name_at].split()), cells[at]
