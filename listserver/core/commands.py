"""Commands by mail: text -> what is asked, in the spelling of every tradition (docs: commands by mail).

A line is a command only if all of it fits the grammar: "Who runs this list?" is prose. Input is own text
(core.text), so that nothing quoted and no signature is ever read.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from listserver.core.command_line import MOST_LENGTH, read_line
from listserver.core.command_values import Command, Fault, Option, Setting, Wrong
from listserver.core.command_words import ENDS, Do

__all__ = ["Command", "Do", "Fault", "Option", "Setting", "Wrong", "bare_subject", "is_command", "parse"]

MOST_LINES = 10
MOST_ERRORS = 3


def parse(subject: str, own: str, setting: Setting) -> tuple[Command | Wrong, ...]:
    """The commands of a mail: subject first, then at most 10 lines of its own text, () if there is none.

    The text ends at --, end, quit, stop, at the first prose after a command, and at the third error. Prose before
    the first command ("Hello,") is passed over. The subject of a reply counts only where the text says nothing.
    """
    found = list(_commands(own, setting))
    bare, is_reply = bare_subject(subject)
    first = read_line(bare, setting)
    if isinstance(first, Command) and not (is_reply and found) and not (found and _same(first, found[0])):
        found.insert(0, first)
    return tuple(found)


def is_command(subject: str, own: str, setting: Setting) -> bool:
    """Whether a mail to owner or request addresses is for the robot: its first own line or its subject is a command.

    A subject like "help" above a real letter is for people, and so is a bare "ok".
    """
    first = next((line for line in own.split("\n") if line.strip()), "")
    if _is_for_robot(read_line(first, setting)):
        return True
    found = read_line(bare_subject(subject)[0], setting)
    joining = isinstance(found, Command) and found.do in (Do.SUBSCRIBE, Do.UNSUBSCRIBE)
    return _is_for_robot(found) and (joining or len(own[:400].split()) <= 12)


def _is_for_robot(found: Command | Wrong | None) -> bool:
    return isinstance(found, Command) and (found.do is not Do.CONFIRM or bool(found.token))


def _same(one: Command | Wrong, other: Command | Wrong) -> bool:
    return replace(one, line="") == replace(other, line="") if isinstance(other, type(one)) else False


def _commands(own: str, setting: Setting) -> Iterator[Command | Wrong]:
    errors, started = 0, False
    lines = [line.strip() for line in own.split("\n", 200)[:200] if line.strip()]
    for line in lines[:MOST_LINES]:
        if line.lower().rstrip(".;") in ENDS or line.startswith("// "):
            return
        found = read_line(line, setting)
        if found is None and started:
            return
        if found is not None:
            started = True
            errors += isinstance(found, Wrong)
            yield found
            if errors == MOST_ERRORS:
                return


_REPLY = re.compile(
    r"(?:re|aw|wg|sv|vs|vb|antw|odp|res|rif|fwd?|tr|отв|回复|答复|转发|返信)(?:\[\d+\])?\s*[:：]\s*|\[[^\]]{1,40}\]\s*",
    re.I,
)


def bare_subject(subject: str) -> tuple[str, bool]:
    """(the subject without Re:, Fwd: and [tag], whether Re: or Fwd: was there)."""
    subject = subject[:MOST_LENGTH].strip()
    at, prefixed = 0, False
    while found := _REPLY.match(subject, at):
        prefixed = prefixed or not found.group().startswith("[")
        at = found.end()
    return subject[at:].strip(), prefixed
