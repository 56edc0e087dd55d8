"""Writes messages to the store in the background, many of them in one transaction.

The fan-out delivers messages at once. The writer stores them some milliseconds later, together
with all others that were sent until then; while one write is under way, the next one gathers. A
client that asked for a receipt gets it when its messages are stored, or an error if they could not
be stored in time.

While the store is unavailable the writer repeats the write until its messages are too old, so that
memory stays bounded and every receipt is answered. A repeated write has the same batches as before,
less those that were dropped since, because the store recognizes the ones that it has already (see
`IStore.append`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import ErrorCode, StoreUnavailableError
from chatd.core.events import MessageBatch, ReceiptRequest, RoomClosed, RoomEvent
from chatd.core.records import ids_to_reserve
from chatd.core.rooms import Room
from chatd.protocol.replies import ErrorReply, Receipt
from chatd.storage.queue import WriteQueue, count_messages
from chatd.waiters import Waiters

WRITE_DELAY: Final = 0.02
"""For how many seconds messages gather before they are written.

A crash loses no more than these, and a transaction for each message would be too slow.
"""

RETRY_SECONDS: Final = 0.5
"""How many seconds after a failure the write is tried again."""

RECEIPT_TIMEOUT: Final = 9.5
"""After how many seconds at most a receipt is answered, also if the messages are not stored."""

CLOSE_TIMEOUT: Final = 4.0
"""For how many seconds a stopping server waits for the store."""

MAX_WAITING: Final = 200_000
MAX_WAITING_SIZE: Final = 64 * 1024 * 1024
"""How many messages and characters may wait for the store; beyond that all of them are dropped."""

_log = Logger(namespace="chatd")

_MakeReply = Callable[[str, int, str | None], Receipt | ErrorReply]
"""Makes the reply for a message from its room, its id and the tag of the request."""


class SendTo(Protocol):
    """Sends replies to the recipient of a receipt, after everything sent to them before."""

    def __call__(self, recipient: Any, /, *replies: Receipt | ErrorReply) -> None:
        """Send `replies`; do nothing if the recipient is no longer connected."""


class MessageStore(Protocol):
    """Adds messages to the store, by itself or by way of another server."""

    async def append(self, batches: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add messages, as `IStore.append` says."""


class OutageLog(Protocol):
    """Logs for the operator how the store does."""

    def store_lost(self, why: str) -> None:
        """Log that the store cannot be written to, and why."""

    def store_back(self, given_up: int) -> None:
        """Log that the store can be written to again, and how many messages were lost."""

    def unconfirmed(self, messages: int) -> None:
        """Log how many messages the server did not store before it stopped."""


