"""Commands in our own words, for mails to addresses that are not proved: nothing that the sender typed freely (C7)."""

import re

from listserver.core.address import Route, Verb
from listserver.core.command_values import Command, Option
from listserver.core.command_words import Do

_LINES = {
    Verb.SUBSCRIBE: "subscribe {list} {argument} {option}",
    Verb.UNSUBSCRIBE: "unsubscribe {list} {argument}",
    Verb.SET: "set {list} {option}",
    Verb.HELP: "help",
    Verb.INFO: "info {list}",
    Verb.FAQ: "info {list}",
    Verb.QUERY: "which {list}",
    Verb.WHO: "who {list}",
    Verb.GET: "get {list} {numbers}",
    Verb.INDEX: "index {list} {numbers}",
    Verb.THREAD: "thread {list} {numbers}",
}


def written(command: Command) -> str:
    """The command as one would type it, without names and searches."""
    options = [_words_of(option) for option in command.options]
    text = plain(command.text) if command.do in _TOLD else ""
    return " ".join(word for word in (command.do, command.list, command.address, *options, text) if word)


_ZONE = re.compile(r"[A-Za-z_]{1,14}(?:/[A-Za-z_-]{1,20}){0,2}")
_SWITCHED = {"own_copies": "myposts", "concealed": "conceal"}


def _words_of(option: Option) -> str:
    """A setting as members write it: `digest`, `myposts off`."""
    value = plain(str(option.value))
    match option.name:
        case "own_copies" | "concealed" | "ack":
            return f"{_SWITCHED.get(option.name, option.name)} {'on' if option.value else 'off'}"
        case "mode":
            return "mail" if value == "each" else value
        case "digest_form":
            return value
        case "pause_until":
            return "resume" if value == "none" else f"pause until {value}"
        case "zone" if _ZONE.fullmatch(str(option.value)):
            return f"zone {option.value}"
        case name:
            return f"{name} {value}".rstrip()


_TOLD = (Do.SET_LIST, Do.GET, Do.INDEX, Do.THREAD)
_UNSAFE = re.compile(r"\w*://\S*|www\.\S*|[^\w @.,'*=+-]")


def plain(text: str, most: int = 60) -> str:
    """A stranger's words as we repeat them: short, in one line, no links (C7)."""
    return " ".join(_UNSAFE.sub(" ", text).split())[:most]


def line_of(route: Route) -> str:
    """The command that an address stands for (`LIST+subscribe@`), "" for one that stands for none."""
    line = _LINES.get(route.verb, "")
    numbers = route.argument.replace("_", "-").replace(".", " ")
    words = line.format(list=route.list or "", argument=route.argument, option=route.option, numbers=numbers)
    return " ".join(words.split())
