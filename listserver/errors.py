"""Failures (expected outcomes are values instead, see actions/).

ListserverError
├── Refused        the outside asked for what cannot be: permanent, told why
│   └── UsageError a wrong setting, argument or file: file, key, what would be right
└── Unavailable    ours, and it passes (database locked, disk full): the mail is kept, the sender tries again
"""

from enum import StrEnum


class Why(StrEnum):
    """What a failure is about, with what is `given`: mails say it in each language (templates/mail/*/parts.j2)."""

    OTHER = "other"
    NOT_MEMBER = "not-member"  # address
    LAST_OWNER = "last-owner"  # address
    NOT_ALLOWED = "not-allowed"
    NO_ADDRESS = "no-address"  # what was written for one
    OURS = "ours"  # an address of this list server
    NO_SETTING = "no-setting"  # name, those that there are
    ONE_OF = "one-of"  # setting, what was written, what would be right
    LIKE = "like"  # setting, what was written, an example of what would be right


class ListserverError(Exception):
    """A failure: what the outside is told (`public`), what the log is told (`private`), whether it passes."""

    temporary = False

    def __init__(self, public: str, private: str = "", *, why: Why = Why.OTHER, given: tuple[str, ...] = ()) -> None:
        super().__init__(public)
        self.public = public
        self.private = private or public
        self.why = why
        self.given = given


class Refused(ListserverError):
    """What was asked cannot be done, now or later; `public` says what, why, and what to do next."""


class UsageError(Refused):
    """A wrong setting, argument or input file."""


class Unavailable(ListserverError):
    """A failure of ours that passes by itself or when the operator acts; doors answer 4xx."""

    temporary = True