class HistoryWriter:
    """Stores all messages that the bus shows it, and answers the receipts asked for.

    `lost_messages` counts the messages that were dropped, from the end of each outage on.
    """

    def __init__(
        self, store: MessageStore, clock: IReactorTime, send_to: SendTo, event_log: OutageLog
    ) -> None:
        self._store = store
        self._clock = clock
        self._send_to = send_to
        self._event_log = event_log
        self._waiting = WriteQueue()
        # The batches that are being written, or will be written again after a failure.
        self._in_flight = WriteQueue()
        # The open receipts, by the room and the first id of their batch.
        self._receipts: dict[tuple[str, int], ReceiptRequest] = {}
        # The id of a room's messages from which on the next ids are to be reserved.
        self._reserve_at: dict[str, int] = {}
        self._drain_waiters: Waiters[None] = Waiters()
        self._running = False
        # How many messages were dropped in the present outage; None while there is none.
        self._dropped: int | None = None
        self.lost_messages = 0

    @property
    def pending(self) -> int:
        """How many messages are not stored yet."""
        return self._waiting.messages + self._in_flight.messages

    def on_messages(self, _: Room, batch: MessageBatch, receipt: ReceiptRequest | None) -> None:
        """Queue messages, and answer `receipt`, if there is one, within `RECEIPT_TIMEOUT`."""
        waiting = self._waiting
        waiting.add(batch, self._clock.seconds())
        if receipt is not None:
            self._receipts[batch.room, batch.id] = receipt
        if not self._running:
            self._running = True
            Deferred.fromCoroutine(self._run()).addErrback(self._failed)
        elif waiting.messages > MAX_WAITING or waiting.size > MAX_WAITING_SIZE:
            self._drop(waiting.take_all())

    def on_event(self, _: Room, event: RoomEvent) -> None:
        """Discard what is not stored yet of a room that is closed: its history is deleted."""
        if isinstance(event, RoomClosed):
            self._discard_room(event.room)

    async def drained(self) -> None:
        """Return when all messages sent so far are stored.

        Raises `StoreUnavailableError` if the next write fails.
        """
        if self.pending:
            await self._drain_waiters.wait()

    async def receipts_sent(self, recipient: object) -> None:
        """Return when all receipts of `recipient` are answered, or after `RECEIPT_TIMEOUT`."""
        if self._has_receipts(recipient):
            waiting = Deferred.fromCoroutine(self._receipts_answered(recipient))
            waiting.addTimeout(RECEIPT_TIMEOUT, self._clock, lambda *_: None)
            await waiting

    async def close(self) -> None:
        """Store what is left, within `CLOSE_TIMEOUT`; called when no more messages are sent."""
        waiting = Deferred.fromCoroutine(self._all_stored())
        waiting.addTimeout(CLOSE_TIMEOUT, self._clock, lambda *_: None)
        await waiting
        self._drop([*self._in_flight.take_all(), *self._waiting.take_all()])
        if self._dropped:
            self._event_log.unconfirmed(self._dropped)
            self._dropped = None

    # -- writing

    async def _all_stored(self) -> None:
        """Return when all messages are stored, however often that is tried."""
        while self.pending:
            with suppress(StoreUnavailableError):
                await self.drained()

    async def _run(self) -> None:
        """Write until no message is left."""
        while self._in_flight.batches or self._waiting.batches:
            if not self._waiting.fills_write:
                await deferLater(self._clock, WRITE_DELAY)
            if not self._in_flight.batches:
                self._in_flight = self._waiting.take_write()
            if self._in_flight.batches:
                await self._write(self._in_flight.batches)
        self._running = False

    async def _write(self, batches: Sequence[MessageBatch]) -> None:
        """Try once to store `batches`, those in flight; after a failure, pause."""
        # A caller of `drained` whose messages are not among these waits for the next write.
        waiters = Waiters[None]() if self._waiting.batches else self._drain_waiters.take()
        reserved = self._reservations(batches)
        started, error = self._clock.seconds(), None
        try:
            await self._store.append(batches, reserved)
        except StoreUnavailableError as unavailable:
            error = unavailable
            self._outage_continues(error, self._clock.seconds() - started)
        except Exception:  # noqa: BLE001 -- a bug of ours costs this write, not the next ones
            _log.failure("Storing messages failed")
            self._drop(self._in_flight.take_all())
        else:
            self._stored(batches, reserved, self._clock.seconds() - started)
        # After a failure, a caller who came during the write does not wait for the next one either:
        # it may never succeed.
        ready = [waiters]
        if error is not None or not self.pending:
            ready.append(self._drain_waiters.take())
        for group in ready:
            if error is None:
                group.fire(None)
            else:
                group.fail(error)
        if error is not None:
            await deferLater(self._clock, RETRY_SECONDS)

    def _stored(
        self, batches: Sequence[MessageBatch], reserved: dict[str, int], seconds: float
    ) -> None:
        """Note that a write, which took so many seconds, has succeeded."""
        self._in_flight = WriteQueue()
        # With half of the reserved ids left, the next ones are reserved.
        self._reserve_at.update(
            (room, top - ids_to_reserve(top) // 2) for room, top in reserved.items()
        )
        self._answer_receipts(batches, Receipt)
        if self._dropped is not None:
            self._drop_expired(seconds)
            self._event_log.store_back(self._dropped)
            self.lost_messages += self._dropped
            self._dropped = None

    def _outage_continues(self, error: StoreUnavailableError, seconds: float) -> None:
        """Note that a write, which took so many seconds, has failed."""
        if self._dropped is None:
            self._dropped = 0
            self._event_log.store_lost(error.reason)
        self._drop_expired(seconds)

    def _reservations(self, batches: Sequence[MessageBatch]) -> dict[str, int]:
        """Return up to which id to reserve, for the rooms whose reserved ids come to an end."""
        newest = {batch.room: batch for batch in batches}
        return {
            room: batch.last_id + ids_to_reserve(batch.last_id)
            for room, batch in newest.items()
            if batch.last_id > self._reserve_at.get(room, 0)
        }

    # -- dropping

    def _drop_expired(self, seconds: float) -> None:
        """Drop messages whose receipts would be late if the next write took so many seconds."""
        oldest_kept = self._clock.seconds() + RETRY_SECONDS + seconds - RECEIPT_TIMEOUT
        in_flight, waiting = self._in_flight, self._waiting
        self._drop([*in_flight.take_older(oldest_kept), *waiting.take_older(oldest_kept)])

    def _drop(self, batches: Sequence[MessageBatch]) -> None:
        """Count messages that could not be stored, and answer their receipts."""
        if batches:
            self._dropped = (self._dropped or 0) + count_messages(batches)
            self._answer_receipts(batches, _not_stored)

    def _discard_room(self, room: str) -> None:
        """Store nothing more of a room, and answer its receipts."""
        discarded = [*self._in_flight.take_room(room), *self._waiting.take_room(room)]
        self._reserve_at.pop(room, None)
        self._answer_receipts(discarded, _not_stored)
        if not self.pending:
            # In the next turn: the room is still being closed by our caller.
            self._clock.callLater(0, self._drain_waiters.take().fire, None)

    # -- answering

    def _has_receipts(self, recipient: object) -> bool:
        return any(receipt.recipient is recipient for receipt in self._receipts.values())

    async def _receipts_answered(self, recipient: object) -> None:
        while self.pending and self._has_receipts(recipient):
            try:
                await self.drained()
            except StoreUnavailableError:
                await deferLater(self._clock, RETRY_SECONDS)

    def _answer_receipts(self, batches: Sequence[MessageBatch], make_reply: _MakeReply) -> None:
        """Reply to the receipts of `batches`, a reply for each message."""
        if not self._receipts:
            return
        replies: dict[Any, list[Receipt | ErrorReply]] = {}
        for batch in batches:
            receipt = self._receipts.pop((batch.room, batch.id), None)
            if receipt is None or (receipt.only_failures and make_reply is Receipt):
                continue
            their_replies = replies.setdefault(receipt.recipient, [])
            their_replies.extend(_replies(batch, make_reply, receipt.tag))
        for recipient, their_replies in replies.items():
            self._send_to(recipient, *their_replies)

    def _failed(self, failure: Failure) -> None:
        self._running = False
        _log.failure("The history writer failed", failure)


def _replies(
    batch: MessageBatch, make_reply: _MakeReply, tag: str | None
) -> Iterator[Receipt | ErrorReply]:
    return (make_reply(batch.room, number, tag) for number in range(batch.id, batch.last_id + 1))


def _not_stored(room: str, message_id: int, tag: str | None) -> ErrorReply:
    return ErrorReply(ErrorCode.NOT_STORED, {"room": room, "id": message_id}, "say", tag)
