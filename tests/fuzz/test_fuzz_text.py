"""core.text and core.blocks on whatever strangers may send."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core.blocks import blocks
from listserver.core.text import first_sentence, own_text, roles

PIECES = st.sampled_from(
    [
        "> ",
        ">> ",
        "On Mon, 3 May 2021, Anna <a@b.example> wrote:",
        "wrote:",
        "--",
        "-- ",
        "____",
        "From: a@b.example",
        "Subject: x",
        "Sent: y",
        "\n\n",
        "<",
        "-----Original Message-----",
        "Sent from my iPhone",
        "confidential",
        "This e-mail is",
        "    ",
        "```",
        "- ",
        "1. ",
        "diff --git a b",
        "text",
        "\t",
        "…",
        "\xa0",
        "talk mailing list",
    ]
)
TEXTS = st.text() | st.lists(PIECES | st.just("\n"), max_size=60).map("".join)


@given(TEXTS)
def test_text_never_raises_and_loses_no_line(text: str) -> None:
    lines = roles(text)
    assert len(lines) >= text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    own = own_text(text).text
    assert not own.startswith("\n")
    assert len(own) <= len(text)
    assert len(first_sentence(own, 140)) <= 140
    blocks(text)


@given(TEXTS)
def test_own_text_holds_no_marked_quote(text: str) -> None:
    assert not any(line.startswith(">") for line in own_text(text).text.split("\n"))


LONG = (
    """
a| |~|>|> a~|-|--~|--~a~|*|_|____~|From: a@b~|From:|On |On 3 May:~|:|wrote:~|wrote|<|> wrote:~|Sent from my~|(
This email is confidential~~|- a~|a   b|x = f(|^|a <-|  ~|1|@|1. |```~|```~a~|    a~~|diff --git a b~|>~>~<~|=~|[...]~
diff --git a b~x~|a;~~b~~|On 3 May x <~|2021-01-01 GMT~
""".strip()
    .replace("\n", "|")
    .replace("~", "\n")
    .replace("^", "\t")
    .split("|")
)


@pytest.mark.parametrize("function", [own_text, blocks, lambda text: first_sentence(text, 140)])
@pytest.mark.parametrize("piece", LONG)
def test_time_is_linear(piece: str, function: Callable[[str], object]) -> None:
    """Eight times the text takes about eight times as long (64 if it were quadratic)."""

    def seconds(text: str) -> float:
        start = time.process_time()
        function(text)
        return time.process_time() - start

    once = min(seconds(piece * (5_000 // len(piece))) for _ in range(3))
    eight = min(seconds(piece * (40_000 // len(piece))) for _ in range(2))
    assert eight < max(0.15, 20 * once)
