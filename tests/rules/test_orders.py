"""Every order in which the database gives rows is total: what is equal in all else goes by a number of its own.

Where it is not, the two engines, or one of them on another day, show posts of one instant in another order.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from listserver import store

# Columns that no two rows of their statement share.
OWN = r"(?:id|number|post_id|thread_id|rowid|key|name|pattern|start|hash)"
TOTAL = re.compile(rf"(?:\b{OWN}(?:\.desc\(\))?|literal_column\('full_text\.rowid'\)\.desc\(\)|\*table\.primary_key)$")
ONLY = {  # what is ordered is all that is read, so equals cannot be told apart; or there is one row of each
    "posts.c.received_at",
    "posts.c.received_at.desc()",
    "_found.c.receives",
    "members.c.list_id",
    "*(func.coalesce(deliveries.c.edition_id, 0), deliveries.c.state)",  # with what is before it, the group
}


def orders() -> Iterator[tuple[str, str]]:
    """The file, and the last thing by which a statement in it orders."""
    for path in sorted(Path(store.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "order_by" and node.args:
                yield path.name, ast.unparse(node.args[-1])


def test_every_order_is_total() -> None:
    found = list(orders())
    assert len(found) > 60
    assert [one for one in found if not TOTAL.search(one[1]) and one[1] not in ONLY] == []
