"""One line -> one command: the grammar, a shape for each kind of command (docs: commands by mail)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from difflib import get_close_matches

from listserver.core import address
from listserver.core.command_values import Command, Fault, Option, Setting, Wrong
from listserver.core.command_words import (
    FORMS,
    FULL_WORDS,
    HELP_TOPICS,
    LANGUAGES,
    OPTION_WORDS,
    OPTIONS,
    PARTICLES,
    PROSE,
    REQUEST,
    SWITCHES,
    WORDS,
    Do,
)
from listserver.core.dates import read_days
from listserver.core.query import Query
from listserver.core.query_text import MOST_CHARACTERS, midnight, read_query
from listserver.errors import UsageError

MOST_LENGTH = 400  # characters of a line
_MOST_WORDS = 40


def read_line(line: str, setting: Setting) -> Command | Wrong | None:
    """The command of a line; None if it is prose."""
    words = line.strip().rstrip(".!;").split()
    if words and words[0].lower().rstrip(",") in ("quiet", "please"):  # LISTSERV and Sympa; people
        words = words[1:]
    if words and words[0].lower() in ("pause", "resume"):
        words = ["set", *words]
    if not words or len(words) > _MOST_WORDS or len(line) > MOST_LENGTH:
        return None
    do = WORDS.get(words[0].lower())
    if do is None:
        return _misspelt(line, words)
    rest = words[1:]
    if do not in (Do.SEARCH, Do.REJECT, Do.APPROVE, Do.DISCARD):
        rest = _without_tail(rest)
    found = _SHAPES[do](_Words(line, do, rest, setting))
    return replace(found, line=line) if isinstance(found, Command) else found


def _without_tail(rest: list[str]) -> list[str]:
    """Without LISTSERV's `( NOHEADER` and `(NETWIDE` at the end."""
    return next((rest[:at] for at, word in enumerate(rest) if word.startswith("(")), rest)


def _misspelt(line: str, words: list[str]) -> Wrong | None:
    if (
        len(words) > 4
        or len(words[0]) < 4
        or line.rstrip().endswith("?")
        or any(word.lower() in PROSE for word in words)
    ):
        return None
    closest = get_close_matches(words[0].lower()[:20], FULL_WORDS, 2, 0.8)
    return Wrong(line, Fault.WORD, words[0], tuple(closest)) if closest else None


class _Words:
    """The words behind a command, taken one kind after the other."""

    def __init__(self, line: str, do: Do, words: list[str], setting: Setting) -> None:
        self.line, self.do, self.words, self.setting = line, do, words, setting
        self.list = setting.here
        self.named = False  # whether the line itself names the list

    def take_list(self, all_lists: bool = False) -> None:
        """Take the list's name (or *) if it is the first word."""
        if not self.words:
            return
        first = self.words[0].lower()
        local, domain = address.split(first)
        if first == "*" and all_lists:
            self.list = "*"
        elif first == self.setting.here or (not domain and self.setting.exists(first)):
            self.list = first
        elif domain and domain == self.setting.domain and self.setting.exists(local):
            self.list = local
        elif not self.setting.here and not domain and first not in PROSE and _LIST_WORD.fullmatch(first):
            self.list = first  # no such list; whoever acts says so
        else:
            return
        self.named = True
        self.words = self.words[1:]

    def take_address(self) -> tuple[str, bool]:
        """(the address among the words, "" if none; whether all that look like one are good)."""
        rest, found = [], ""
        for word in self.words:
            bare = re.sub(r"^address=", "", word, flags=re.I).strip("<>,;\"'")
            if "@" not in bare and not word.lower().startswith("address="):
                rest.append(word)
            elif found:
                return found, False
            else:
                found = bare or word
        self.words = rest
        try:
            return (address.valid(found) if found else ""), True
        except UsageError:
            return found, False

    def command(self, **more: str | bool | Query | tuple[Option, ...]) -> Command:
        """The command with what was taken."""
        return replace(Command(self.do, self.list), **more)  # type: ignore[arg-type]

    def wrong(self, fault: Fault, given: str = "", closest: tuple[str, ...] = ()) -> Wrong:
        """The line as an error."""
        return Wrong(self.line, fault, given, closest, self.list)


