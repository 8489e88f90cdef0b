"""Addresses: one key per mailbox, what members type, paths of SMTP (RFC 5321), and what our own addresses mean."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import idna
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from listserver.errors import UsageError, Why


class Verb(StrEnum):
    """What somebody who writes to an address of ours wants."""

    POST = "post"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SET = "set"
    CONFIRM = "confirm"
    APPROVE = "approve"
    REJECT = "reject"
    DISCARD = "discard"
    OWNER = "owner"
    REQUEST = "request"
    MODERATORS = "moderators"
    HELP = "help"
    INFO = "info"
    FAQ = "faq"
    QUERY = "query"
    WHO = "list"
    GET = "get"
    INDEX = "index"
    THREAD = "thread"
    BOUNCE = "bounces"
    RE = "re"
    ROBOT = "robot"
    POSTMASTER = "postmaster"
    ABUSE = "abuse"
    UNKNOWN = "unknown"  # our domain, but no such list or verb: 550 5.1.1
    FOREIGN = "foreign"  # not our domain: we are no relay


@dataclass(frozen=True, slots=True)
class Route:
    """Where a recipient address leads.

    list: the list's name, lower case; None for the site's own addresses. argument: a token, address, or post numbers,
    as written. option: for SUBSCRIBE "", "digest" or "nomail"; for SET also "mail", "daily", "weekly", "monthly"; for
    CONFIRM "subscribe" or "unsubscribe" where the address says what is confirmed.
    """

    list: str | None
    verb: Verb
    argument: str = ""
    option: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A reverse-path or forward-path (RFC 5321 §4.1.2), source route dropped.

    local: without quotes. domain: as written; "" for the null sender and for a bare `<postmaster>`.
    rest: what stood behind the path, stripped: the parameters.
    """

    local: str
    domain: str
    rest: str = ""

    @property
    def address(self) -> str:
        """As one writes it, quoted only where it must be; "" for the null sender."""
        if not self.local and not self.domain:
            return ""
        local = self.local
        if not _DOT_ATOM.fullmatch(local):
            local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
        return f"{local}@{self.domain}" if self.domain else local


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is no path, in plain words: the door answers 501 5.1.7 (sender) or 501 5.1.3 (recipient)."""

    text: str


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[ -~])*)"')
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]{0,61}[A-Za-z0-9\u0080-\U0010ffff])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[([0-9A-Za-z:.]+)\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SOURCE_ROUTE = re.compile(r"@[^@:,<>\s]+(?:,@[^@:,<>\s]+)*:")
# The bulk of all addresses, for which the validator's 40 µs are not needed.
_PLAIN = re.compile(r"[A-Za-z0-9_+\-]{1,30}(?:\.[A-Za-z0-9_+\-]{1,30})?@(?:[A-Za-z0-9]{1,60}\.){1,3}[A-Za-z]{2,20}")
_MEMBER_LINE = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^"<>]*))\s*<([^<>]*)>')
_LIST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._\-]{0,48}[a-z0-9])?")

_SEARCHED = 300_000  # octets of a report
_PRIVATE = frozenset({"local", "localhost", "test"})

ROBOTS = frozenset({"listserv", "majordomo", "sympa", "mailman", "lists", "info"})
_SITE = {"postmaster": Verb.POSTMASTER, "mailer-daemon": Verb.POSTMASTER, "abuse": Verb.ABUSE}
_SITE |= {robot: Verb.ROBOT for robot in ROBOTS}
_PREFIXES = {
    "nomail": (Verb.SET, "nomail"),
    "mail": (Verb.SET, "mail"),
    "dailydigest": (Verb.SET, "daily"),
    "weeklydigest": (Verb.SET, "weekly"),
    "monthlydigest": (Verb.SET, "monthly"),
    "leave": (Verb.UNSUBSCRIBE, ""),
    "admin": (Verb.OWNER, ""),
}
_WORDS: dict[Verb, str] = {
    Verb.SUBSCRIBE: "subscribe sub join",
    Verb.UNSUBSCRIBE: "unsubscribe unsub leave signoff remove",
    Verb.CONFIRM: "confirm confsub confunsub sc uc",
    Verb.APPROVE: "accept release approve ok moderate",
    Verb.REJECT: "reject deny",
    Verb.DISCARD: "discard delete",
    Verb.OWNER: "owner owners admin managers",
    Verb.REQUEST: "request",
    Verb.MODERATORS: "editor moderator moderators",
    Verb.HELP: "help",
    Verb.INFO: "info",
    Verb.FAQ: "faq",
    Verb.QUERY: "query",
    Verb.WHO: "list",
    Verb.GET: "get",
    Verb.INDEX: "index",
    Verb.THREAD: "thread",
    Verb.BOUNCE: "bounces bounce return",
    Verb.RE: "re",
    Verb.SET: "nomail mail digest",
}
_VERBS = {word: verb for verb, words in _WORDS.items() for word in words.split()}
# What another system's address confirms (ezmlm, mlmmj): its tokens are none of ours, but the wish is as good.
_CONFIRMED = {"confsub": "subscribe", "sc": "subscribe", "confunsub": "unsubscribe", "uc": "unsubscribe"}
_SUFFIX = re.compile(r"([a-z]+)(?:[-.+=](.*))?", re.IGNORECASE | re.DOTALL)
_OPTION = re.compile(r"(digest|nomail)(?:[-.+=](.*))?", re.IGNORECASE | re.DOTALL)
_OPTION_FIRST = re.compile(r"(digest|nomail)[-+](subscribe|sub|join|unsubscribe|unsub|leave)\b(.*)", re.I | re.DOTALL)


def split(address: str) -> tuple[str, str]:
    """(local part, domain) at the last @; the domain is "" where there is none."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def key(address: str) -> str:
    """The same string for the same mailbox: NFC, case-folded local part, A-label domain (standards I1).

    Never raises: a domain that IDNA 2008 does not allow is only folded.
    """
    if address.isascii():
        return address.lower().removesuffix(".")
    local, domain = split(address)
    if not domain:
        return _fold(local)
    return f"{_fold(local)}@{a_label(domain)}"


