"""core.blocks: a post's text for reading."""

import pytest

from listserver.core.blocks import Block, Kind, blocks

WRAPPED = "This is a paragraph that was wrapped by the mail program of its\nauthor, as most are, so that it reflows."
JOINED = "This is a paragraph that was wrapped by the mail program of its author, as most are, so that it reflows."
P, C, L, N = Kind.PARAGRAPH, Kind.CODE, Kind.LIST, Kind.INTRO

CASES: dict[str, tuple[str, list[Block]]] = {
    "nothing": ("\n\n", []),
    "prose reflows": (WRAPPED + "\n\nBye", [Block(P, JOINED, lines=2), Block(P, "Bye")]),
    "breaks stay": ("Best,\nAnna", [Block(P, "Best,\nAnna", lines=2)]),
    "indented code": (
        "See\n\n    a = 1\n\n    b = 2\n\nOk",
        [Block(P, "See"), Block(C, "    a = 1\n\n    b = 2", lines=3), Block(P, "Ok")],
    ),
    "fenced code": ("```\nx\n\ny\n```\nok", [Block(C, "```\nx\n\ny\n```", lines=5), Block(P, "ok")]),
    "fence left open": ("a\n```\nx", [Block(P, "a"), Block(C, "```\nx", lines=2)]),
    "columns": ("a    b    c\n1    2    3", [Block(C, "a    b    c\n1    2    3", lines=2)]),
    "a gap is no column": ("wide    apart\nplain\nwords", [Block(P, "wide    apart\nplain\nwords", lines=3)]),
    "a drawn table": (
        "So:\n\n+---+---+\n| a | b |\n+---+---+\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n| as some\n| quote",
        [
            Block(P, "So:"),
            Block(C, "+---+---+\n| a | b |\n+---+---+\n\n| a | b |\n|---|---|\n| 1 | 2 |", lines=7),
            Block(P, "| as some\n| quote", lines=2),
        ],
    ),
    "statements": ("x <- f(1)\ny = g(2);", [Block(C, "x <- f(1)\ny = g(2);", lines=2)]),
    "diff": (
        "look\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c\n\nthanks",
        [
            Block(P, "look"),
            Block(C, "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c", lines=8),
            Block(P, "thanks"),
        ],
    ),
    "list": ("- one\n- two\n  more", [Block(L, "- one\n- two more", lines=3)]),
    "list under prose": ("Two:\n1. a\n2. b", [Block(P, "Two:"), Block(L, "1. a\n2. b", lines=2)]),
    "a dash is no list": ("- so it is\nand so on", [Block(P, "- so it is\nand so on", lines=2)]),
    "quote": (
        "On 3 May 2021, Anna Berg wrote:\n> a\n>> b\n\nnew",
        [
            Block(N, "On 3 May 2021, Anna Berg wrote:", 1, "Anna Berg"),
            Block(P, "a", 1),
            Block(P, "b", 2),
            Block(P, "new"),
        ],
    ),
    "quote that names its author inside": (
        "> -----Original Message-----\n> From: Anna Berg <a@b.example>\n> Sent: Mon\n>\n> old\n\nnew",
        [
            Block(N, "-----Original Message----- From: Anna Berg <a@b.example> Sent: Mon", 1, "Anna Berg", 3),
            Block(P, "old", 1),
            Block(P, "new"),
        ],
    ),
    "attribution inside": (
        "> Am 3. Mai 2021 um 10:12 schrieb Anna <a@b.example>:\n>\n> alt",
        [Block(N, "Am 3. Mai 2021 um 10:12 schrieb Anna <a@b.example>:", 1, "Anna"), Block(P, "alt", 1)],
    ),
    "no attribution inside": ("> this is it:\n> yes", [Block(P, "this is it:\nyes", 1, lines=2)]),
    "blank quote": ("> \n>\na", [Block(P, "a")]),
    "a number at a line's beginning is no list": (
        "I set the bandwidth to\n400. So it is too much",
        [Block(P, "I set the bandwidth to\n400. So it is too much", lines=2)],
    ),
    "a list under its heading": ("do:\n1. a\n2. b", [Block(P, "do:"), Block(L, "1. a\n2. b", lines=2)]),
    "yaml": (
        "here:\n\nparams:\n  RF_BW: 400\n  DRAM: True # what it has",
        [Block(P, "here:"), Block(C, "params:\n  RF_BW: 400\n  DRAM: True # what it has", lines=3)],
    ),
    "data": (
        '"Anguilla japonica", "Alosa alosa",\n1, 2.5, -3,',
        [Block(C, '"Anguilla japonica", "Alosa alosa",\n1, 2.5, -3,', lines=2)],
    ),
    "calls": ("self.connect((a, 0), (b, 0))", [Block(C, "self.connect((a, 0), (b, 0))")]),
    "deep": (">>>>>>> a", [Block(P, "a", 5)]),
    "quoted mail": (
        "new\n\nFrom: Anna Berg <a@b.example>\nSent: Mon\nTo: Bob\n\nold",
        [
            Block(P, "new"),
            Block(N, "From: Anna Berg <a@b.example> Sent: Mon To: Bob", 1, "Anna Berg", 3),
            Block(P, "old", 1),
        ],
    ),
    "name unknown": (
        "On 3 May 2021 <a@b.example> wrote:\n> a",
        [Block(N, "On 3 May 2021 <a@b.example> wrote:", 1, ""), Block(P, "a", 1)],
    ),
    "signature": ("hi\n-- \nAnna\n", [Block(P, "hi"), Block(Kind.SIGNATURE, "--\nAnna", lines=3)]),
    "footer": (
        "hi\n\n__________\ntalk mailing list",
        [Block(P, "hi"), Block(Kind.FOOTER, "__________\ntalk mailing list", lines=2)],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_blocks(text: str, expected: list[Block]) -> None:
    assert list(blocks(text)) == expected


@pytest.mark.parametrize(
    ("intro", "who"),
    [
        ("On Mon, 3 May 2021 at 10:12, Anna Berg via Talk <talk@b.example> wrote:", "Anna Berg"),
        ("Am 28.02.2022 um 21:44 schrieb Anna Berg:", "Anna Berg"),
        ("Le 4 janv. 2016 à 19:03, Anna Berg <a@b.example> a écrit :", "Anna Berg"),
        ("Anna Berg <a@b.example> wrote:", "Anna Berg"),
        ("2022年1月1日(金) 9:00 田中太郎 <t@b.example>:", "田中太郎"),
        ("On 3 May 2021, a@b.example wrote:", ""),
    ],
)
def test_who_is_quoted(intro: str, who: str) -> None:
    assert blocks(f"{intro}\n> a")[0] == Block(Kind.INTRO, intro, 1, who)
