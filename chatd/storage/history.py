"""Reading what was said: by request from the store, and the newest for who joins, from memory.

Who may read what is not known here, but in the chat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IReactorTime

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import Message, MessageBatch, ReceiptRequest, RoomClosed, RoomEvent
from chatd.core.ports import IStore
from chatd.core.rooms import Room
from chatd.storage.retention import oldest_kept
from chatd.storage.writer import HistoryWriter

MAX_READ: Final = 500
MAX_READ_SIZE: Final = 256 * 1024
"""What is read at once, in messages and in bytes (spec section 7)."""

MAX_REPLAYED: Final = 64 * 1024
"""What is replayed to who joins, in characters: it is held for every room, and sent at one go."""


class _Tail:
    """The newest messages of a room; `complete` once those from before the start are in it."""

    def __init__(self, length: int) -> None:
        self.messages: deque[Message] = deque()
        self.complete = False
        self._length = length
        self._size = 0

    def add(self, said: Message) -> None:
        """Put a message behind the others; the oldest make room for it."""
        self.messages.append(said)
        self._size += len(said.text)
        while len(self.messages) > self._length or self._size > MAX_REPLAYED:
            self._size -= len(self.messages.popleft().text)

    def add_older(self, loaded: Sequence[Message]) -> None:
        """Put those messages before the others that are not there yet."""
        first = self.messages[0].id if self.messages else None
        newer, self.messages, self._size = self.messages, deque(), 0
        for said in (*(said for said in loaded if first is None or said.id < first), *newer):
            self.add(said)
        self.complete = True


class History:
    """Reads what was said, also what the recorder has not written yet.

    `replay`: how many messages `tail` has, none older than `keep_days` (0: however old). A consumer of the bus, so that a join need not read.
    """

    def __init__(
        self,
        store: IStore,
        writer: HistoryWriter,
        clock: IReactorTime,
        *,
        replay: int = 0,
        keep_days: int = 0,
    ) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._keep_days = keep_days
        self._replay = min(replay, MAX_READ)
        self._tails: dict[str, _Tail] = {}

    def on_messages(self, _: Room, burst: MessageBatch, __: ReceiptRequest | None) -> None:
        """Keep the newest messages of the rooms that somebody has joined."""
        tail = self._tails.get(burst.room)
        if tail is not None:
            for said in burst.messages():
                tail.add(said)

    def on_event(self, _: Room, event: RoomEvent) -> None:
        """Forget a room that was ended."""
        if isinstance(event, RoomClosed):
            self._tails.pop(event.room, None)

    async def read(self, room: Room, since: int | None, limit: int) -> Sequence[Message]:
        """Return the first `limit` messages after id `since`, or, if None, the last; oldest first."""
        await self._writer.drained()
        return await self._store.history(room.id, since, min(limit, MAX_READ), MAX_READ_SIZE)

    async def preload(self, room: Room) -> None:
        """See to it that `tail` knows what was said in `room` before; it may fail to."""
        if not self._replay:
            return
        tail = self._tails.setdefault(room.id, _Tail(self._replay))
        if tail.complete:
            return
        with suppress(StoreUnavailableError):  # who joins does so without
            tail.add_older(await self.read(room, None, self._replay))

    def tail(self, room: Room) -> Sequence[Message]:
        """Return the last messages of `room`, as many as are replayed to who joins."""
        tail = self._tails.get(room.id)
        oldest = oldest_kept(self._clock, self._keep_days)
        return () if tail is None else [said for said in tail.messages if said.time >= oldest]