def valid(address: str) -> str:
    """The address as typed (NFC, no surrounding space), or UsageError saying what is wrong with it (standards I1)."""
    address = address.strip()
    top = address[max(address.rfind("."), address.rfind("@")) + 1 :].lower()
    if _PLAIN.fullmatch(address) and top not in SPECIAL_USE_DOMAIN_NAMES:
        return address
    # Intranets and trials do use names that the public DNS will never have; the rest of the name must be right.
    private = ".example" if top in _PRIVATE else ""
    try:
        checked = validate_email(
            address + private, allow_smtputf8=True, allow_quoted_local=False, allow_domain_literal=False,
            allow_display_name=False, check_deliverability=False, strict=True,
        )  # fmt: skip
    except EmailNotValidError as wrong:
        said = f"{_shown(address)} is not an address that mail can reach: {wrong}"
        raise UsageError(said, why=Why.NO_ADDRESS, given=(_shown(address),)) from None
    return checked.normalized.removesuffix(private)


def parse_member_line(line: str) -> tuple[str, str]:
    """(name, address) of one line of a member file, name "" if none; raises UsageError.

    Forms: `address`, `"Name" <address>`, `Name <address>`, `address (Name)`, `address Name` (LISTSERV, Sympa).
    """
    line = line.strip()
    if found := _MEMBER_LINE.fullmatch(line):
        quoted, bare, address = found.groups()
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
    else:
        address, _, name = line.partition(" ")
        name = name.strip().removeprefix("(").removesuffix(")")
        if "@" in name:  # it would become the name of the first, and nobody would get its mail
            raise UsageError(f"{_shown(line)} has several addresses: write one a line.")
    return _CONTROL.sub(" ", name).strip(), valid(address)


def list_name(text: str) -> str:
    """A list's name as we keep it (lower case), or UsageError."""
    name = text.strip().lower()
    if not _LIST_NAME.fullmatch(name):
        raise UsageError(
            f"{_shown(text)} cannot be a list's name: use up to 50 letters a-z, digits, hyphens, dots and underscores, "
            "with a letter or digit first and last, such as field-notes."
        )
    return name


