"""The scribe: of several servers that share a log and a store, the one that adds messages to it.

Every server has the messages of all rooms, in the order of the log, and its `HistoryWriter` passes
them to `Scribe.append`. On the scribe that adds them to the store, together with the position of
the log that they reach, and tells all servers by an operation. On the others it returns when such
an operation says that they are stored. A server becomes the scribe when nothing is stored for a
while, and the store finds that no other server is: it goes on behind the position in the store,
with the messages that it has kept itself. So a message is stored once, whichever server dies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import MessageBatch, ReceiptRequest, RoomClosed, RoomEvent
from chatd.core.rooms import Room
from chatd.core.store import IStore
from chatd.core.world.account_operations import MessagesStored
from chatd.core.world.effects import StoredUpTo
from chatd.waiters import Waiters

TAKE_OVER_SECONDS: Final = 1.0
"""How long a server waits for the scribe before it tries to become the scribe itself."""

FORGET_SECONDS: Final = 20.0
"""How long a server keeps in mind which messages the scribe has given up."""

PATIENCE_SECONDS: Final = 4.0
"""How long a server waits until it reports that the store is not available."""


class FollowedLog(Protocol):
    """A server's part of a log that several share (`chatd.oplog.node`)."""

    @property
    def node(self) -> str:
        """The name of this server."""

    @property
    def position(self) -> int:
        """The position of the entry that is applied now, or was last."""

    @property
    def is_applying(self) -> bool:
        """Whether an entry is applied now."""

    @property
    def ended_nodes(self) -> AbstractSet[str]:
        """The servers whose end is in the log."""

    def submit(self, operation: MessagesStored, /) -> object:
        """Add an operation to the log."""


class Scribe:
    """Stores each message once in `store`, with all servers that share a log.

    `log` is set before the first message comes.
    """

    log: FollowedLog

    def __init__(self, store: IStore, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        # The position of each batch that is not known to be stored, and the last batch of each
        # position. A batch is known by its room and its first id.
        self._positions: dict[tuple[str, int], int] = {}
        self._last_of: dict[int, tuple[str, int]] = {}
        # All of them in the order of the log, also those that are stored or discarded since.
        self._order: deque[tuple[int, tuple[str, int]]] = deque()
        self._stored = 0
        # The batches that the scribe has given up, and when this server got to know it.
        self._lost: dict[tuple[str, int], float] = {}
        # The server that adds messages: None if there is none, "" if its name is not known.
        self._scribe: str | None = None
        # Whether the store may have a part of the entry behind the position that it has.
        self._may_overlap = False
        self._progress: Waiters[None] = Waiters()

    # -- what the log tells

    def on_messages(self, _: Room, batch: MessageBatch, __: ReceiptRequest | None) -> None:
        """Note messages of the entry that is applied, which `append` is given later."""
        key, position = _key(batch), self.log.position
        if position > self._stored:  # else the former scribe was ahead of this server
            self._positions[key] = position
            self._last_of[position] = key
            self._order.append((position, key))

    def on_event(self, _: Room, event: RoomEvent) -> None:
        """Forget the messages of a room that is closed: the writer discards them, too."""
        if isinstance(event, RoomClosed):
            for key in [key for key in self._positions if key[0] == event.room]:
                del self._positions[key]
            self._last_of = {position: key for key, position in self._positions.items()}

    def on_stored(self, stored: StoredUpTo) -> None:
        """Note which messages are stored, and by which server."""
        if stored.position >= self._stored:  # else it is a late word of a former scribe
            self._scribe = stored.node
        now = self._clock.seconds()
        # By then the writer of this server has given them up as well.
        self._lost = {key: at for key, at in self._lost.items() if now - at < FORGET_SECONDS}
        self._lost.update((key, now) for key in stored.lost if key in self._positions)
        self._note_stored(stored.position)

    # -- what the writer asks

    async def append(self, batches: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Return when messages are stored, by this server or another one, as `IStore.append`.

        Raises `StoreUnavailableError` while the scribe has given some of them up: the writer does
        so as well, as they are too old.
        """
        began = self._clock.seconds()
        if self.log.is_applying:  # the messages of that entry are not complete
            await deferLater(self._clock, 0)
        while missing := self._not_stored(batches):
            if self._scribe == self.log.node:
                last = _key(missing[-1])
                position = self._positions[last]
                is_whole = self._last_of[position] == last
                await self._add(missing, reserved, position if is_whole else position - 1)
                return
            await self._take_over(began)

    def _not_stored(self, batches: Sequence[MessageBatch]) -> Sequence[MessageBatch]:
        """Return those of `batches` that are not stored; raise if some of them never will be."""
        if any(_key(batch) in self._lost for batch in batches):
            raise StoreUnavailableError("messages were given up by the server that stores them")
        return [batch for batch in batches if _key(batch) in self._positions]

    async def _take_over(self, began: float) -> None:
        """Wait for the scribe, or become the scribe.

        Raises `StoreUnavailableError` if neither has happened `PATIENCE_SECONDS` after `began`.
        """
        if self._scribe is not None:
            stored = self._stored
            progress = self._progress.wait()
            progress.addTimeout(TAKE_OVER_SECONDS, self._clock, lambda *_: None)
            await progress
            if self._stored > stored:
                return
        ended = self.log.ended_nodes
        if self.log.node in ended:
            raise StoreUnavailableError("this server has ended for the others")
        # A scribe that hangs is replaced once its end is in the log; it may not have told its name.
        force = bool(ended) if self._scribe == "" else self._scribe in ended
        try:
            position = await self._store.take_over(force=force)
        except StoreUnavailableError:
            if self._clock.seconds() - began >= PATIENCE_SECONDS:
                raise
            self._scribe = self._scribe or ""
            return
        self._scribe = self.log.node
        self._may_overlap = True
        self._note_stored(position)
        self.log.submit(MessagesStored(self.log.node, position))

    async def _add(
        self, batches: Sequence[MessageBatch], reserved: Mapping[str, int], position: int
    ) -> None:
        """Add messages to the store, and tell all servers.

        Messages before them in the log that are not among them were given up by the writer.
        """
        try:
            added = await self._missing(batches) if self._may_overlap else batches
            await self._store.append(added, reserved, position)
        except StoreUnavailableError:
            if self._scribe == self.log.node:
                self._scribe = None  # another server may have become the scribe
            raise
        if position > self._stored:
            self._may_overlap = False
        for batch in batches:
            self._positions.pop(_key(batch), None)
        lost = tuple(key for key, reached in self._positions.items() if reached <= position)
        self._note_stored(position)
        self.log.submit(MessagesStored(self.log.node, position, lost))

    async def _missing(self, batches: Sequence[MessageBatch]) -> Sequence[MessageBatch]:
        """Return those of `batches` that the store does not have.

        The former scribe may have added a part of a large entry, whose position it had not reached.
        """
        newest: dict[str, int] = {}
        for room in dict.fromkeys(batch.room for batch in batches):
            stored = await self._store.history(room, None, 1, 1)
            newest[room] = stored[-1].id if stored else 0
        return [batch for batch in batches if batch.last_id > newest[batch.room]]

    def _note_stored(self, position: int) -> None:
        self._stored = max(self._stored, position)
        while self._order and self._order[0][0] <= position:
            reached, key = self._order.popleft()
            self._positions.pop(key, None)
            self._last_of.pop(reached, None)
        self._progress.fire(None)


def _key(batch: MessageBatch) -> tuple[str, int]:
    return batch.room, batch.id
