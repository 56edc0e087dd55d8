"""The recorder: writes what is said to the store, in batches.

A consumer of the bus. Messages are delivered at once and written some milliseconds later, as many
as have come until then, in one transaction; while one batch is written the next one gathers. Who
asked for it is told when his message is stored, or that it could not be. While the store cannot be
written to, the batch is tried again until it is too old, so that memory stays bounded and nobody
is left without an answer; it stays a batch of its own, as the store knows it by that if it has it
already. Knows no database and no connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import ErrorCode, StoreUnavailableError
from chatd.core.events import MessageBatch, RoomClosed, RoomEvent
from chatd.core.ports import IStore
from chatd.core.records import ids_to_reserve
from chatd.core.rooms import Room, User
from chatd.protocol.replies import ErrorReply, Receipt
from chatd.storage.queue import WriteQueue, count, said_before

BATCH_SECONDS: Final = 0.02
"""How long a batch gathers: a crash loses no more, and a transaction for each message is dear."""

RETRY_SECONDS: Final = 0.5
"""How long after a failure the store is tried again."""

RECEIPT_TIMEOUT: Final = 9.5
"""After how many seconds who asked knows that his message could not be stored."""

CLOSE_SECONDS: Final = 4.0
"""How long the end of the server waits for the store."""

MAX_WAITING: Final = 200_000
MAX_WAITING_SIZE: Final = 64 * 1024 * 1024
"""How much may wait for the store, in messages and in characters; past it all of it is given up."""

_Answer = Callable[[str, int, str | None], Receipt | ErrorReply]

_log = Logger(namespace="chatd")


class Tell(Protocol):
    """Brings answers to a chatter, if he is here, after all that was said to him before."""

    def __call__(self, user: User, *answers: Receipt | ErrorReply) -> None:
        """Tell `who`."""


class OutageLog(Protocol):
    """The lines of the log that tell the operator about the store."""

    def store_lost(self, why: str) -> None:
        """Log that the store cannot be written to, and why."""

    def store_back(self, given_up: int) -> None:
        """Log that the store can be written to again, and how many messages were lost."""

    def unconfirmed(self, messages: int) -> None:
        """Log how many messages the server did not store before it stopped."""


class HistoryWriter:
    """Writes what is said.

    `lost_messages` counts the messages that were never stored, once the store is back.
    """

    def __init__(
        self, store: IStore, clock: IReactorTime, tell: Tell, event_log: OutageLog
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._event_log = event_log
        self._waiting = WriteQueue()
        self._in_flight: list[MessageBatch] = []
        # Of each burst that was asked for, by its room and first id.
        self._receipts: dict[tuple[str, int], tuple[User, str | None]] = {}
        self._reserve_at: dict[str, int] = {}
        self._drain_waiters: list[Deferred[None]] = []
        self._running = False
        self._dropped: int | None = None
        self.lost_messages = 0

    @property
    def pending(self) -> int:
        """How many messages wait to be stored."""
        return self._waiting.messages + count(self._in_flight)

    def on_messages(self, _: Room, burst: MessageBatch, __: User) -> None:
        """Take note of what is said."""
        waiting = self._waiting
        waiting.add(burst)
        if not self._running:
            self._running = True
            Deferred.fromCoroutine(self._run()).addErrback(self._failed)
        elif waiting.messages > MAX_WAITING or waiting.size > MAX_WAITING_SIZE:
            self._give_up(waiting.take_all())

    def on_event(self, _: Room, event: RoomEvent, __: User | None) -> None:
        """Take note that a room was ended: its history goes with it."""
        if isinstance(event, RoomClosed):
            self._forget(event.room)

    def report(self, burst: MessageBatch, who: User, tag: str | None) -> None:
        """Tell `who`, in time, whether what he has just said is stored; `tag` is that of his request."""
        waiting = self._waiting.bursts
        if waiting and waiting[-1] is burst:
            self._receipts[burst.room, burst.id] = (who, tag)
        else:  # there was too much to keep it
            self._tell(who, *_answers(burst, _not_stored, tag))

    async def drained(self) -> None:
        """Return when all that was said is stored; raise `UnavailableError` if it cannot be now."""
        if self.pending:
            watcher: Deferred[None] = Deferred()
            self._drain_waiters.append(watcher)
            await watcher

    async def reported(self, who: User) -> None:
        """Return when `who` was told of all that he asked for, or it is too late for that."""
        if self._awaits(who):
            waiting = Deferred.fromCoroutine(self._all_reported(who))
            waiting.addTimeout(RECEIPT_TIMEOUT, self._clock, lambda *_: None)
            await waiting

    async def close(self) -> None:
        """Store what waits, if that can be done soon; to be called when nobody says anything more."""
        waiting = Deferred.fromCoroutine(self._all_stored())
        waiting.addTimeout(CLOSE_SECONDS, self._clock, lambda *_: None)
        await waiting
        self._give_up([*self._in_flight, *self._waiting.take_all()])
        self._in_flight = []
        if self._dropped:
            self._event_log.unconfirmed(self._dropped)
            self._dropped = None

    # -- writing

    async def _all_stored(self) -> None:
        """Return when all that was said is stored, however often that is tried."""
        while self.pending:
            with suppress(StoreUnavailableError):
                await self.drained()

    async def _run(self) -> None:
        """Write until nothing waits."""
        begins = True
        while self._in_flight or self._waiting.bursts:
            enough = self._waiting.fills_a_batch
            # At first a turn at least: who has just spoken is still to say that he wants to be told.
            if begins or not enough:
                await deferLater(self._clock, 0 if enough else BATCH_SECONDS)
            begins = False
            if not self._in_flight:
                self._in_flight = self._waiting.take_batch()
            if self._in_flight:
                await self._write(self._in_flight)
        self._running = False

    async def _write(self, batch: Sequence[MessageBatch]) -> None:
        # Who waits for more than this batch waits for the next.
        watchers = [] if self._waiting.bursts else self._take_watchers()
        reserved = self._reservations(batch)
        began, error = self._clock.seconds(), None
        try:
            await self._store.keep(batch, reserved)
        except StoreUnavailableError as away:
            error = away
            self._note_outage(away)
            self._give_up_late(self._clock.seconds() - began)
        except Exception:  # noqa: BLE001 -- a fault of ours costs this batch, not those that follow
            _log.failure("Storing messages failed")
            self._give_up(self._in_flight)
            self._in_flight = []
        else:
            self._in_flight = []
            self._reserve_at.update(
                (room, top - ids_to_reserve(top) // 2) for room, top in reserved.items()
            )
            self._report(batch, Receipt)
            if self._dropped is not None:
                self._give_up_late(self._clock.seconds() - began)
                self._end_of_outage()
        # Who has come meanwhile does not wait for a batch that may never be.
        _fire([*watchers, *self._watchers_to_fire(error)], error)
        if error is not None:
            await deferLater(self._clock, RETRY_SECONDS)

    def _watchers_to_fire(self, error: StoreUnavailableError | None) -> list[Deferred[None]]:
        return self._take_watchers() if error is not None or not self.pending else []

    def _reservations(self, batch: Sequence[MessageBatch]) -> dict[str, int]:
        """Return up to which id rooms are to be reserved that come near the end of what is."""
        newest = {burst.room: burst for burst in batch}
        return {
            room: burst.last + ids_to_reserve(burst.last)
            for room, burst in newest.items()
            if burst.last > self._reserve_at.get(room, 0)
        }

    def _give_up_late(self, took: float) -> None:
        """Let go of what would be told of too late if the next try takes as long as the last."""
        told_too_late = self._clock.seconds() + RETRY_SECONDS + took - RECEIPT_TIMEOUT
        late = said_before(self._in_flight, told_too_late)
        lost, self._in_flight = self._in_flight[:late], self._in_flight[late:]
        self._give_up([*lost, *self._waiting.take_said_before(told_too_late)])

    def _forget(self, room: str) -> None:
        """Write nothing more of a room that is no more."""
        gone = [burst for burst in self._in_flight if burst.room == room]
        self._in_flight = [burst for burst in self._in_flight if burst.room != room]
        self._reserve_at.pop(room, None)
        self._report([*gone, *self._waiting.take_room(room)], _not_stored)
        if not self.pending:
            # In the next turn: whoever ends the room is in the middle of that.
            self._clock.callLater(0, _fire, self._take_watchers())

    # -- telling

    def _awaits(self, who: User) -> bool:
        return any(asker is who for asker, _ in self._receipts.values())

    async def _all_reported(self, who: User) -> None:
        while self.pending and self._awaits(who):
            try:
                await self.drained()
            except StoreUnavailableError:
                await deferLater(self._clock, RETRY_SECONDS)

    def _report(self, bursts: Sequence[MessageBatch], answer: _Answer) -> None:
        """Tell those who asked what has become of messages."""
        if not self._receipts:
            return
        answers: dict[User, list[Receipt | ErrorReply]] = {}
        for burst in bursts:
            asker = self._receipts.pop((burst.room, burst.id), None)
            if asker is not None:
                who, tag = asker
                answers.setdefault(who, []).extend(_answers(burst, answer, tag))
        for who, his in answers.items():
            self._tell(who, *his)

    def _give_up(self, bursts: Sequence[MessageBatch]) -> None:
        """Let messages go that could not be stored."""
        if bursts:
            self._dropped = (self._dropped or 0) + count(bursts)
            self._report(bursts, _not_stored)

    def _note_outage(self, error: StoreUnavailableError) -> None:
        if self._dropped is None:
            self._dropped = 0
            self._event_log.store_lost(error.reason)

    def _end_of_outage(self) -> None:
        if self._dropped is not None:
            self._event_log.store_back(self._dropped)
            self.lost_messages += self._dropped
            self._dropped = None

    def _take_watchers(self) -> list[Deferred[None]]:
        watchers, self._drain_waiters = self._drain_waiters, []
        return watchers

    def _failed(self, failure: Failure) -> None:
        self._running = False
        _log.failure("The history writer failed", failure)


def _answers(
    burst: MessageBatch, answer: _Answer, tag: str | None
) -> Iterator[Receipt | ErrorReply]:
    return (answer(burst.room, number, tag) for number in range(burst.id, burst.last + 1))


def _not_stored(room: str, message_id: int, tag: str | None) -> ErrorReply:
    return ErrorReply(ErrorCode.NOT_STORED, {"room": room, "id": message_id}, "say", tag)


def _fire(watchers: Sequence[Deferred[None]], error: StoreUnavailableError | None = None) -> None:
    for watcher in watchers:
        if error is None:
            watcher.callback(None)
        else:
            watcher.errback(error)
