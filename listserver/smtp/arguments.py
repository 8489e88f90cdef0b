"""What stands behind MAIL and RCPT: a path and parameters (RFC 5321 §4.1.1.2, §4.1.1.3)."""

import re
from dataclasses import dataclass

from listserver.core.address import Problem, parse_path
from listserver.core.envelope import Reply
from listserver.smtp import replies

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")


@dataclass(frozen=True, slots=True)
class Arguments:
    """`address` without <> and source route, "" for the null sender; keywords of `parameters` in upper case."""

    address: str
    parameters: dict[str, str]


def sender(argument: str) -> Arguments | Reply:
    """Read what follows MAIL, or say why it cannot be read."""
    found = _read(argument, "FROM:", replies.MAIL_SYNTAX, "5.1.7")
    if isinstance(found, Arguments) and found.address and "@" not in found.address:
        return replies.BAD_SENDER
    return found


def recipient(argument: str) -> Arguments | Reply:
    """Read what follows RCPT, or say why it cannot be read. `<postmaster>` needs no domain (§4.5.1)."""
    found = _read(argument, "TO:", replies.RCPT_SYNTAX, "5.1.3")
    if isinstance(found, Arguments) and not found.address:
        return replies.BAD_RECIPIENT
    return found


def _read(argument: str, keyword: str, syntax: Reply, status: str) -> Arguments | Reply:
    rest = argument[len(keyword) :].strip(" ")
    if argument[: len(keyword)].upper() != keyword or not rest:
        return syntax
    try:
        rest.encode()
    except UnicodeEncodeError:  # octets that are no UTF-8, RFC 6531 §3.3
        return Reply(501, status, "The address is not valid UTF-8.")
    path = parse_path(rest)
    if isinstance(path, Problem):
        return Reply(501, status, path.text)
    parameters: dict[str, str] = {}
    for word in path.rest.split():
        match = _PARAMETER.fullmatch(word)
        if not match or match[1].upper() in parameters:
            return replies.BAD_PARAMETER
        parameters[match[1].upper()] = match[2] or ""
    return Arguments(path.address, parameters)
