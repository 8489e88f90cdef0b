"""The trees that notmuch makes of real threads; and a post costs as much in a large archive as in a small one."""

import re
from datetime import UTC
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from listserver.core.thread import Newcomer, Shelf, lineage
from tests.core.test_thread import Mail, groups, mail, orders, parents, shelve


def expected_tree(path: Path) -> tuple[dict[str, str | None], set[frozenset[str]]]:
    above: dict[str, str | None] = {}
    together = set()
    for block in path.read_text().strip().split("\n\n"):
        stack: list[str] = []
        ids = set()
        for line in block.splitlines():
            name = line.strip()[1:-1]
            depth = (len(line) - len(line.lstrip())) // 2
            del stack[depth:]
            above[name] = stack[-1] if stack else None
            stack.append(name)
            ids.add(name)
        together.add(frozenset(ids))
    return above, together


def read_set(folder: Path) -> list[Mail]:
    found: dict[str, Mail] = {}
    for path in sorted(folder.iterdir()):
        header = BytesHeaderParser().parsebytes(path.read_bytes())
        (name,) = re.findall(r"<([^<>\s]+)>", header["message-id"])
        answers = re.findall(r"<([^<>\s]+)>", header["in-reply-to"] or "")
        references = re.findall(r"<([^<>\s]+)>", header["references"] or "")
        at = parsedate_to_datetime(header["date"])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        found.setdefault(name, (name, str(header["subject"]), at, lineage(name, answers, references)))
    return sorted(found.values(), key=lambda m: m[2])


# Where our tree differs from that of notmuch, one by one. All nine are replies that came through Gmane, which
# rewrote In-Reply-To into an id that exists nowhere (9720.1277312290-H+w…@public.gmane.org) and left References alone,
# with a "<yes>" in it at which notmuch's reading ends. `right` says whether we name the post that is really answered
# (the one whose id Gmane disguised); where not, References are in disorder, so that its last is not the nearest.
DIFFERENCES = {
    # post: (our parent, right)
    "4C248B56.8030207@suse.de": ("9603.1277311877@redhat.com", True),
    "4C219CEF.5000003@suse.de": ("20100622175214.4c56234f@corrin.poochiereds.net", True),
    "4C24A4A0.90408@suse.de": ("9720.1277312290@redhat.com", True),
    "4C24A606.5040001@suse.de": ("9822.1277312573@redhat.com", True),
    "4C289B39.4060901@suse.de": ("23204.1277472412@redhat.com", True),
    "20100625125306.7f9b1966@tlielax.poochiereds.net": ("22697.1277470549@redhat.com", True),
    "23204.1277472412@redhat.com": ("9720.1277312290@redhat.com", False),
    "22697.1277470549@redhat.com": ("9822.1277312573@redhat.com", False),
    "20123.1277507068@redhat.com": ("18628.1277502398@redhat.com", False),
}


@pytest.mark.parametrize("name", ["default", "lkml", "duplicate", "threading-ghost-root", "threading-parent-priority"])
def test_the_expected_trees_come_out_in_any_order_of_arrival(shared: Path, name: str) -> None:
    above, together = expected_tree(shared / "data/threads" / f"notmuch-{name}.tree.txt")
    mails = read_set(shared / "data/threads" / f"notmuch-{name}")
    for order in orders(mails, 3):
        shelf = shelve(order)
        found = parents(shelf)
        different = {post: found[post] for post in above if found[post] != above[post]}
        assert different == {post: ours for post, (ours, _) in DIFFERENCES.items() if name == "lkml"}
        assert groups(shelf) == together


def test_cost_of_a_post_does_not_grow() -> None:
    """10,000 answers to one absent post, a chain of 5,000 that comes last first, and then the absent one."""
    many = [mail(f"m{i}", "Re: x", i / 1000, names="root") for i in range(10_000)]
    chain = [mail(f"c{i}", "Re: x", names=f"c{i - 1}") for i in range(5_000, 0, -1)]
    shelf = Shelf()
    for number, (name, subject, at, ancestors) in enumerate([*many, *chain, mail("root"), mail("c0")], 1):
        shelf.place(Newcomer(number, name, name, subject, at, ancestors))
    assert shelf.named["m77"].parent_id == shelf.named["root"].id
    assert len({shelf.thread_of(shelf.named[f"c{i}"]).id for i in range(5_001)}) == 1
