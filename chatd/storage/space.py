"""The space that the store takes: its size, the limit of a room's history, and space given back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.rooms import Room
from chatd.core.store import IStore

_PAUSE_SECONDS: Final = 0.05
"""The pause after each step, in which new messages can be written."""


class TrimLog(Protocol):
    """Logs for the operator what was removed."""

    def trimmed(self, messages: int, size: int) -> None:
        """Log that messages beyond `size` bytes of a room were removed."""


class StoreSize:
    """The size of the store in bytes, as it was measured last; None if it takes no disk."""

    def __init__(self, store: IStore) -> None:
        self.size: int | None = None
        self._store = store

    async def update(self) -> None:
        """Measure the size; raise `StoreUnavailableError` if that is impossible now."""
        self.size = await self._store.size()


class RoomHistoryLimit:
    """Keeps about `size` bytes of the history of each room, the newest; 0 is no limit."""

    def __init__(
        self,
        store: IStore,
        rooms: Callable[[], Iterable[Room]],
        clock: IReactorTime,
        log: TrimLog,
        size: int,
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._clock = clock
        self._log = log
        self._size = size

    async def trim(self) -> None:
        """Remove the oldest messages of rooms with more; raise `StoreUnavailableError`."""
        if not self._size:
            return
        removed = 0
        try:
            for room in list(self._rooms()):
                while count := await self._store.trim(room.id, self._size):
                    removed += count
                    await deferLater(self._clock, _PAUSE_SECONDS)
                await deferLater(self._clock, 0)
        finally:
            if removed:
                self._log.trimmed(removed, self._size)


async def compact(store: IStore, clock: IReactorTime) -> None:
    """Give the free space of `store` back to the system; raise `StoreUnavailableError`."""
    while await store.compact():
        await deferLater(clock, _PAUSE_SECONDS)
