"""Who acts, and what proves it. Every verb takes an Actor; actions.access asks it."""

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """How an actor showed who they are, weakest first."""

    NONE = "none"  # a From line that anybody can write
    SENDER = "sender"  # DMARC passed for the exact address
    TOKEN = "token"  # noqa: S105 (answered with a token that only their mailbox could know)
    SESSION = "session"  # signed in on the web, by a mailed link
    SHELL = "shell"  # the operator, on the server's command line
    SYSTEM = "system"  # the program itself: expiry, bounces


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts. person_id: None for the operator, the program, and people we do not know."""

    proof: Proof
    address: str = ""
    person_id: int | None = None
    door: str = ""

    @property
    def proved(self) -> bool:
        """Whether the address is more than a claim."""
        return self.proof is not Proof.NONE


OPERATOR = Actor(Proof.SHELL, "operator", None, "cli")
PROGRAM = Actor(Proof.SYSTEM, "listserver", None, "jobs")
