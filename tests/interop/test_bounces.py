"""Real bounces of some 60 mail systems, read by us and by flufl.bounce (GNU Mailman's parser), side by side."""

import csv
import email
import lzma
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from listserver.core import bounce
from listserver.core.bounce import Report
from listserver.core.message import read

Expected = dict[str, dict[str, str]]  # file -> address -> kind


def _expected(folder: Path) -> Expected:
    expected: Expected = defaultdict(dict)
    with (folder / "expect.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            expected[row["file"]][row["address"].lower()] = row["kind"]
    return expected


def _kinds(report: Report) -> dict[str, str]:
    kinds = {a.lower(): "delivered" for a in report.delivered}
    for failure in report.failures + report.delayed:
        word = "permanent" if failure.permanent else "temporary"
        kinds[failure.address.lower()] = "complaint" if report.what == "complaint" else word
    return kinds


def _flufl(raw: bytes) -> dict[str, str]:
    bounces = pytest.importorskip("flufl.bounce")
    temporary, permanent = bounces.all_failures(email.message_from_bytes(raw))
    text = {True: "permanent", False: "temporary"}
    return {
        (a.decode() if isinstance(a, bytes) else a).lower(): text[final]
        for final, found in ((False, temporary), (True, permanent))
        for a in found
    }


def _share(folder: Path, expected: Expected, flufl: bool) -> tuple[float, float]:
    """Shares of the rows whose address, and whose kind, came out."""
    rows = addresses = kinds = 0
    for name, wanted in expected.items():
        raw = (folder / name).read_bytes()
        report = bounce.read(read(raw))
        found = _flufl(raw) if flufl else _kinds(report)
        what = "none" if flufl or not found else report.what
        for address, kind in wanted.items():
            rows += 1
            if kind in ("none", "autoreply"):
                right = not found if flufl or kind == "none" else report.what == "autoreply"
                addresses += right
                kinds += right
                continue
            known = address not in ("-", "?")
            addresses += address in found if known else bool(found)
            alone = next(iter(found.values())) if len(found) == 1 else what
            kinds += found.get(address, alone) == kind
    return addresses / rows, kinds / rows


@pytest.mark.interop
@pytest.mark.parametrize(("name", "addresses", "kinds"), [("flufl", 0.97, 0.88), ("sisimai", 0.92, 0.88)])
def test_addresses_and_kinds(shared: Path, name: str, addresses: float, kinds: float) -> None:
    folder = shared / "data" / "bounces" / name
    expected = _expected(folder)
    ours, theirs = _share(folder, expected, False), _share(folder, expected, True)
    print(f"\n{name}: addresses {ours[0]:.1%} (flufl.bounce {theirs[0]:.1%}), kind {ours[1]:.1%} ({theirs[1]:.1%})")
    assert ours[0] >= addresses
    assert ours[1] >= kinds


@pytest.mark.interop
def test_bounce_email_and_alaveteli_kinds(shared: Path) -> None:
    right = rows = 0
    for name in ("bounce_email", "alaveteli"):
        folder = shared / "data" / "bounces" / name
        with (folder / "expect.tsv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                found = set(_kinds(bounce.read(read((folder / row["file"]).read_bytes()))).values())
                rows += 1
                right += row["kind"] in found or (row["kind"] not in ("permanent", "temporary") and not found)
    print(f"\nbounce_email and alaveteli: kind {right}/{rows}")
    assert right / rows >= 0.85


def _posts(path: Path, size: int) -> Iterator[bytes]:
    with lzma.open(path) as archive:
        for post in archive.read(size).split(b"\nFrom mboxrd@z ")[1:]:
            yield post.split(b"\n", 1)[1]


@pytest.mark.interop
def test_nothing_comes_out_of_other_mail(shared: Path) -> None:
    data = shared / "data"
    others = [*(data / "bounces" / "not-bounces").iterdir(), *(data / "autoreply").glob("*/*.eml")]
    posts = list(_posts(data / "lists" / "usrp-users.mbox.xz", 40_000_000))
    assert len(posts) > 1000
    for raw in [path.read_bytes() for path in others] + posts:
        report = bounce.read(read(raw))
        assert (report.failures, report.delayed, report.delivered) == ((), (), ())
    print(f"\nnothing out of {len(others)} other mails and {len(posts)} posts")


@pytest.mark.interop
def test_no_mail_raises(shared: Path) -> None:
    files = [p for p in (shared / "data").rglob("*") if p.is_file() and p.suffix != ".xz"]
    for path in files:
        bounce.read(read(path.read_bytes()), verp="m@list.example")
    print(f"\nread {len(files)} files")
    assert len(files) > 2000
