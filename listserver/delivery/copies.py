"""What goes over the wire: a post, or an issue of a digest, becomes one rendered template, and each copy is spliced."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection

from listserver.actions import digests
from listserver.core import address, mitigation, signing
from listserver.core.address import bounce_address
from listserver.core.compose import ListFacts, Template, Unsendable, Variant, compose
from listserver.core.digest import facts_for_digest
from listserver.core.message import Post, read
from listserver.core.signing import Key, Mould
from listserver.core.site import Site
from listserver.core.verp import member_token, verp_token
from listserver.delivery.transport import Features, Parcel
from listserver.store import lists, origins, outbound
from listserver.store.deliveries import Letter
from listserver.store.digests import Issue
from listserver.store.origins import Origin

TOKEN = 40  # octets of a member's token, about
LEAVE = "leave"  # the purpose of the member tokens in List-Unsubscribe

Recipient = tuple[int, str]  # member id, address


class Lot(NamedTuple):
    """A parcel, and the members whose copies are in it, in its order."""

    parcel: Parcel
    members: Sequence[Recipient]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Mailing:
    """A post or digest as its members get it. each: every copy has its own sender and links.

    mould: of the header. body, eight_bit, utf8: as in Template, dots stuffed.
    """

    list_id: int
    list_name: str
    site: Site
    day: int  # days since 1970, in the tokens of return addresses
    mould: Mould
    body: bytes
    eight_bit: bool
    utf8: bool
    each: bool

    def lots(self, recipients: Sequence[Recipient], size: Callable[[], int], verp: bool) -> Iterator[Lot]:
        """The copies of these members, in their order. size: most recipients of one parcel, asked before each of them.

        verp: the relay makes the return address of each copy (XVERP).
        """
        if self.each:
            return (Lot(self.copy(recipient), (recipient,)) for recipient in recipients)
        return self._batches(recipients, size, verp)

    def copy(self, recipient: Recipient, values: Sequence[bytes] | None = None) -> Parcel:
        """One member's copy. values: its signatures, where they were made before."""
        member_id, address = recipient
        secret = self.site.secret
        sender = bounce_address(self.list_name, self.site.domain, verp_token(secret, self.list_id, member_id, self.day))
        head = self.mould.header(self._token(member_id), values)
        return Parcel(sender, (address,), head, self.body, self.eight_bit, self.utf8)

    def digest(self, recipient: Recipient) -> list[bytes]:
        """What each of our keys has to sign of a member's copy."""
        return self.mould.digests(self._token(recipient[0]))

    def _token(self, member_id: int) -> bytes:
        return member_token(self.site.secret, LEAVE, member_id).encode() if self.each else b""

    def _batches(self, recipients: Sequence[Recipient], size: Callable[[], int], verp: bool) -> Iterator[Lot]:
        # The token says that a report is about a mail of ours, for the list. With XVERP, Postfix puts each recipient
        # behind it; else the report says whose copy it was.
        token = verp_token(self.site.secret, self.list_id, 0, self.day)
        sender = bounce_address(self.list_name, self.site.domain, token)
        start = 0
        head = self.mould.header(b"")
        while start < len(recipients):
            some = recipients[start : start + size()]
            start += len(some)
            addresses = tuple(address for _, address in some)
            yield Lot(Parcel(sender, addresses, head, self.body, self.eight_bit, self.utf8, verp), some)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What copies carry of the moment and of us. now: seconds since 1970. keys: DKIM, () where we do not sign.

    seals: posts get an ARC seal as well.
    """

    now: int
    keys: tuple[Key, ...] = ()
    seals: bool = False

    @property
    def day(self) -> int:
        """Days since 1970, for the tokens of return addresses."""
        return self.now // 86_400


def prepare(
    conn: Connection, site: Site, what: int | Issue, features: Features, stamp: Stamp
) -> Mailing | Unsendable | None:
    """Render a post (by its id) or an issue for a relay with these features; None if it was deleted meanwhile."""
    if isinstance(what, Issue):
        return _issue(conn, site, what, features, stamp)
    post = outbound.post(conn, what)
    if post is None:
        return None
    lst = lists.get(conn, post.list_id)
    facts = ListFacts(lst.name, site, lst.settings)
    each = lst.settings.copies == "each"
    variant = Variant("keep", each, features.eightbit, features.utf8)
    link = f"{site.base_url}/{lst.name}/p/{post.identifier}/" if site.base_url else ""
    mail = read(post.raw)
    if post.answers not in mail.references:  # it was sent to an item's own address: its place is known to us alone
        variant = replace(variant, answers=post.answers)
    origin = origins.of_post(conn, what)
    template = _composed(conn, mail, origin, facts, variant, link, stamp)
    if isinstance(template, Unsendable):
        return template
    return _mailing(facts, lst.id, template, stamp, _seal(facts.site, template, origin, stamp))


def _issue(conn: Connection, site: Site, issue: Issue, features: Features, stamp: Stamp) -> Mailing | Unsendable | None:
    lst, mail = digests.compose(conn, site, issue)
    if mail is None:
        return None
    facts = facts_for_digest(ListFacts(lst.name, site, lst.settings))
    variant = Variant("keep", lst.settings.copies == "each", features.eightbit, features.utf8)
    template = compose(read(mail), facts, variant)
    if isinstance(template, Unsendable):  # a signed post in it has octets that this relay does not take
        return _issue(conn, site, replace(issue, form="html"), features, stamp)
    return _mailing(facts, lst.id, template, stamp)


def _seal(site: Site, template: Template, origin: Origin, stamp: Stamp) -> bytes:
    """An ARC set of what we found when the post came (A10): by an RSA key, which every validator knows."""
    if not stamp.seals or not stamp.keys or not origin.results:
        return b""
    key = next((key for key in stamp.keys if key.algorithm == "rsa"), stamp.keys[0])
    what = signing.Seal(site.authserv_id or site.domain, origin.chain, origin.results)
    return signing.sealed(template.head, template.body, key, what, stamp.now)


def _mailing(facts: ListFacts, list_id: int, template: Template, stamp: Stamp, seal: bytes = b"") -> Mailing:
    head = tuple(_stuffed(piece) for piece in template.head)
    mould = signing.mould(head, _hashed(template.body.removeprefix(b"\r\n"), stamp), stamp.keys, stamp.now)
    mould = replace(mould, seal=seal)
    body = _stuffed(template.body)
    body = body if body.endswith(b"\r\n") else body + b"\r\n"
    each = facts.settings.copies == "each"
    return Mailing(list_id, facts.name, facts.site, stamp.day, mould, body, template.eight_bit, template.utf8, each)


def _hashed(body: bytes, stamp: Stamp) -> str:
    return signing.body_hash(body) if stamp.keys else ""


def _composed(  # noqa: PLR0913
    conn: Connection, post: Post, origin: Origin, facts: ListFacts, variant: Variant, link: str, stamp: Stamp
) -> Template | Unsendable:
    """The copy, with From rewritten where the author's domain asks for what it would not pass (A6)."""
    setting = facts.settings.from_
    if not mitigation.matters(setting, origin.policy):
        return compose(post, facts, variant, link)
    kept = compose(post, facts, variant, link) if setting == "auto" and origin.keys else None
    sample = kept.copy(b"0" * TOKEN) if isinstance(kept, Template) else None
    from_ = mitigation.chosen(setting, origin.policy, sample, origin.keys, stamp.now)
    if from_ == "keep" and kept is not None:
        return kept
    found = origins.alias_of(conn, address.key(post.authors[0].address)) if post.authors else None
    alias = facts.site.address(found.local) if found else ""
    return compose(post, facts, replace(variant, from_=from_, alias=alias), link)


def letter(site: Site, address: str, notice_id: int, notice: Letter, stamp: Stamp) -> Parcel:
    """A notice to its one recipient. Its return address knows it, so that its token dies with it (B5)."""
    sender = notice.sender or bounce_address("", site.domain, verp_token(site.secret, 0, notice_id, stamp.day))
    header, _, body = notice.bytes.partition(b"\r\n\r\n")
    signed = signing.mould((header + b"\r\n",), _hashed(body, stamp), stamp.keys, stamp.now).header(b"")
    mail = _stuffed(signed + b"\r\n" + body)
    mail = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
    return Parcel(sender, (address,), mail, eightbit=not mail.isascii())


def _stuffed(octets: bytes) -> bytes:
    """Dots doubled at line starts (RFC 5321 §4.5.2); a template is never cut there."""
    return octets.replace(b"\r\n.", b"\r\n..")
