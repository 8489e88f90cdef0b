"""Questions to the DNS as values: checks are generators that yield a Question and are sent an Answer.

So SPF, DKIM, DMARC and ARC stay pure; `listserver.authenticity` asks a resolver, tests ask a zone written in the test.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeVar

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]


@dataclass(frozen=True, slots=True)
class Question:
    """A name to look up; PTR's name is the reverse name (…in-addr.arpa)."""

    name: str
    kind: Kind


class Found(Enum):
    """What became of a question."""

    YES = "yes"
    NO_DATA = "no data"  # the name exists, without records of this kind
    NO_NAME = "no name"  # NXDOMAIN
    FAILED = "failed"  # time-out, SERVFAIL, or no more questions allowed


@dataclass(frozen=True, slots=True)
class Answer:
    """records: TXT as one string per record (its pieces joined; octets over 127 as Latin-1), A and AAAA as addresses,
    MX as host names by preference, PTR as names."""

    found: Found
    records: tuple[str, ...] = ()


T = TypeVar("T")
Check = Generator[Question, Answer, T]

FAILED = Answer(Found.FAILED)


def run(check: Check[T], ask: Callable[[Question], Answer]) -> T:
    """Run a check to its end with a function that answers at once."""
    try:
        question = next(check)
        while True:
            question = check.send(ask(question))
    except StopIteration as end:
        result: T = end.value
        return result
