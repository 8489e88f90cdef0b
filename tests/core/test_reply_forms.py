"""A moderator's answer in the form of each mail program: the first own word is found, and no quoted one is taken."""

import html
from pathlib import Path

import pytest

from listserver.core.decision_words import Answer
from listserver.core.decisions import first_word
from listserver.core.message import read

FOLDER = Path(__file__).parent.parent / "data" / "replies"
FILES = sorted(FOLDER.glob("*.eml"))
NOTICE = """Eve <eve@example.net> wrote to Talk:
    Drift
It waits because:
  - eve@example.net is not a member.

Answer this mail with one word: ok, no (a reason may follow) or discard.
Or press:  let it out <mailto:talk+approve.abc@lists.example.org?subject=ok&body=ok>
           drop it    <mailto:talk+discard.abc@lists.example.org?subject=discard&body=discard>

=== edit from here ===
ok

approve

discard
spam
unsubscribe
=== edit to here ==="""
QUOTED = "\n".join(f"> {line}".rstrip() for line in NOTICE.splitlines())
RICH = html.escape(NOTICE).replace("\n", "<br>")
SAID = {
    "ok": Answer.YES,
    "Ja": Answer.YES,
    "Oui.": Answer.YES,
    "👍": Answer.YES,
    "no, too long": Answer.NO,
    "Nein, zu lang": Answer.NO,
    "Non": Answer.NO,
    "discard": Answer.DISCARD,
    "spam": Answer.SPAM,
    "ok?": Answer.UNCLEAR,
    "I do not know yet": Answer.UNCLEAR,
    "": Answer.EMPTY,
}


def filled(path: Path, said: str) -> bytes:
    """The reply with these words in it."""
    text = path.read_text("utf-8")
    marks = {
        "said": said,
        "quoted": QUOTED,
        "plain": NOTICE,
        "html": RICH,
        "to": "talk+confirm.abc@x.example",
        "re": "Re:",
    }
    for name, value in marks.items():
        text = text.replace("{{" + name + "}}", value)
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_first_own_word_decides_and_nothing_quoted_does(path: Path, said: str) -> None:
    own = read(filled(path, said)).own
    unmarked = said == "" and "Kim Meier" in own  # a name without "-- " is prose: nothing happens either
    assert first_word(own).answer is (Answer.UNCLEAR if unmarked else SAID[said]), own


def test_there_are_replies_of_each_kind() -> None:
    names = " ".join(path.stem for path in FILES)
    for wanted in (
        "gmail-web",
        "android",
        "ios",
        "outlook-desktop",
        "outlook-web",
        "outlook-mobile",
        "apple",
        "thunderbird",
    ):
        assert wanted in names
    assert all(wanted in names for wanted in ("k9", "mutt", "html-only", "below", "german", "french", "disclaimer"))
