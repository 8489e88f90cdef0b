"""What travels beside the bytes of an inbound mail."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class AuthResult(StrEnum):
    """A result word of RFC 8601 §2.7, as far as we use them."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 (the word of RFC 8601)
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DmarcPolicy(StrEnum):
    """What the author's domain asks receivers to do (RFC 9989)."""

    ABSENT = "absent"
    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Authenticity:
    """What SPF, DKIM and DMARC say of an inbound; all `none` where nobody looked.

    `source` says who looked: "" nobody, "ours" this program as first hop, else the authserv-id that was believed.
    `proved` is the author's exact address if DMARC passed for its domain, else "".
    `keys`: (name, record) of the DKIM keys that prove the author's domain, where its policy makes that matter.
    `chain`: of ARC, and `results`: what a seal of ours says of it all; "" where we seal nothing, or could not look.
    """

    source: str = ""
    spf: AuthResult = AuthResult.NONE
    spf_domain: str = ""
    dkim: tuple[tuple[str, AuthResult], ...] = ()
    dmarc: AuthResult = AuthResult.NONE
    dmarc_policy: DmarcPolicy = DmarcPolicy.ABSENT
    proved: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    chain: AuthResult = AuthResult.NONE
    results: str = ""

    @property
    def unasked(self) -> bool:
        """Whether nobody could look just now, as no name server answers any more: neither pass nor fail (A4)."""
        return not self.source and self.dmarc is AuthResult.TEMPERROR


@dataclass(frozen=True, slots=True)
class Envelope:
    """One inbound for one recipient address of ours, whichever door it came through.

    sender: MAIL FROM without <>, "" for the null sender. recipient: the address as given at RCPT, unparsed.
    recipients: how many recipient addresses the transaction had. door: "smtp", "lmtp", "pipe", "imap", "import".
    client: IP address of the true client, "" if none. helo: what it called itself. trusted: it is our own MTA.
    """

    sender: str
    recipient: str
    door: str
    recipients: int = 1
    client: str = ""
    helo: str = ""
    tls: bool = False
    trusted: bool = False
    authenticity: Authenticity = field(default_factory=Authenticity)


def from_stored(stored: dict[str, Any]) -> Envelope:
    """An envelope from what `dataclasses.asdict` made of it and JSON kept."""
    known = stored["authenticity"]
    authenticity = replace(
        Authenticity(**known),
        spf=AuthResult(known["spf"]),
        dkim=tuple((domain, AuthResult(result)) for domain, result in known["dkim"]),
        dmarc=AuthResult(known["dmarc"]),
        dmarc_policy=DmarcPolicy(known["dmarc_policy"]),
        keys=tuple((name, record) for name, record in known.get("keys", ())),
        chain=AuthResult(known.get("chain", AuthResult.NONE)),
    )
    return Envelope(**{**stored, "authenticity": authenticity})


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an inbound, in the words of SMTP; other doors translate it (pipe: sysexits).

    code: 250, 451, 550 …; status: enhanced code (RFC 3463) such as "5.1.1"; text: one line, no CR or LF, ASCII.
    reasons: code and sentence of each finding, for who is told by mail in their own language.
    """

    code: int
    status: str
    text: str
    reasons: tuple[tuple[str, str], ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it is ours now."""
        return self.code < 300

    @property
    def temporary(self) -> bool:
        """Whether the client should try again."""
        return 400 <= self.code < 500
