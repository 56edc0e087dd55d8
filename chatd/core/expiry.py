"""The end of rooms that nobody uses: those in which nothing was ever said, empty for a day.

Rooms that the administrator created, and rooms that have an owner, a topic or other settings, do
not end by themselves. The times are arguments, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Joined, RoomClosed, RoomEvent
from chatd.core.rooms import Room

EMPTY_SECONDS: Final = 86400.0
"""How long a room has no members before it ends; after a restart this begins anew."""


class Rooms(Protocol):
    """The rooms that there are (`chatd.core.chat.Chat`)."""

    def rooms(self) -> Iterable[Room]:
        """Return all rooms."""

    async def delete_unneeded(self, room: Room, now: float) -> bool:
        """Remove a room if it may end by itself; raise `ChatError` if it has ended before."""


class RoomExpiry:
    """Notes since when rooms are empty. As a subscriber of the bus it learns who joins them."""

    def __init__(self) -> None:
        self._empty_since: dict[Room, float] = {}

    def on_event(self, room: Room, event: RoomEvent) -> None:
        """Forget a room that somebody joins, or that is closed."""
        if isinstance(event, Joined | RoomClosed):
            self._empty_since.pop(room, None)

    async def end_expired(self, rooms: Rooms, seconds: float, now: float) -> int:
        """End the rooms that expired; return how many.

        `seconds` is the time of a clock that is never set, `now` the time of day. Called
        regularly: a room counts as empty from the first call that finds it so. Raises
        `StoreUnavailableError`.
        """
        unused = [room for room in rooms.rooms() if not room.is_needed]
        self._empty_since = {room: self._empty_since.get(room, seconds) for room in unused}
        ended = 0
        for room in unused:
            # Somebody may join, or the administrator end the room, while another one is ended.
            since = self._empty_since.get(room, seconds)
            if seconds - since >= EMPTY_SECONDS and not room.is_needed:
                try:
                    ended += await rooms.delete_unneeded(room, now)
                except ChatError as error:
                    if error.code is not ErrorCode.NO_SUCH_ROOM:  # another server was faster
                        raise
        return ended
