"""What members get: the post as it came, with the list's header fields (standards L1, L2, L9, L10, A6, A7, R14).

A post is composed once for each variant of its copies; what differs from member to member is one token, which is
spliced in (Template). The body stays octet for octet, and so do all fields not named here, so that the author's DKIM
signature still verifies, unless the list asks for a tag or a footer, or From has to be rewritten.
"""

from dataclasses import dataclass, replace
from typing import Literal

from listserver.core.address import Verb, address_for
from listserver.core.addrspec import Mailbox, addresses
from listserver.core.authres import claims_to_be
from listserver.core.downgrade import fit_header
from listserver.core.edits import (
    Splice,
    crlf,
    joint,
    phrase,
    splice,
    write_addresses,
    write_field,
    write_tokens,
)
from listserver.core.envelope import DmarcPolicy
from listserver.core.headers import Field, clean, skip_mbox_lines, split_header
from listserver.core.message import Post, read
from listserver.core.settings import ListSettings
from listserver.core.site import Site
from listserver.core.transfer import fit, footer

From = Literal["keep", "rewrite", "wrap"]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What composing depends on of the list. name: lower case, the local part of its address."""

    name: str
    site: Site
    settings: ListSettings

    @property
    def address(self) -> str:
        """Where its posts are sent."""
        return address_for(self.name, self.site.domain)

    @property
    def list_id(self) -> str:
        """Its name for ever (RFC 2919 §2), which is its loop mark as well; lower case."""
        return list_id(self.name, self.site.domain)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.settings.title or self.name


@dataclass(frozen=True, slots=True)
class Variant:
    """How the copies of one kind look.

    from_: what is done to From (see choose_from). personal: each copy has its member's own links for leaving.
    eight_bit, utf8: whether the relay takes 8BITMIME and SMTPUTF8 (O3, O4).
    alias: address of ours under which a rewritten From reaches the author, "" = the list's (A7).
    answers: the Message-ID of the post that it answers, where its own fields do not say so.
    """

    from_: From = "keep"
    personal: bool = True
    eight_bit: bool = True
    utf8: bool = True
    alias: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A rendered copy. head: the header, cut where the member's token stands; body: from the empty line on.

    eight_bit, utf8: what the relay must take (BODY=8BITMIME, SMTPUTF8). All line ends are CRLF, the last one is there.
    """

    head: tuple[bytes, ...]
    body: bytes
    eight_bit: bool
    utf8: bool

    def copy(self, token: bytes) -> bytes:
        """The octets of one member's copy. token: of the member's links, ASCII; not used where copies are equal."""
        return token.join(self.head) + self.body


@dataclass(frozen=True, slots=True)
class Unsendable:
    """This post cannot go this way: the enhanced status code (RFC 3463) and a sentence for the owners."""

    status: str
    text: str


def list_id(name: str, domain: str) -> str:
    """The identifier of a list, as in List-Id and in the loop mark of its copies."""
    return f"{name}.{domain}".lower()


def choose_from(setting: str, policy: DmarcPolicy | None, verified: bool) -> From:
    """What to do with From (A6). policy: of the author's domain, None where DNS did not answer.

    verified: an aligned DKIM signature of the author's domain verifies on the finished copy with From kept.
    """
    if setting == "wrap":
        return "wrap"
    if setting == "rewrite":
        return "rewrite"
    if setting == "keep" or verified or policy in (DmarcPolicy.ABSENT, DmarcPolicy.NONE):
        return "keep"
    return "rewrite"


def compose(post: Post, facts: ListFacts, variant: Variant, permalink: str = "") -> Template | Unsendable:
    """The copy that the members of this variant get. permalink: the post's page, "" if it has none.

    Pure: equal arguments give equal octets.
    """
    if variant.from_ == "wrap":
        return compose(_wrapped(post, facts, variant.alias), facts, replace(variant, from_="keep"), permalink)
    post = _sendable(post)
    changed = footer(post, facts.settings.footer)
    if changed:  # read again, so that what follows works on one set of offsets
        post = read(splice(post.raw, changed))
    fitted = fit(post, variant.eight_bit)
    if fitted is None:
        return Unsendable("5.6.3", "It is signed or encrypted and has octets that the next server does not take.")
    end = _header_end(post)
    head = splice(post.raw, [*[s for s in fitted if s.end <= end], *_header_splices(post, facts, variant)], 0, end)
    head = splice(head, fit_header(head, split_header(head, 0, len(head))[0], ascii_only=not variant.utf8))
    body = splice(post.raw, [s for s in fitted if s.start > end], end)
    body = body if body.endswith(b"\r\n") else body + b"\r\n"
    first, *more = _list_fields(facts, variant, permalink).split(_SLOT)
    pieces = (head + first, *more)
    return Template(pieces, body, not body.isascii(), not all(piece.isascii() for piece in pieces))


