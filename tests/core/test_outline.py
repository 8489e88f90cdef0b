"""The order in which threads are read, and how long ones are parted."""

from dataclasses import dataclass

import pytest

from listserver.core.outline import outline, pages
from listserver.core.slug import slug
from listserver.core.subject import untagged


@dataclass(frozen=True)
class P:
    id: int
    parent_id: int | None = None


def test_an_answer_follows_its_question() -> None:
    entries = outline([P(1), P(2, 1), P(3, 1), P(4, 2), P(5, 99), P(6, 6)])
    assert [(e.post.id, e.depth, e.parent and e.parent.id, e.leaf) for e in entries] == [
        (1, 0, None, False),
        (2, 1, 1, False),
        (4, 2, 2, True),
        (3, 1, 1, True),
        (5, 0, None, True),
        (6, 0, None, True),
    ]


def test_R7_depth_costs_no_stack() -> None:
    assert outline([P(n, n - 1 or None) for n in range(1, 20_000)])[-1].depth == 19_998


@pytest.mark.parametrize(
    ("sizes", "starts"),
    [([], [0]), ([1] * 3, [0]), ([1] * 4, [0, 3]), ([9, 9, 9], [0, 1, 2]), ([50, 1, 1], [0, 1]), ([1] * 7, [0, 3, 6])],
)
def test_a_page_holds_so_many_posts_and_so_much_text(sizes: list[int], starts: list[int]) -> None:
    assert pages(sizes, 3, 10) == starts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Drift in März: Ärger?", "drift-in-marz-arger"),
        ("漢字", ""),
        ("a " * 50, "-".join("a" * 30)),
        ("x" * 80, "x" * 60),
        ("one two", "one-two"),
    ],
)
def test_a_slug_is_short_and_plain(text: str, name: str) -> None:
    assert slug(text) == name


@pytest.mark.parametrize(
    ("subject", "list_name", "shown"),
    [
        ("[R-meta] Pooling", "r-sig-meta-analysis", "Pooling"),
        ("[Twisted-Python] [PATCH] x", "twisted-python", "[PATCH] x"),
        ("[Bug 12] x", "talk", "[Bug 12] x"),
        ("[talk]", "talk", "[talk]"),
    ],
)
def test_a_tag_that_only_names_the_list_is_not_shown(subject: str, list_name: str, shown: str) -> None:
    assert untagged(subject, list_name) == shown