def route(recipient: str, domain: str, exists: Callable[[str], bool]) -> Route:
    """What `recipient` means at `domain`; `exists` tells whether a list of that (lower-case) name is there.

    The grammar: `[prefix.]LIST[(-|+)verb[(-|.|+|=)argument]]`, `owner-LIST`, robots.
    An exact list address wins over a suffix, and a longer list name over a shorter one.
    """
    local, where = split(recipient)
    if where and key("x@" + where) != key("x@" + domain):
        return Route(None, Verb.FOREIGN)
    folded = local.lower()
    if folded in ("postmaster", "abuse"):  # RFC 5321 §4.5.1, RFC 2142
        return Route(None, _SITE[folded])
    if not where or len(local) > 255:
        return Route(None, Verb.UNKNOWN)
    if exists(folded):
        return Route(folded, Verb.POST)
    if folded in _SITE:
        return Route(None, _SITE[folded])
    return _prefixed(folded, exists) or _suffixed(local, exists) or _of_site(local)


def shadows(new: str, existing: Iterable[str]) -> str:
    """Why a list cannot be called `new` beside the `existing` ones: a sentence; "" where nothing clashes."""
    new = new.lower()
    names = {name.lower() for name in existing}
    if _of_site(new).verb is not Verb.UNKNOWN:
        return f"{new}@ is an address of the list server itself."
    if new in names:
        return f"There is a list {new} already."
    mine = route(f"{new}@x", "x", names.__contains__)
    if mine.list is not None:
        return f"{new}@ is an address of the list {mine.list} already ({mine.verb})."
    for name in sorted(names):
        theirs = _prefixed(name, new.__eq__) or _suffixed(name, new.__eq__)
        if theirs is not None:
            return f"The list {name} has the address that the list {new} would need ({theirs.verb})."
    return ""


def address_for(list_name: str, domain: str, verb: Verb = Verb.POST, argument: str = "") -> str:
    """The address at which `verb` is asked of a list, as we write it: `talk+subscribe@…`, `talk+re.ID@…`."""
    if verb is Verb.POST:
        return f"{list_name}@{domain}"
    return f"{list_name}+{verb}{'.' if argument else ''}{argument}@{domain}"


def bounce_address(list_name: str, domain: str, token: str = "") -> str:
    """The envelope sender of a copy (`talk-bounces+TOKEN@…`), of a batch without token; list "" for the site's own."""
    local = f"{list_name}-bounces" if list_name else "bounces"
    return f"{local}+{token}@{domain}" if token else f"{local}@{domain}"


def bounce_address_in(octets: bytes, domain: str) -> tuple[str, str]:
    """(list, token) of the first return address of ours that stands in a mail, ("", "") if there is none."""
    return _address_in(rb"-bounces\+([0-9a-f]{25,60})", octets, domain)


def leave_address_in(octets: bytes, domain: str) -> tuple[str, str]:
    """(list, token) of the first List-Unsubscribe address of a member that stands in a mail, else ("", "")."""
    return _address_in(rb"\+unsubscribe\.([0-9a-f]{33,60})", octets, domain)


def _address_in(suffix: bytes, octets: bytes, domain: str) -> tuple[str, str]:
    name = rb"(?<![a-z0-9._-])([a-z0-9][a-z0-9._-]{0,49})"
    found = re.search(name + suffix + b"@" + re.escape(domain.lower().encode()), octets[:_SEARCHED].lower())
    return (found[1].decode(), found[2].decode()) if found else ("", "")


def parse_path(text: str) -> Path | Problem:
    """The path at the start of what follows MAIL FROM: or RCPT TO: (RFC 5321 §4.1.2, source routes App. C).

    Brackets may be missing, as some clients send it. `a%b@us` and `a!b@us` are just local parts: no list has
    such a name, so that `route` refuses them. Linear time.
    """
    text = text.strip(" ")
    if _CONTROL.search(text):
        return Problem("The address holds a control character.")
    if text.startswith("<>"):
        return Path("", "", text[2:].strip())
    bracket = text.startswith("<")
    at = 1 if bracket else 0
    if bracket and (detour := _SOURCE_ROUTE.match(text, at)):
        at = detour.end()
    taken = _mailbox(text, at)
    if isinstance(taken, Problem):
        return taken
    local, domain, end = taken
    if bracket:
        if text[end : end + 1] != ">":
            return Problem("The address does not end where its bracket closes.")
        end += 1
    if text[end : end + 1] not in ("", " "):
        return Problem("Something stands right behind the address.")
    return Path(local, domain, text[end:].strip())


