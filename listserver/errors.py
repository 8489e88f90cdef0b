"""Failures (expected outcomes are values instead, see actions/).

ListserverError
├── Refused        the outside asked for what cannot be: permanent, told why
│   └── UsageError a wrong setting, argument or file: file, key, what would be right
└── Unavailable    ours, and it passes (database locked, disk full): the mail is kept, the sender tries again
"""


class ListserverError(Exception):
    """A failure: what the outside is told (`public`), what the log is told (`private`), whether it passes."""

    temporary = False

    def __init__(self, public: str, private: str = "") -> None:
        super().__init__(public)
        self.public = public
        self.private = private or public


class Refused(ListserverError):
    """What was asked cannot be done, now or later; `public` says what, why, and what to do next."""


class UsageError(Refused):
    """A wrong setting, argument or input file."""


class Unavailable(ListserverError):
    """A failure of ours that passes by itself or when the operator acts; doors answer 4xx."""

    temporary = True
