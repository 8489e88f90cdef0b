"""Settings of a list: each one typed and documented here, and nowhere else."""

import re
from dataclasses import MISSING, dataclass, field, fields
from datetime import time
from typing import Any, Literal, get_args

from listserver.errors import UsageError, Why


def _setting(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What an owner can decide for one list. Values not set are these defaults: a new list starts careful."""

    title: str = _setting("", "One line that says what the list is for; shown in the archive and in mails.")
    description: str = _setting("", "A few sentences for people who think about joining.")
    language: str = _setting(
        "en",
        "Language of the mails that the list writes; a member's own choice wins; not set: the site's.",
    )
    archive: Literal["public", "members", "none"] = _setting("members", "Who may read the archive.")
    advertised: bool = _setting(True, "Whether the list is named to people who are not its members.")
    joining: Literal["confirm", "open", "approve", "confirm+approve", "invite", "closed"] = _setting(
        "confirm", "What it takes to join: a reply from the address, a moderator's yes, both, an invitation."
    )
    leaving: Literal["open", "confirm"] = _setting("confirm", "Whether an unproved request to leave must be confirmed.")
    posting: Literal["members", "anyone", "moderators"] = _setting("members", "Who may post.")
    non_members: Literal["hold", "reject", "accept", "discard"] = _setting(
        "hold", "What happens to a post from an address that is not a member's."
    )
    moderation: Literal["none", "first-posts", "all"] = _setting(
        "first-posts", "Whose posts wait for a moderator: nobody's, those of new members, everybody's."
    )
    first_posts: int = _setting(1, "How many posts of a new member wait under moderation = first-posts.")
    max_size: int = _setting(
        10_000_000, "Largest post in octets; larger ones are refused. Written as a number or like 10 MB."
    )
    max_recipients: int = _setting(10, "A post that names more addresses than this in To and Cc is held.")
    attachments: str = _setting("keep", "keep, or refuse:TYPES, such as refuse:application/x-msdownload,.exe,.scr")
    html: Literal["keep", "hold", "reject"] = _setting("keep", "What happens to a post that has no plain text.")
    empty_subject: Literal["accept", "hold", "reject"] = _setting("accept", "What happens to a post without a subject.")
    hourly_posts: int = _setting(10, "Posts of one member in an hour beyond which they are held; 0 = no limit.")
    daily_posts: int = _setting(0, "Posts of the list in a day beyond which they are held; 0 = no limit.")
    copies: Literal["each", "batch"] = _setting(
        "each",
        "each: every member's copy has its own return address and unsubscribe link; batch: all copies are equal.",
    )
    subject_tag: str = _setting(
        "", "Put before the subject of each post, such as [talk]; breaks some authors' signatures."
    )
    footer: str = _setting("", "Text put under each post; breaks authors' signatures.")
    reply_to: Literal["author", "list", "both"] = _setting("author", "Where a plain reply goes.")
    from_: Literal["auto", "keep", "rewrite", "wrap"] = _setting(
        "auto",
        "Whether From is rewritten for domains whose DMARC policy would lose the copies: only where needed (auto).",
    )
    digest_at: str = _setting("06:00", "Time of day at which digests go out.")
    digest_size: int = _setting(30, "A digest goes out early when so many posts wait.")
    digest_zone: str = _setting("UTC", "Time zone of digest_at, such as Europe/Berlin.")
    digest_form: Literal["html", "plain", "mime"] = _setting(
        "html", "Form of digests for members who did not choose one."
    )
    hold_days: int = _setting(14, "Days for which a held post waits.")
    on_expiry: Literal["discard", "reject"] = _setting("discard", "What happens to a held post that nobody decided.")
    empty_reply: Literal["ask", "approve"] = _setting("ask", "What an empty reply to a moderation notice means.")
    members_visible_to: Literal["owners", "members", "nobody"] = _setting("owners", "Who may see who the members are.")
    topics: str = _setting(
        "", "Topic tags members can choose among, comma-separated; empty = any tag in a subject counts."
    )


PRESETS: dict[str, dict[str, str]] = {
    "discussion": {},
    "announce": {"posting": "moderators", "moderation": "none", "reply_to": "author", "archive": "public"},
    "private": {"joining": "invite", "advertised": "false", "archive": "members", "non_members": "reject"},
    "support": {"posting": "anyone", "moderation": "none", "archive": "public", "reply_to": "both"},
}

# `from` is a Python keyword: the one setting whose field has another name.
_FIELD_OF = {"from": "from_"}
_FIELDS = frozenset(f.name for f in fields(ListSettings))
_NAME_OF = {v: k for k, v in _FIELD_OF.items()}
# Settings of more than one line; all other texts go into header fields.
_SEVERAL_LINES = ("description", "footer")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_END = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST = {"title": 200, "subject_tag": 60}
_EXAMPLES = {"title": "Talk about drift", "subject_tag": "[talk]", "topics": "calibration, software"}
_RANGES = {"hold_days": (1, 365), "digest_size": (1, 200)}
_UNITS = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}


def names() -> tuple[str, ...]:
    """All setting names, as an operator writes them."""
    return tuple(_NAME_OF.get(f.name, f.name) for f in fields(ListSettings))


def doc(name: str) -> str:
    """The sentence that documents a setting."""
    return str(_field(name).metadata["doc"])


def choices(name: str) -> tuple[str, ...]:
    """The words a setting can have; () where it is a number or free text."""
    kind = _field(name).type
    if kind is bool:
        return ("true", "false")
    return tuple(str(a) for a in get_args(kind))


def default(name: str) -> Any:
    """The value of a setting that nobody set."""
    value = _field(name).default
    assert value is not MISSING
    return value


def parse(name: str, text: str) -> Any:
    """The typed value of `name = text`. Raises UsageError with what would be right."""
    kind = _field(name).type
    text = text.strip()
    if kind is bool:
        word = text.casefold()
        if word in ("true", "yes", "on", "1"):
            return True
        if word in ("false", "no", "off", "0"):
            return False
        raise wrong(name, text, "true, false")
    if kind is int:
        return _number(name, text)
    _require_plain(name, text)
    words = choices(name)
    if words and text not in words:
        raise wrong(name, text, ", ".join(words))
    if name == "digest_at":
        return _time_of_day(name, text)
    if name == "attachments":
        return _attachments(name, text)
    return language(name, text) if name == "language" else text


def _require_plain(name: str, text: str) -> None:
    """A title or tag goes into header fields, where a line end begins another field, and 998 octets are the limit."""
    most = _LONGEST.get(name, 20_000)
    if len(text) <= most and not (_CONTROL if name in _SEVERAL_LINES else _LINE_END).search(text):
        return
    what = "plain text" if name in _SEVERAL_LINES else "one line of plain text"
    example = str(default(name)) or _EXAMPLES.get(name, "these words")
    raise unlike(name, text[:most], f"{what} of at most {most} characters", example)


def language(name: str, text: str) -> str:
    """A language's code; whether there are texts in it is the site's matter, which may have its own."""
    if not _LANGUAGE.fullmatch(text):
        raise unlike(name, text, "the code of a language", "en, de or fr")
    return text


def _attachments(name: str, text: str) -> str:
    """keep, or refuse:<types>: a list that refuses nothing by mistake would believe itself safe."""
    mode, _, kinds = text.partition(":")
    named = [kind.strip() for kind in kinds.split(",")]
    if text == "keep" or (mode == "refuse" and all(kind.startswith(".") or "/" in kind for kind in named)):
        return text
    raise unlike(name, text, "keep, or refuse: and types or file endings", "refuse:.exe,.scr,application/x-msdownload")


def wrong(name: str, text: str, choices: str) -> UsageError:
    """A setting, of a list or a member, that cannot have this value. choices: what it can, comma-separated."""
    said = f"{name} = {text!r} is not possible: write one of {choices}."
    return UsageError(said, why=Why.ONE_OF, given=(name, text, choices))


def unlike(name: str, text: str, what: str, example: str) -> UsageError:
    """The same where there are too many to name them. what: a value is, such as "a date"."""
    said = f"{name} = {text!r} is not {what}: write it like {example}."
    return UsageError(said, why=Why.LIKE, given=(name, text, example))


def _time_of_day(name: str, text: str) -> str:
    try:
        return f"{time.fromisoformat(text):%H:%M}"
    except ValueError:
        raise unlike(name, text, "a time of day", "06:00") from None


def from_stored(stored: dict[str, Any]) -> ListSettings:
    """Settings from what the list has stored (only what was set); names that are not known any more are ignored."""
    return ListSettings(**{_FIELD_OF.get(k, k): v for k, v in stored.items() if _FIELD_OF.get(k, k) in _FIELDS})


def value(settings: ListSettings, name: str) -> Any:
    """The value of the setting an operator calls `name`."""
    return getattr(settings, _field(name).name)


def _field(name: str) -> Any:
    wanted = _FIELD_OF.get(name, name)
    for f in fields(ListSettings):
        if f.name == wanted:
            return f
    said = f"There is no setting {name!r}. `listserver list settings` shows all of them."
    raise UsageError(said, why=Why.NO_SETTING, given=(name, ", ".join(names())))


def _number(name: str, text: str) -> int:
    digits = text.rstrip("kKmMgGbB ")
    unit = text[len(digits) :].strip().casefold()
    if not digits.isascii() or not digits.isdigit() or unit not in _UNITS or (unit and name != "max_size"):
        example = "10 MB" if name == "max_size" else "10"
        raise unlike(name, text, "a whole number", example)
    number, (least, most) = int(digits) * _UNITS[unit], _RANGES.get(name, (0, 10**12))
    if not least <= number <= most:
        raise wrong(name, text, f"{least} … {most}")
    return number
