"""Reports about mail we sent: bounces (RFC 3464 in 6522, and free forms), complaints (RFC 5965), automatic answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from listserver.core import bounce_fields, bounce_text
from listserver.core import bounce_words as words
from listserver.core.bounce_fields import Failure, Status
from listserver.core.bounce_kind import Kind, classify, status_of
from listserver.core.message import Part, Post, part_text

What = Literal["failed", "delayed", "delivered", "complaint", "autoreply", "none"]

_RETURNED = {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "text/rfc822-header"}
_FIELDS = {"message/delivery-status", "message/global-delivery-status", "message/feedback-report"}
_MAX_TEXT = 200_000
_MAX_LINE = 2_000
_MAX_PARTS = 30


@dataclass(frozen=True, slots=True)
class Report:
    """What an inbound at a bounce address says of a mail we sent.

    what: "none" where it is no report. failures: the addresses not reached ("failed"), waiting ("delayed"), or whose
    reader complained ("complaint"). delivered: addresses reached, if it says so. original_id: Message-ID of the mail
    it is about, without <>, "" if not given. verp: the member's address that the return address stood for, "" if none.
    """

    what: What
    failures: tuple[Failure, ...] = ()
    delayed: tuple[Failure, ...] = ()
    delivered: tuple[str, ...] = ()
    original_id: str = ""
    verp: str = ""


def read(post: Post, verp: str = "") -> Report:
    """What an inbound says of mail that we sent. Never raises; linear in its size.

    A mail with two From fields is never a report (R2): no mail system writes one, and which sender would be asked?

    verp: the member's address that a verified return address (B2) stands for; a report about one address is then about
    that member, whatever name the far host gives them (they may forward their mail).
    """
    if "two-from" in post.findings:
        return Report("none", verp=verp)
    body = _body(post)
    report = _complaint(body) or _bounce(post, body, verp)
    if report is None:
        return Report("autoreply" if post.automatic else "none", verp=verp)
    return _for_member(replace(report, original_id=body.original_id), verp)


def refusal(address: str, code: int, status: str, text: str) -> Failure:
    """A refusal in the SMTP dialogue at hand-over, in the same words as a bounce. status: "" if the host gave none."""
    status = status_of(status, text, code >= 500)
    return Failure(address, classify(status, text), status, text)


@dataclass(frozen=True, slots=True)
class _Body:
    """own: lines of the report itself. fields: lines among which the machine-readable part is. has_dsn: it is declared.
    copy: header lines of the returned mail, as far as it came back."""

    own: Sequence[str]
    fields: Sequence[str]
    has_dsn: bool
    copy: Sequence[str]

    @property
    def original_id(self) -> str:
        found = re.search(r"<([^<>\s]{1,900})>", _copied(self.copy, "message-id"))
        return found.group(1) if found else ""


def _body(post: Post) -> _Body:
    own: list[str] = []
    fields: list[str] = []
    copy: list[str] = []
    markup: list[str] = []
    broken = "bad-boundary" in post.findings  # then the reports lie bare in one opaque part
    for part in post.parts[:_MAX_PARTS]:
        kind = part.content_type
        if kind in _RETURNED:
            copy += copy or _lines(post, part)
        elif kind in _FIELDS:
            fields += [*_lines(post, part), ""]
        elif kind == "text/html":
            markup += _lines(post, part)
        elif (kind.startswith("text/") or broken) and not copy:
            own += _lines(post, part)
    own_part, cut = bounce_text.split(own or markup)
    return _Body(
        own_part,
        [*fields, *(own_part if fields else (own or markup)[: bounce_text.MAX_LINES])],
        bool(fields),
        copy or cut,
    )


def _lines(post: Post, part: Part) -> list[str]:
    return [line[:_MAX_LINE] for line in part_text(post, part)[:_MAX_TEXT].splitlines()]


def _copied(copy: Sequence[str], name: str) -> str:
    """The value of the first such field in the header of the returned mail, its continuation lines joined."""
    value = ""
    for line in copy[:400]:
        if value:
            if line[:1] not in (" ", "\t"):
                break
            value += line
        elif line[: len(name) + 1].lower() == f"{name}:":
            value = line[len(name) + 1 :] or " "
    return value.strip()


def _complaint(body: _Body) -> Report | None:
    said = bounce_fields.feedback(body.fields)
    outlook = _copied(body.copy, "x-hmxmroriginalrecipient")  # Microsoft's JMRP sends no feedback part
    if said is None and not outlook:
        return None
    if said and said.kind in ("not-spam", "auth-failure"):  # RFC 5965 §7.3; RFC 6591: about our DNS, not a reader
        return Report("none")
    addresses = (said.addresses if said else ()) or tuple(_addresses(outlook or _copied(body.copy, "to")))
    return Report("complaint", tuple(Failure(a, Kind.COMPLAINT, "", said.kind if said else "abuse") for a in addresses))


def _addresses(value: str) -> list[str]:
    return [a for a in dict.fromkeys(bounce_text.ADDRESS.findall(value[:20_000])) if ".." not in a][
        : bounce_text.MAX_ADDRESSES
    ]


_NO_REPLY = re.compile(r"no-?reply|post_?master", re.I)
_BANNER = re.compile(r"\s*[*=-]{3}(?!.*(?:forward|original)).*[*=-]{3}\s*$", re.I | re.M)  # as the first line
_ADDRESS_LINE = re.compile(r"^<[^<>\s@]{1,64}@[^<>\s@]{1,255}>:", re.M)  # qmail, Postfix, Yahoo, in any language


def _weight(post: Post, body: _Body) -> int:
    """How much speaks for a report by a mail system; 3 is enough. Words alone never are: people write them too."""
    top = post.first("Content-Type").lower()
    sender = f"{post.first('From')} {post.first('Sender')}"
    start = "\n".join([line for line in body.own if line.strip() and not line.startswith(">")][:25])
    made = (
        (3, body.has_dsn or "multipart/report" in top or bool(post.first("X-Failed-Recipients"))),
        (2, bool(words.DAEMON.search(sender)) or not sender.strip()),
        (1, bool(_NO_REPLY.search(sender))),
        (1, post.first("Return-Path").strip() == "<>"),
        (1, bool(_BANNER.match(start))),
        (1, bool(_ADDRESS_LINE.search("\n".join(body.own)))),
    )
    said = (
        (2, bool(words.SUBJECT.search(post.first("Subject")))),
        (1, bool(words.PHRASE.search(start))),
    )
    weight = sum(points for points, there in made + said if there)
    if not any(there for _, there in made):
        weight -= 1
    if words.DAEMON.search(sender):
        return weight
    if post.first("List-Id") or post.first("List-Post") or post.first("Precedence").lower() == "list":
        weight -= 1
    return weight - 2 * bool(post.first("In-Reply-To"))


def _bounce(post: Post, body: _Body, verp: str) -> Report | None:
    if _weight(post, body) + bool(verp) < 3:
        return None
    listed, seen = bounce_fields.statuses(body.fields)
    if not seen:
        listed, seen = bounce_fields.statuses(
            body.copy[: bounce_text.MAX_LINES]
        )  # a gateway sent the report on as an attachment
    named = [s for s in listed if s.failure.address]
    if named:
        return _sorted(named, body)
    found = _in_words(post, body)
    if not found and not verp:
        return None
    return _worded(found, body, listed[0] if seen else None, verp)


def _in_words(post: Post, body: _Body) -> list[bounce_text.Found]:
    ours = [post.first("To"), post.first("From"), post.first("Return-Path"), _copied(body.copy, "return-path")]
    senders = [a.lower() for v in ours for a in _addresses(v)]
    to = [a.lower() for a in _addresses(_copied(body.copy, "to"))]
    copy_from = [a.lower() for a in _addresses(_copied(body.copy, "from"))]
    for not_these in (frozenset([*senders, *copy_from]) - frozenset(to), frozenset(copy_from), frozenset[str]()):
        found = bounce_text.failing(body.own, not_these)
        if found:
            return found
    text = _joined(body.own)[:2_000]
    header = _addresses(post.first("X-Failed-Recipients"))
    if not header and not _copied(body.copy, "list-post"):  # nobody is named: whom the returned mail was for, if one
        header = _addresses(_copied(body.copy, "to"))
        header = header if len(header) == 1 and not re.search("one or more of (?:the|its)", text, re.I) else []
    return [bounce_text.Found(a, text) for a in header]


def _worded(found: Sequence[bounce_text.Found], body: _Body, status: Status | None, verp: str) -> Report:
    whole = _joined(body.own)
    waiting = bool(words.WAITING.search(whole)) if status is None else status.action == "delayed"
    failures = []
    for one in found or [bounce_text.Found(verp, whole)]:
        field = status.failure.status if status else ""
        text = one.text if len(found) > 1 or _says(one.text) else whole
        code = status_of(field, text, not waiting)
        failures.append(Failure(one.address, classify(code, text), code, text[:2_000]))
    return Report("delayed", (), tuple(failures)) if waiting else Report("failed", tuple(failures))


def _says(text: str) -> bool:
    return classify("", text) is not Kind.UNKNOWN


def _sorted(listed: Sequence[Status], body: _Body) -> Report:
    failed: dict[str, Failure] = {}
    delayed: dict[str, Failure] = {}
    delivered: dict[str, None] = {}
    said_of = {one.address.lower(): one.text for one in bounce_text.failing(body.own, frozenset())}
    whole = _joined(body.own) if len(listed) == 1 else ""
    for status in listed[: bounce_text.MAX_ADDRESSES]:
        failure = status.failure
        if status.action in ("delivered", "relayed", "expanded"):
            delivered[failure.address] = None
            continue
        for said in (said_of.get(failure.address.lower(), ""), whole):
            failure = _explained(failure, said, status.action == "delayed")
        (delayed if status.action == "delayed" else failed).setdefault(failure.address, failure)
    what: What = "failed" if failed else "delayed" if delayed else "delivered"
    return Report(what, tuple(failed.values()), tuple(delayed.values()), tuple(delivered))


def _explained(failure: Failure, said: str, waiting: bool) -> Failure:
    """The same failure, its kind taken from what the report says in words, where the fields do not tell."""
    if (
        failure.kind not in (Kind.UNKNOWN, Kind.TEMPORARY)
        or (failure.text and failure.kind is Kind.TEMPORARY)
        or not said
    ):
        return failure
    code = status_of(failure.status, failure.text or said, not waiting)
    kind = classify(code, said)
    return (
        failure if kind is Kind.UNKNOWN else replace(failure, kind=kind, status=code, text=failure.text or said[:2_000])
    )


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())[:4_000]


def _for_member(report: Report, verp: str) -> Report:
    if not verp:
        return report
    if report.what == "delivered":
        return replace(report, verp=verp, delivered=(verp,))
    listed = report.failures or report.delayed
    mine = (
        [f for f in listed if f.address.lower() == verp.lower()]
        or list(listed)
        or [Failure(verp, Kind.COMPLAINT, "", "")]
    )
    only = (replace(mine[0], address=verp),)
    if report.what == "delayed":
        return replace(report, verp=verp, delayed=only)
    return replace(report, verp=verp, failures=only if report.what != "none" else (), delayed=())