def _mailbox(text: str, at: int) -> tuple[str, str, int] | Problem:
    """(local part unquoted, domain, end) of the mailbox at `at`."""
    if quoted := _QUOTED.match(text, at):
        local, end = re.sub(r"\\(.)", r"\1", quoted.group(1)), quoted.end()
    elif atom := _DOT_ATOM.match(text, at):
        local, end = atom.group(), atom.end()
    else:
        return Problem("There is no valid name before the @.")
    if text[end : end + 1] != "@":
        if local.lower() == "postmaster":  # RFC 5321 §4.1.1.3
            return local, "", end
        return Problem("The address has no valid @domain.")
    domain = _DOMAIN.match(text, end + 1)
    if not domain or (domain[1] and not _is_literal(domain[1])):
        return Problem("The domain is not a valid one.")
    # RFC 5321 §4.5.3.1.1 stops at 64 octets, but return addresses of others are often longer.
    if len(local.encode()) > 255 or len(domain.group()) > 255:
        return Problem("A part of the address is longer than 255 octets.")
    return local, domain.group(), domain.end()


def _is_literal(text: str) -> bool:
    """Whether that is what stands within [] in an address literal (RFC 5321 §4.1.3)."""
    tag = text[:5].lower() == "ipv6:"
    try:
        (IPv6Address if tag else IPv4Address)(text[5:] if tag else text)
    except ValueError:
        return False
    return True


def _prefixed(local: str, exists: Callable[[str], bool]) -> Route | None:
    """`leave.LIST`, `nomail.LIST` (Dgroups) and `owner-LIST` (LISTSERV)."""
    if local.startswith("owner-") and exists(local[6:]):
        return Route(local[6:], Verb.OWNER)
    word, dot, name = local.partition(".")
    if dot and word in _PREFIXES and exists(name):
        verb, option = _PREFIXES[word]
        return Route(name, verb, "", option)
    return None


def _suffixed(local: str, exists: Callable[[str], bool]) -> Route | None:
    """`LIST-verb…` and `LIST+verb…`: the rightmost cut at which a list and a verb meet."""
    for cut in range(len(local) - 1, 0, -1):
        if local[cut] in "-+":
            found = _verb(local[cut + 1 :])
            if found is not None and exists(local[:cut].lower()):
                verb, argument, option = found
                return Route(local[:cut].lower(), verb, argument, option)
    return None


def _of_site(local: str) -> Route:
    """Addresses without a list: `bounces+TOKEN`, `listserv+confirm.TOKEN`, `mailman-owner`, `owner-majordomo`."""
    folded = local.lower()
    if folded in _SITE:
        return Route(None, _SITE[folded])
    found = _verb(local)
    if found is not None and found[0] is Verb.BOUNCE:
        return Route(None, Verb.BOUNCE, found[1])
    own = _prefixed(folded, ROBOTS.__contains__) or _suffixed(local, ROBOTS.__contains__)
    if own is None:
        return Route(None, Verb.UNKNOWN)
    if own.verb in (Verb.OWNER, Verb.REQUEST, Verb.MODERATORS):
        return Route(None, Verb.POSTMASTER)
    return Route(None, own.verb, own.argument, own.option)


def _verb(text: str) -> tuple[Verb, str, str] | None:
    """(verb, argument, option) of what stands behind the list's name."""
    if turned := _OPTION_FIRST.fullmatch(text):  # ezmlm: LIST-digest-subscribe
        text = f"{turned[2]}-{turned[1]}{turned[3]}"
    match = _SUFFIX.fullmatch(text)
    verb = _VERBS.get(match[1].lower()) if match else None
    if match is None or verb is None:
        return None
    argument, option = match[2] or "", ""
    if verb is Verb.SET:
        option = match[1].lower()
    elif verb is Verb.CONFIRM:
        option = _CONFIRMED.get(match[1].lower(), "")
    elif verb in (Verb.SUBSCRIBE, Verb.UNSUBSCRIBE):
        if chosen := _OPTION.fullmatch(argument):
            option, argument = chosen[1].lower(), chosen[2] or ""
        user, equals, host = argument.rpartition("=")  # ezmlm: LIST-subscribe-user=host
        argument = f"{user}@{host}" if equals else argument
    return verb, argument, option


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


@lru_cache(maxsize=4096)
def a_label(domain: str) -> str:
    """IDNA 2008, so that straße.example is not strasse.example (standards I2)."""
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        return _fold(domain)


def _shown(text: str) -> str:
    """Somebody's input inside a sentence of ours: one line, bounded."""
    text = _CONTROL.sub(" ", text)
    return repr(text if len(text) <= 100 else text[:99] + "…")