def _sendable(post: Post) -> Post:
    """The post with CRLF at the end of each line, an empty line behind its header, and no `From ` line before it."""
    raw = crlf(post.raw[skip_mbox_lines(post.raw) :])
    if raw is not post.raw or _header_end(post) == post.body_start:
        post = read(raw)
    end = _header_end(post)
    return post if end < post.body_start else read(splice(raw, [Splice(end, end, joint(raw, end) + b"\r\n")]))


def _header_end(post: Post) -> int:
    return post.fields[-1].end if post.fields else 0


# --- fields that go or change -----------------------------------------------------------------------------------

# Of the hop to us, answers to the author's machine, and what must never be passed on (L9). `list-*` goes as well (L2).
_REMOVED = frozenset(
    (
        "return-path",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "x-envelope-from",
        "bcc",
        "resent-bcc",
        "errors-to",
        "disposition-notification-to",
        "disposition-notification-options",
        "return-receipt-to",
        "x-confirm-reading-to",
        "approved",
        "approve",
        "x-approved",
        "x-approve",
        "archived-at",
        "precedence",
    )
)


def _header_splices(post: Post, facts: ListFacts, variant: Variant) -> list[Splice]:
    changed = _subject(post, facts.settings.subject_tag.strip())
    changed.update(_answers(post, facts, variant))
    if variant.answers:
        changed["in-reply-to"] = write_tokens("In-Reply-To", [f"<{variant.answers}>"])
        changed["references"] = write_tokens("References", [f"<{variant.answers}>"])
    splices = []
    for name, found in post.by_name.items():
        new = changed.pop(name, None)
        for number, field in enumerate(found):
            if new is not None:
                splices.append(Splice(field.start, field.end, b"" if number else new))
            elif name in _REMOVED or name.startswith("list-") or _is_ours(name, field, facts):
                splices.append(Splice(field.start, field.end))
    end = _header_end(post)
    return [*splices, Splice(end, end, b"".join(changed.values()))]


def _is_ours(name: str, field: Field, facts: ListFacts) -> bool:
    """Our loop mark, and results under our own name, which readers' servers might believe (A3, RFC 8601 §5)."""
    if name == "authentication-results":
        return claims_to_be(field, facts.site.authserv_id or facts.site.domain)
    return name == "x-loop" and field.value.strip(b"<> ").lower() == facts.list_id.encode()


def _subject(post: Post, tag: str) -> dict[str, bytes]:
    """The subject with the list's tag before it, unless it is there; the subject's own octets stay (L10)."""
    if not tag or tag.casefold() in post.subject.casefold() or any(part.signed for part in post.parts):
        return {}
    old = post.by_name.get("subject")
    if not old:
        return {"subject": write_field("Subject", tag)}
    value = post.raw[old[0].start : old[0].end].partition(b":")[2].lstrip(b" \t")
    if not tag.isascii() or not value.isascii():
        return {"subject": write_field("Subject", f"{tag} {post.subject}")}
    return {"subject": f"Subject: {clean(tag)} ".encode("ascii") + value}


def _answers(post: Post, facts: ListFacts, variant: Variant) -> dict[str, bytes]:
    """From, Reply-To, Cc and Sender, where they change: the list's reply_to (L9), and a rewritten From (A7)."""
    rewritten = variant.from_ == "rewrite"
    theirs = addresses(post.by_name["reply-to"][0].value).mailboxes if "reply-to" in post.by_name else ()
    authors = theirs or post.authors
    mine = Mailbox(facts.title, facts.address)
    wanted: tuple[Mailbox, ...] = {
        "author": authors if rewritten else (),
        "list": (mine, *theirs),
        "both": (mine, *authors),
    }[facts.settings.reply_to]
    changed: dict[str, bytes] = {}
    if rewritten:
        changed["from"] = write_addresses("From", [_via(post, facts, variant.alias)])
        changed["sender"] = b""
        if not any(box in wanted for box in authors):  # the author stays reachable by "reply to all"
            cc = addresses(post.by_name["cc"][0].value).mailboxes if "cc" in post.by_name else ()
            changed["cc"] = write_addresses("Cc", _once((*cc, *authors))) if authors else b""
    if wanted and _keys(wanted) != _keys(theirs):
        changed["reply-to"] = write_addresses("Reply-To", _once(wanted))
    return {name: new for name, new in changed.items() if new or name in post.by_name}


_LONGEST_NAME = 100  # characters


def _via(post: Post, facts: ListFacts, alias: str) -> Mailbox:
    """Our address for the author, or the list's, under the author's name; no address stays in that name (A7)."""
    author = post.authors[0] if post.authors else Mailbox("", "")
    name = author.name if author.name and "@" not in author.name else author.address.partition("@")[0]
    return Mailbox(f"{name or 'Somebody'} via {facts.title}"[:_LONGEST_NAME], alias or facts.address)