_LIST_WORD = re.compile(r"[a-z0-9][a-z0-9._\-]{1,49}")
_NAME_WORD = re.compile(r"[^\W\d_][^\W\d_.'’\-]*(?:[.'’\-][^\W\d_]*)*,?")
_SPEC = re.compile(r"\d{1,9}(?:[-_]\d{1,9})?,?|[\w.\-]{0,60}\d[\w.\-]{0,20}", re.A)
_TOKEN = re.compile(r"[A-Za-z0-9._\-=+/]{4,200}")
_OURS = re.compile(r"[A-Za-z2-7]{26}")  # core.tokens; one of 220 has letters only


def _is_name(words: list[str]) -> bool:
    if not words or len(words) > 5 or words[-1].lower() in PROSE:
        return False
    return all(map(_NAME_WORD.fullmatch, words)) and all(
        word.lower() not in PROSE or word in PARTICLES or word[0].isupper() for word in words
    )


def _is_password(words: list[str]) -> bool:
    """An old Mailman password: one word that no name has."""
    return len(words) == 1 and any(letter.isdigit() for letter in words[0]) and len(words[0]) <= 40


def _is_polite(words: list[str]) -> bool:
    """`subscribe me to this list, please` says no more than `subscribe`."""
    return all(word.lower().strip(",") in REQUEST for word in words)


def _join(words: _Words) -> Command | Wrong | None:
    """[list] [name | address | ANONYMOUS] [digest|nomail] [WITH options] [old password]"""
    words.take_list()
    about, good = words.take_address()
    if not good:
        return words.wrong(Fault.ADDRESS, about) if words.named or not words.words else None
    options: list[Option] = []
    rest: list[str] = []
    for word in words.words:
        low = word.lower()
        if low == "anonymous":
            options.append(Option("concealed", True))
        elif low in OPTIONS:
            options.append(Option(*OPTIONS[low]))
        elif low in FORMS and options:
            options.append(Option("digest_form", FORMS[low]))
        elif low.startswith("digest="):  # Mailman 3: digest=no|plain|mime
            options.append(Option("mode", "each" if low == "digest=no" else "digest"))
        elif low != "with":
            rest.append(word)
    if _is_polite(rest):
        rest = []
    password = _is_password(rest)
    if rest and not password and not _is_name(rest):
        return None
    name = "" if password else " ".join(rest)
    return words.command(address=about, name=name, options=tuple(options), password=password)


def _leave(words: _Words) -> Command | Wrong | None:
    """[list | *] [address] [old password]"""
    words.take_list(all_lists=True)
    about, good = words.take_address()
    if not good:
        return words.wrong(Fault.ADDRESS, about) if words.named or not words.words else None
    if _is_polite(words.words):
        words.words = []
    password = _is_password(words.words)
    if words.words and not password and not (words.named and _is_name(words.words)):
        return None
    return words.command(address=about, password=password)


def _change(words: _Words) -> Command | Wrong | None:
    """[list | *] newaddress"""
    words.take_list(all_lists=True)
    about, good = words.take_address()
    if words.words:
        return None
    return words.command(address=about) if good and about else words.wrong(Fault.ADDRESS, about)


def _about_list(words: _Words) -> Command | None:
    """[list | *] and nothing else (an address, as Majordomo's `which` has, is the sender's)"""
    words.take_list(all_lists=True)
    if words.do in (Do.WHICH, Do.WHO):
        words.take_address()
    if _is_password(words.words):
        return words.command(password=True)
    return words.command() if not words.words else None


def _alone(words: _Words) -> Command | None:
    return words.command() if not words.words or words.words[0].lower() == "global" else None


def _help(words: _Words) -> Command | None:
    """[topic], a word of commands or options"""
    topic = " ".join(words.words).lower()
    if topic in ("", "please"):
        return words.command()
    return words.command(text=topic) if topic in HELP_TOPICS or topic in WORDS or _starts_option(topic) else None


def _info(words: _Words) -> Command | None:
    words.take_list()
    return words.command() if not words.words else None


def _get(words: _Words) -> Command | None:
    """[list] numbers, ranges, files"""
    words.take_list()
    fits = all(_SPEC.fullmatch(word) for word in words.words)
    known = words.named and words.setting.exists(words.list)
    file = known and len(words.words) == 1 and _TOKEN.fullmatch(words.words[0])
    if not (fits or file) or (not words.words and words.do in (Do.GET, Do.THREAD)):
        return None
    return words.command(text=" ".join(words.words))


