"""The history of the rooms: older messages from the store, recent ones from memory.

The chat decides which users may read it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from sys import getsizeof
from typing import Final

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import Message, MessageBatch, ReceiptRequest, RoomClosed, RoomEvent
from chatd.core.room_events import MessageDeleted
from chatd.core.rooms import Room
from chatd.core.store import IStore
from chatd.storage.retention import Retention
from chatd.storage.writer import HistoryWriter

MAX_READ: Final = 500
MAX_READ_SIZE: Final = 256 * 1024
"""How many messages and bytes are read at once (spec section 7)."""

MAX_REPLAYED: Final = 64 * 1024
"""How many bytes of memory the texts take that are replayed to a user who joins.

They are kept in memory for every room, and sent in one piece.
"""


class _Recent:
    """The newest messages of a room; `complete` once those from before the start are among them."""

    def __init__(self, length: int) -> None:
        self.messages: deque[Message] = deque()
        self.complete = False
        self._length = length
        self._size = 0
        # The ids of messages that were deleted, perhaps while older ones were read.
        self._deleted: set[int] = set()

    def delete(self, message_id: int) -> None:
        """Remove the text of a message, if it is there or is loaded now."""
        self._deleted.add(message_id)
        kept, self.messages, self._size = self.messages, deque(), 0
        for message in kept:
            self.add(self._without_deleted(message))
        self._forget_deleted()

    def _without_deleted(self, message: Message) -> Message:
        if message.id not in self._deleted:
            return message
        return message._replace(text="", is_deleted=True)

    def add(self, message: Message) -> None:
        """Append a message, and remove the oldest ones if there are too many."""
        self.messages.append(message)
        self._size += getsizeof(message.text)
        while len(self.messages) > self._length or self._size > MAX_REPLAYED:
            self._size -= getsizeof(self.messages.popleft().text)

    def add_older(self, loaded: Sequence[Message]) -> None:
        """Insert the messages from the store, which may overlap with those that are there."""
        first = self.messages[0].id if self.messages else None
        newer, self.messages, self._size = self.messages, deque(), 0
        older = [
            self._without_deleted(message)
            for message in loaded
            if first is None or message.id < first
        ]
        for message in (*older, *newer):
            self.add(message)
        self.complete = True
        self._forget_deleted()

    def _forget_deleted(self) -> None:
        if self.complete:  # nothing is loaded any more
            self._deleted.clear()


class History:
    """Reads messages, including those that the writer has not stored yet.

    `replay` is how many messages `recent` returns at most, none of which `retention` finds too old.
    It gets new messages from the bus, so that a join needs no read.
    """

    def __init__(
        self,
        store: IStore,
        writer: HistoryWriter,
        retention: Retention,
        *,
        replay: int = 0,
    ) -> None:
        self._store = store
        self._writer = writer
        self._retention = retention
        self._replay = min(replay, MAX_READ)
        # By the id of the room, of the rooms that a user has joined.
        self._recent: dict[str, _Recent] = {}

    def on_messages(self, _: Room, batch: MessageBatch, __: ReceiptRequest | None) -> None:
        """Keep the newest messages of the rooms that a user has joined."""
        recent = self._recent.get(batch.room)
        if recent is not None:
            for message in batch.messages():
                recent.add(message)

    def on_event(self, _: Room, event: RoomEvent) -> None:
        """Forget the messages of a room that is closed."""
        if isinstance(event, RoomClosed):
            self._recent.pop(event.room, None)
        elif isinstance(event, MessageDeleted) and event.room in self._recent:
            self._recent[event.room].delete(event.id)

    async def read(
        self, room: Room, since: int | None, limit: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return the first `limit` messages after the id `since`, or the last ones if it is None.

        Only messages with ids below `before`, if that is given. They come oldest first, at most
        `MAX_READ` of them. Raises `StoreUnavailableError`.
        """
        await self._writer.drained()
        limit = min(limit, MAX_READ)
        return await self._store.history(room.id, since, limit, MAX_READ_SIZE, before)

    async def id_at(self, room: Room, time: float) -> int | None:
        """Return the id of the first message that was said at `time` or later, None if none was.

        Raises `StoreUnavailableError`.
        """
        await self._writer.drained()
        return await self._store.id_at(room.id, time)

    async def search(
        self, rooms: Sequence[Room], words: Sequence[str], before: int | None, limit: int
    ) -> Sequence[Message]:
        """Return the newest messages that have all `words`, as `IStore.search` does.

        Raises `StoreUnavailableError`.
        """
        await self._writer.drained()
        return await self._store.search([room.id for room in rooms], words, before, limit)

    async def preload(self, room: Room) -> None:
        """Load the messages from before the start for `recent`, if the store is available."""
        if not self._replay:
            return
        recent = self._recent.setdefault(room.id, _Recent(self._replay))
        if recent.complete:
            return
        with suppress(StoreUnavailableError):  # the user can join all the same
            recent.add_older(await self.read(room, None, self._replay))

    def recent(self, room: Room) -> Sequence[Message]:
        """Return the newest messages of `room`, as many as are replayed to a user who joins."""
        recent = self._recent.get(room.id)
        if recent is None:
            return ()
        oldest = self._retention.oldest_kept()
        return [message for message in recent.messages if message.time >= oldest]
