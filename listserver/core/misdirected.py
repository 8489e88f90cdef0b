"""A request for the robot that was sent to everybody (standards L12): `unsubscribe`, and nothing else."""

from listserver.core.command_words import GREETINGS, REQUEST, WORDS, Do
from listserver.core.commands import bare_subject

_MOST_WORDS = 16
_MOST_LENGTH = 400
_MOST_LINES = 30
_JOINING = {Do.SUBSCRIBE: "subscribe", Do.UNSUBSCRIBE: "unsubscribe"}
_ALONE = frozenset({Do.HELP, Do.INFO, Do.LISTS, Do.WHICH, Do.WHO, Do.INDEX, Do.SET, Do.CONFIRM, Do.STATS})
_TOO_COMMON = frozenset({"join", "leave", "remove", "info", "status", "show", "ok", "who", "which", "q"})
# Of meetings and courses too, which the next word names.
_BARE = frozenset({"abmelden", "abmeldung", "anmelden", "désinscription", "desinscription", "abonner"})


def misdirected(subject: str, own: str) -> str | None:
    """The command (`unsubscribe`, `help` …) if the whole mail is nothing but that; None for a human's post.

    own: core.text's own text. With the request in the subject, the text may be empty, repeat it, or say thanks.
    """
    top = own.split("\n", _MOST_LINES)[:_MOST_LINES]
    first = next(filter(None, map(_words, top)), None)
    if first and len(own) > _MOST_LENGTH and not _request(first):
        return None  # as nearly all mails are
    lines = [_words(line) for line in top]
    body = [(line, _request(line)) for line in lines if line]
    above = _request(_words(bare_subject(subject)[0][:200]))
    if not body:
        return above
    found = next((request for _, request in body if request), None)
    if body[0][1] and body[0][1] == above and len(body) <= 9 and all(len(line) <= 6 for line, _ in body):
        return above  # said twice: what is below is a signature
    words = sum(len(line) for line, _ in body)
    if words > _MOST_WORDS or len(own) > _MOST_LENGTH or not (found or above) or not _is_bare(body):
        return None
    return found or above


def _is_bare(body: list[tuple[list[str], str | None]]) -> bool:
    """Whether around the request there are only a greeting, thanks and a name."""
    asked = next((at for at, (_, request) in enumerate(body) if request), -1)
    for at, (line, request) in enumerate(body):
        is_name = at > asked and at == len(body) - 1 and len(line) <= 3
        is_greeting = set(line) <= GREETINGS | REQUEST or (line[0] in GREETINGS and len(line) <= 4)
        if not (request or is_name or is_greeting):
            return False
    return True


def _words(line: str) -> list[str]:
    return [word for word in (word.strip(".,;:!*\"'()<>-_").lower() for word in line.split()) if word]


def _request(words: list[str]) -> str | None:
    """The command that these words are and nothing more."""
    rest = [word for word in words if word not in REQUEST and "@" not in word]
    if len(words) > 10 or not rest or len(rest) > 2:
        return None
    do = WORDS.get(rest[0])
    if do in _JOINING:
        if rest[0] in _BARE and len(rest) > 1:
            return None
        sure = rest[0] not in _TOO_COMMON or (rest[0] == "remove" and "me" in words and len(words) > 1)
        return _JOINING[do] if sure and len(rest) <= 2 and words[0] in (*REQUEST, rest[0]) else None
    if do is Do.SET:
        return "set" if len(rest) == 2 and len(words) == 2 else None
    return str(do) if do in _ALONE and rest[0] not in _TOO_COMMON and len(words) == 1 else None