def _confirm(words: _Words) -> Command | None:
    """[token] (Sympa: AUTH key command; LISTSERV: CONFIRM list)"""
    if not words.words:
        return words.command()
    if words.line.lower().startswith("auth") and len(words.words) > 1:
        line = " ".join(words.words[1:])
        inner = read_line(line, words.setting)
        if not isinstance(inner, Command):
            return None
        return replace(inner, do=Do.CONFIRM, token=words.words[0], text=line, options=())
    if words.setting.exists(words.words[0].lower()):
        words.take_list()
    if not words.words:
        return words.command()
    before = words.words[0]
    if len(words.words) == 1 and _TOKEN.fullmatch(before) and (any(c.isdigit() for c in before) or len(before) >= 16):
        return words.command(token=before)
    return None


def _decide(words: _Words) -> Command | Wrong | None:
    """[list] token [text] (Majordomo: approve PASSWORD subscribe list address)"""
    if len(words.words) > 2 and WORDS.get(words.words[1].lower()) in (Do.SUBSCRIBE, Do.UNSUBSCRIBE):
        inner = read_line(" ".join(words.words[1:]), words.setting)
        if isinstance(inner, Command) and inner.address:
            return replace(inner, do=Do.ADD if inner.do is Do.SUBSCRIBE else Do.DELETE, password=True)
        return None
    if (words.words and words.setting.exists(words.words[0].lower())) or (
        len(words.words) > 1 and _is_token(words.words[1]) and not _is_token(words.words[0])
    ):
        words.take_list()
    if not words.words or not _is_token(words.words[0]):
        return words.wrong(Fault.MISSING) if len(words.words) == 0 else None
    return words.command(token=words.words[0], text=" ".join(words.words[1:]))


def _is_token(word: str) -> bool:
    return bool(_OURS.fullmatch(word)) or (bool(_TOKEN.fullmatch(word)) and any(letter.isdigit() for letter in word))


def _person(words: _Words) -> Command | Wrong | None:
    """[list] address [name]"""
    words.take_list()
    about, good = words.take_address()
    if not good or not about:
        return words.wrong(Fault.ADDRESS, about) if words.named and len(words.words) <= 1 else None
    return (
        words.command(address=about, name=" ".join(words.words)) if not words.words or _is_name(words.words) else None
    )


def _set_list(words: _Words) -> Command | Wrong | None:
    """[list] key=value"""
    if words.words and "=" not in words.words[0]:
        words.take_list()
    text = " ".join(words.words)
    return words.command(text=text) if "=" in text else words.wrong(Fault.MISSING, text)


_SEARCH_WORDS = ("in", "since", "until", "from", "by", "to", "where")


def _search(words: _Words) -> Command | Wrong | None:
    """words [in list] [since date] [until date] [from|by person] [where subject contains words]"""
    if not words.words:
        return words.wrong(Fault.MISSING)
    first = words.words[0].lower()
    prose = (first in PROSE and first not in _SEARCH_WORDS) or len(words.words) > 20
    if prose or (
        words.line.lower().startswith("find") and len(words.words) > 3 and not {"in", "since"} & set(words.words)
    ):
        return None
    parts: dict[str, list[str]] = {"": []}
    into = ""
    for word in words.words:
        low = word.lower()
        if low in _SEARCH_WORDS:
            into = "from" if low == "by" else low
            parts.setdefault(into, [])
        else:
            parts[into].append(word)
    if listed := parts.pop("in", []):
        words.words = listed[:1]
        words.take_list(all_lists=True)
        parts[""] += listed[1:]
    query = _query(parts, words.setting.today)
    return words.command(query=query) if query != Query() else words.wrong(Fault.MISSING)


def _query(parts: dict[str, list[str]], today: date) -> Query:
    where = [word for word in parts.get("where", []) if word.lower() not in ("subject", "contains", "=")]
    text = re.sub(r"(?<!\S)'([^']{1,200})'(?!\S)", r'"\1"', " ".join(parts[""]))  # LISTSERV quotes phrases like this
    query = read_query(text[:MOST_CHARACTERS], today)
    query = replace(query, subject=(*query.subject, *where))
    since = read_days(" ".join(parts.get("since", [])), today)
    until = read_days(" ".join(parts.get("until", parts.get("to", []))), today)
    sender = " ".join(parts.get("from", [])).strip('"')
    if (began := read_days(sender, today)) and not since:  # LISTSERV: FROM 1 Jan 2020 TO …
        since, sender = began, ""
    if since:
        query = replace(query, since=midnight(since[0]))
    if until:
        query = replace(query, until=midnight(until[1]))
    return replace(query, from_=(*query.from_, sender)) if sender else query


