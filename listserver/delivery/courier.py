"""One piece of work on one connection: a range of members, or some stragglers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from itertools import groupby
from typing import assert_never

from sqlalchemy import Connection as Conn

from listserver import log
from listserver.actions import delivery
from listserver.actions.delivery import Moved, Refusal, Tried
from listserver.core.compose import Unsendable
from listserver.core.envelope import Reply
from listserver.core.fate import Fate, Stage, fate
from listserver.core.site import Site
from listserver.delivery import copies
from listserver.delivery.copies import Lot, Mailing, Recipient
from listserver.delivery.ledger import Ledger, steady
from listserver.delivery.relay import Relay
from listserver.delivery.renderings import Rendered, Renderings
from listserver.delivery.signers import Personal, Signers, personal, signed
from listserver.delivery.transport import Connection, Features, Lost, Parcel, Untaken
from listserver.errors import Unavailable
from listserver.store import deliveries, digests, lists
from listserver.store.deliveries import Letter, Range, Straggler
from listserver.store.digests import Issue, Reader
from listserver.store.engine import Store

BATCH = 100  # recipients of one transaction (RFC 5321 §4.5.3.1.8: every server takes so many)
TURN = 2.0  # seconds after which a range is put back, so that others get their turn
TRIES = 3  # of a parcel whose connection is lost each time
FAULT = "An error of ours; the log says which."
DOUBTS = 10  # parcels in a row that were wholly put off: then it is the relay, not the recipients


@dataclass(slots=True)
class Office:
    """What the couriers of a process share. alive: whether the lease still holds; asked before each transaction.

    stamp: the moment, and our keys. batch: most recipients of one transaction, lowered when the relay takes fewer.
    """

    store: Store
    site: Site
    relay: Relay
    ledger: Ledger
    alive: Callable[[], bool]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    chance: Callable[[], float]
    signers: Signers
    stamp: Callable[[], copies.Stamp]
    renderings: Renderings
    xverp: bool = True
    stopping: bool = False
    batch: int = BATCH


class _End(Enum):
    """Why a courier is done with a range."""

    FINISHED = auto()  # nobody is left
    TURN = auto()  # others are next
    LATER = auto()  # the relay takes none of it for now
    NEVER = auto()  # it cannot be sent, an operator must look
    GONE = auto()  # it is another's now, or we may be out of date: nothing more may be done


class Courier:
    """Carries one piece of work, then is done."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._ledger = office.ledger
        self._connection: Connection | None = None
        self._announced = False
        self._why = ""  # the work was put off or stopped

    # --- ranges ---
    async def carry(self, work: Range) -> None:
        """Hand over the copies of a range. Every way out of it leaves the row as the next one needs it."""
        self._ledger.stopped.discard(work.id)  # if it was, it has been let go on since
        self._ledger.lost.discard(work.id)
        try:
            self._ledger.couriers += 1
            await self._connect()
            end = await self._range(work)
        except (Lost, Unavailable):  # the relay or the database is gone: nothing is wrong with the range
            end = _End.TURN
        except Exception as failure:
            log.error(log.Event.DELIVERY_DEFERRED, failure, list_id=work.list_id, number=work.number)
            end, self._why = _End.LATER, FAULT
        finally:
            self._ledger.couriers -= 1
        await self._leave()
        await self._ledger.save(work, finished=end is _End.FINISHED)
        await self._let_go(work, end)
        self._ledger.forget(work)

    async def _let_go(self, work: Range, end: _End) -> None:
        office, lease, now = self._office, self._ledger.lease, self._office.clock()
        chance, why = office.chance(), self._why
        match end:
            case _End.FINISHED:
                await steady(office.store, lambda conn: delivery.finish(conn, lease, work, now))
            case _End.TURN:
                await steady(office.store, lambda conn: delivery.put_back(conn, lease, work, now))
            case _End.LATER:
                await steady(office.store, lambda conn: delivery.put_off(conn, lease, work, why, chance, now))
            case _End.NEVER:
                await steady(office.store, lambda conn: delivery.stop(conn, lease, work, why, now))
            case _End.GONE:
                pass
            case _:
                assert_never(end)

    async def _range(self, work: Range) -> _End:
        if work.edition_id is not None:
            return await self._edition(work)
        office, features = self._office, self._features
        members = await office.store.read(partial(deliveries.recipients, work=work))
        if not members:
            return _End.FINISHED
        assert work.post_id is not None
        task = office.renderings.get(work.post_id, features)
        mailing = await asyncio.shield(task)
        if mailing is None:
            return _End.FINISHED
        if isinstance(mailing, Unsendable):
            log.error(log.Event.DELIVERY_STOPPED, list_id=work.list_id, number=work.number, reason=mailing.text)
            self._why = mailing.text
            return _End.NEVER
        return await self._lots(work, self._copies(mailing, members))

    def _copies(self, mailing: Mailing, members: Sequence[Recipient]) -> AsyncIterator[Lot]:
        office = self._office
        if mailing.each and office.signers.keys:
            return signed(office.signers, personal(mailing, members))
        verp = office.xverp and self._features.xverp
        return _each(mailing.lots(members, lambda: office.batch, verp))

    async def _edition(self, work: Range) -> _End:
        office = self._office
        readers, each = await office.store.read(partial(_readers, work=work))
        if not each:
            return await self._lots(work, self._issues(readers))
        due = self._personal(readers)  # the forms of neighbours differ: they are signed together all the same
        return await self._lots(work, signed(office.signers, due) if office.signers.keys else _unsigned(due))

    async def _personal(self, readers: Sequence[Reader]) -> AsyncIterator[Personal]:
        for reader in readers:
            mailing = await self._mailing(reader.issue)
            if mailing is not None:
                yield mailing, (reader.member_id, reader.address)

    async def _issues(self, readers: Sequence[Reader]) -> AsyncIterator[Lot]:
        """Equal copies for readers of the same issue who follow each other."""
        for issue, some in groupby(readers, key=lambda reader: reader.issue):
            mailing = await self._mailing(issue)
            if mailing is not None:
                recipients = [(reader.member_id, reader.address) for reader in some]
                async for lot in self._copies(mailing, recipients):
                    yield lot

    async def _mailing(self, issue: Issue) -> Mailing | None:
        mailing = await asyncio.shield(self._office.renderings.get(issue, self._features))
        return mailing if isinstance(mailing, Mailing) else None

    async def _lots(self, work: Range, lots: AsyncIterator[Lot]) -> _End:
        office, ledger = self._office, self._ledger
        note, settle = ledger.note, ledger.settle
        ends = office.monotonic() + TURN
        doubts = 0
        lot = await anext(lots, None)
        while lot is not None:
            over = office.stopping or office.monotonic() > ends
            following = None if over else await anext(lots, None)
            if pause := office.relay.wait(len(lot.members)):
                await asyncio.sleep(pause)
            if not office.alive():
                return _End.GONE
            untaken = await self._send(lot.parcel, None if following is None else following.parcel)
            refusals: Sequence[Refusal] = ()
            if untaken:
                refusals = self._judged(lot, untaken)
                if refusals[0].fate is Fate.OURS:
                    return self._refused_all(work, refusals[0].reply)
                doubts = doubts + 1 if _all_late(lot, refusals) else 0
            else:
                doubts = 0
            after = lot.members[-1][0]
            if (refusals or not note(work, after)) and not await settle(Moved(work, after, refusals)):
                return _End.GONE
            if work.id in ledger.lost:
                return _End.GONE
            if doubts == DOUBTS:
                return self._refused_all(work, refusals[-1].reply)
            if over or work.id in ledger.stopped:
                return _End.TURN
            lot = following
        return _End.FINISHED

    def _refused_all(self, work: Range, reply: Reply) -> _End:
        self._why = _words(reply)
        log.warning(log.Event.RELAY_UNREACHABLE, list_id=work.list_id, reply=self._why)
        return _End.LATER

    def _judged(self, lot: Lot, untaken: Sequence[Untaken]) -> list[Refusal]:
        count = len(lot.members)
        others = len(untaken) < count
        refusals = []
        for one in untaken:
            end = fate(one.stage, one.reply, recipients=count, others_taken=others)
            if end is Fate.ANEW and one.stage is Stage.RCPT:
                self._office.batch = min(self._office.batch, max(1, one.place))
            refusals.append(Refusal(*lot.members[one.place], end, one.reply, self._office.chance()))
            if end is not Fate.FAILED:
                log.info(log.Event.DELIVERY_DEFERRED, address=refusals[-1].address, reply=_words(one.reply))
        return refusals

    # --- stragglers ---
    async def carry_stragglers(self, works: Sequence[Straggler]) -> None:
        """Hand over single copies and notices, each in a transaction of its own."""
        office = self._office
        left = {work.id for work in works}
        try:
            await self._connect()
            await self._singles(works, left)
        except (Lost, Unavailable):
            pass
        except Exception as failure:
            log.error(log.Event.DELIVERY_DEFERRED, failure)
        await self._leave()
        if left:
            lease = self._ledger.lease
            await steady(office.store, partial(deliveries.let_go, lease=lease, straggler_ids=left))

    async def _singles(self, works: Sequence[Straggler], left: set[int]) -> None:
        office = self._office
        notices = [work.notice_id for work in works if work.notice_id is not None]
        letters = await office.store.read(partial(deliveries.letters, notice_ids=notices)) if notices else {}
        kept: list[asyncio.Task[Rendered]] = []  # so that each post is rendered once
        for work in works:
            if office.stopping or not office.alive():
                return
            parcel = await self._single(work, letters, kept)
            untaken: Sequence[Untaken] = ()
            if isinstance(parcel, Unsendable):
                untaken = [Untaken(0, Stage.DATA, Reply(554, parcel.status, parcel.text))]
            elif parcel is not None:
                if pause := office.relay.wait(1):
                    await asyncio.sleep(pause)
                untaken = await self._send(parcel, None)
            left.discard(work.id)
            await self._ledger.settle(Tried(work, self._refused(work, untaken)))

    async def _single(
        self, work: Straggler, letters: dict[int, Letter], kept: "list[asyncio.Task[Rendered]]"
    ) -> Parcel | Unsendable | None:
        if work.notice_id is not None:
            notice = letters[work.notice_id]
            return copies.letter(self._office.site, work.address, work.notice_id, notice, self._office.stamp())
        assert work.member_id is not None
        what: int | Issue | None = work.post_id
        if work.edition_id is not None:
            edition, member = work.edition_id, work.member_id
            reader = await self._office.store.read(lambda conn: digests.reader(conn, edition, member))
            what = None if reader is None else reader.issue
        if what is None:
            return None
        kept.append(self._office.renderings.get(what, self._features))
        mailing = await asyncio.shield(kept[-1])
        return mailing.copy((work.member_id, work.address)) if isinstance(mailing, Mailing) else mailing

    def _refused(self, work: Straggler, untaken: Sequence[Untaken]) -> Refusal | None:
        if not untaken:
            return None
        stage, reply = untaken[0].stage, untaken[0].reply
        end = fate(stage, reply, recipients=1, others_taken=False)
        if end is Fate.OURS:
            log.warning(log.Event.RELAY_UNREACHABLE, list_id=work.list_id, reply=_words(reply))
        return Refusal(work.member_id, work.address, end, reply, self._office.chance())

    # --- the connection ---
    @property
    def _features(self) -> Features:
        assert self._connection is not None
        return self._connection.features

    async def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = await self._office.relay.take()
        return self._connection

    async def _send(self, parcel: Parcel, then: Parcel | None) -> Sequence[Untaken]:
        """Hand over; after a loss on a connection of its own, for only this parcel has no answer (standards O6)."""
        reason = ""
        for _ in range(TRIES):
            connection = await self._connect()
            self._announced = then is not None
            try:
                return await connection.send(parcel, then)
            except Lost as loss:
                reason = loss.reason
                self._connection = None
                await self._office.relay.drop(connection)
        reply = Reply(451, "4.4.2", f"The connection was lost {TRIES} times: {reason}"[:400])
        return [Untaken(place, Stage.DATA, reply) for place in range(len(parcel.recipients))]

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._announced or self._office.stopping:
            await self._office.relay.drop(connection)
        else:
            self._office.relay.give(connection)


def _readers(conn: Conn, work: Range) -> tuple[list[Reader], bool]:
    """The readers in a range of an edition, and whether each of them has a copy of their own."""
    return digests.readers_of_range(conn, work), lists.get(conn, work.list_id).settings.copies == "each"


async def _unsigned(copies: AsyncIterator[Personal]) -> AsyncIterator[Lot]:
    async for mailing, recipient in copies:
        yield Lot(mailing.copy(recipient), (recipient,))


async def _each(lots: Iterator[Lot]) -> AsyncIterator[Lot]:
    for lot in lots:
        yield lot


def _all_late(lot: Lot, refusals: Sequence[Refusal]) -> bool:
    return len(refusals) == len(lot.members) and all(one.fate is Fate.LATER for one in refusals)


def _words(reply: Reply) -> str:
    return f"{reply.code} {reply.status} {reply.text}"