def _keys(boxes: tuple[Mailbox, ...]) -> set[str]:
    return {box.address.casefold() for box in boxes}


def _once(boxes: tuple[Mailbox, ...]) -> list[Mailbox]:
    seen: dict[str, Mailbox] = {}
    for box in boxes:
        seen.setdefault(box.address.casefold(), box)
    return list(seen.values())


# --- fields that the list adds ----------------------------------------------------------------------------------

_SLOT = b"\0"  # no field written here can hold it: the writers make controls spaces


def answer_fields(facts: ListFacts) -> bytes:
    """The list's own fields for an answer to commands: RFC 2369 §3 wants them there too (standards L1)."""
    return _list_fields(facts, Variant(personal=False), "")


def _list_fields(facts: ListFacts, variant: Variant, permalink: str) -> bytes:
    """The list's own fields, once each (RFC 2369, 2919, 5064, 8058), with _SLOT where the member's token stands."""
    name, site, settings = facts.name, facts.site, facts.settings
    post_to = "NO" if settings.posting == "moderators" else f"<mailto:{facts.address}>"
    fields = [
        write_tokens("List-Id", [*phrase(settings.title).split(), f"<{facts.list_id}>"]),
        write_tokens("List-Post", [post_to]),
        write_tokens("List-Help", [_mailto(facts, Verb.HELP)]),
        write_tokens("List-Subscribe", [_mailto(facts, Verb.SUBSCRIBE)]),
        *_unsubscribe(facts, variant),
        write_tokens("List-Owner", [_mailto(facts, Verb.OWNER)]),
    ]
    if site.base_url and settings.archive != "none":
        fields.append(write_tokens("List-Archive", [f"<{site.base_url}/{name}/>"]))
        if permalink:
            fields.append(write_tokens("Archived-At", [f"<{permalink}>"]))
    if permalink:
        item = address_for(name, site.domain, Verb.RE, permalink.rstrip("/").rpartition("/")[2])
        fields.append(write_tokens("X-Mute-Thread", [f"<mailto:{item}?subject=mute>"]))
    fields += [write_tokens("Precedence", ["list"]), write_tokens("X-Loop", [facts.list_id])]
    return b"".join(fields)


def _mailto(facts: ListFacts, verb: Verb) -> str:
    return f"<mailto:{address_for(facts.name, facts.site.domain, verb)}>"


def unsubscribe_link(facts: ListFacts, token: str) -> str:
    """The page that asks a member whether to leave, and takes one-click requests (RFC 8058)."""
    return f"{facts.site.base_url}/{facts.name}/unsubscribe/{token}"


def _unsubscribe(facts: ListFacts, variant: Variant) -> list[bytes]:
    """The https link only with a member's token; one-click only where DKIM covers it too (8058 §3.1, §4; L3)."""
    if not variant.personal:
        return [write_tokens("List-Unsubscribe", [_mailto(facts, Verb.UNSUBSCRIBE)])]
    mark = "\ue000"  # of no meaning, so it stands nowhere else
    mailto = f"<mailto:{address_for(facts.name, facts.site.domain, Verb.UNSUBSCRIBE, mark)}>"
    link = f"<{unsubscribe_link(facts, mark)}>"
    secure = facts.site.base_url.startswith("https://")
    written = write_tokens("List-Unsubscribe", [f"{link},", mailto] if secure else [mailto])
    fields = [written.replace(mark.encode(), _SLOT)]
    if secure and facts.site.signs:
        fields.append(write_tokens("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"]))
    return fields


# --- wrapping ---------------------------------------------------------------------------------------------------


def _wrapped(post: Post, facts: ListFacts, alias: str) -> Post:
    """The post as message/rfc822 within a mail of the list's: nothing in it changes (`from = wrap`)."""
    kept = ("to", "cc", "subject", "date", "message-id", "in-reply-to", "references")
    post = _sendable(post)
    outer = [write_addresses("From", [_via(post, facts, alias)])]
    outer += [post.raw[f.start : f.end] for name in kept for f in post.by_name.get(name, [])[:1]]
    authors = addresses(post.by_name["reply-to"][0].value).mailboxes if "reply-to" in post.by_name else post.authors
    outer += [write_addresses("Reply-To", authors)] if authors else []
    gone = [Splice(f.start, f.end) for f in post.fields if f.name.lower() in _REMOVED]
    inner = splice(post.raw, gone)
    outer.append(write_field("MIME-Version", "1.0") + write_field("Content-Type", "message/rfc822"))
    outer.append(write_field("Content-Transfer-Encoding", "7bit" if inner.isascii() else "8bit"))
    return read(b"".join(outer) + b"\r\n" + inner)
