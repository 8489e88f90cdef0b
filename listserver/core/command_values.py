"""What commands by mail are: values that core.commands reads and the program acts on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from listserver.core.command_words import Do
from listserver.core.query import Query


@dataclass(frozen=True, slots=True)
class Option:
    """A member's setting by its name in `member set`; beside those, ack and topics."""

    name: str
    value: str | bool | date


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    list: its name, lower case; "" if neither the command nor the address names one, "*" for all. address: whom it is
    about if somebody typed one, else "". name: the person's name. text: the topic of a help, the reason of a
    rejection, key=value of a set-list, numbers or a file of a get. password: an old password was given (ignored).
    """

    do: Do
    list: str = ""
    address: str = ""
    name: str = ""
    options: tuple[Option, ...] = ()
    token: str = ""
    text: str = ""
    query: Query | None = None
    password: bool = False
    line: str = ""


class Fault(StrEnum):
    """What is wrong with a line that is nearly a command."""

    WORD = "word"  # no such command
    OPTION = "option"  # no such option
    MISSING = "missing"  # something must follow
    ADDRESS = "address"  # not an address
    DATE = "date"  # not a date


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is nearly a command. given: what was not understood; closest: the valid words nearest to it."""

    line: str
    fault: Fault
    given: str = ""
    closest: tuple[str, ...] = ()
    list: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a mail of commands arrived: the list that the address names ("" = the site's robot), the domain,

    whether a list of a name is there, and the day, for dates like "2 weeks".
    """

    here: str
    domain: str
    exists: Callable[[str], bool]
    today: date