def _set(words: _Words) -> Command | Wrong | None:
    """[list | *] option…"""
    first = words.words[0].lower().strip(",:") if words.words else ""
    if words.setting.exists(first) or not _starts_option(first):
        words.take_list(all_lists=True)
    raw = [word.strip(",") for word in words.words]
    low = [word.lower() for word in raw]
    if low == ["help"]:
        return Command(Do.HELP, words.list, text="set")
    if low == ["show"]:
        return Command(Do.WHICH, words.list)
    if low[:1] == ["authenticate"]:  # Mailman 2; nothing is left of it
        return words.command(password=True)
    if not low:
        return words.wrong(Fault.MISSING)
    options: list[Option] = []
    while low:
        taken = _option(low, raw, words.setting.today)
        if isinstance(taken, Fault):
            near = get_close_matches(low[0][:20], OPTION_WORDS, 3, 0.6) if taken is Fault.OPTION else []
            closest = tuple(near)
            sure = options or words.named or taken is not Fault.OPTION or (closest and len(words.words) <= 3)
            days = " ".join(raw[2:] if low[1:2] == ["until"] else raw[1:]) if taken is Fault.DATE else ""
            return words.wrong(taken, days or low[0], closest) if sure else None
        option, used = taken
        options += option
        low, raw = low[used:], raw[used:]
    return words.command(options=tuple(options))


def _starts_option(word: str) -> bool:
    return word in OPTIONS or word in OPTION_WORDS or word in ("help", "show", "authenticate")


def _option(low: list[str], raw: list[str], today: date) -> tuple[list[Option], int] | Fault:
    """(the options that the first words are, how many words that took), or what is wrong. raw: as they were typed."""
    word, after = low[0].removesuffix(":"), low[1] if len(low) > 1 else ""
    if word in SWITCHES and after in ("on", "off"):
        name, on, off = SWITCHES[word]
        return [Option(name, on if after == "on" else off)], 2
    if word == "digestplain":
        return [Option("mode", "digest"), Option("digest_form", "plain")], 1
    if word in ("digest", "digests") and after in FORMS:
        return [Option("mode", "digest"), Option("digest_form", FORMS[after])], 2
    if word in ("zone", "language"):
        return _personal(word, raw[1:2])
    if word == "mode" and OPTIONS.get(after, ("",))[0] == "mode":
        return [Option(*OPTIONS[after])], 2
    if word == "pause":
        rest = low[2:] if after == "until" else low[1:]
        if rest in (["none"], ["off"]):
            return [Option("pause_until", "none")], len(low)
        days = read_days(" ".join(rest), today, ahead=True) if rest else None
        return ([Option("pause_until", days[0])], len(low)) if days and days[0] > today else Fault.DATE
    if word == "topics":
        return ([Option("topics", " ".join(low[1:]))], len(low)) if after else Fault.MISSING
    if word in FORMS:
        return [Option("digest_form", FORMS[word])], 1
    return ([Option(*OPTIONS[word])], 1) if word in OPTIONS else Fault.OPTION


_LANGUAGE = re.compile(r"[a-z]{2}(?:-[a-z]{2})?")


def _personal(word: str, after: list[str]) -> tuple[list[Option], int] | Fault:
    """A time zone as IANA names it, or a language; what holds for all of somebody's lists."""
    if not after:
        return Fault.MISSING
    if word == "zone":
        return [Option("zone", after[0])], 2
    code = LANGUAGES.get(after[0].lower(), after[0].lower())
    return ([Option("language", code)], 2) if _LANGUAGE.fullmatch(code) else Fault.OPTION


_SHAPES: dict[Do, Callable[[_Words], Command | Wrong | None]] = {
    Do.SUBSCRIBE: _join,
    Do.UNSUBSCRIBE: _leave,
    Do.SET: _set,
    Do.CHANGE: _change,
    **dict.fromkeys((Do.WHICH, Do.WHO, Do.WAITING, Do.REMIND, Do.STATS), _about_list),
    **dict.fromkeys((Do.LISTS, Do.UNDO, Do.FOLLOW, Do.MUTE), _alone),
    Do.HELP: _help,
    Do.INFO: _info,
    **dict.fromkeys((Do.INDEX, Do.LAST, Do.GET, Do.THREAD), _get),
    Do.SEARCH: _search,
    Do.CONFIRM: _confirm,
    **dict.fromkeys((Do.APPROVE, Do.REJECT, Do.DISCARD), _decide),
    **dict.fromkeys((Do.ADD, Do.DELETE, Do.INVITE), _person),
    Do.SET_LIST: _set_list,
}
