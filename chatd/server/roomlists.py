"""Pages of the list of rooms.

A list with all rooms and users of a large server takes milliseconds to make and some 100 KB for
each client that asks. So it comes in pages, and the clients that ask for the same page in one turn
of the reactor get the same object, which is encoded once, unless something changes in between.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

from chatd.core.events import RoomEvent
from chatd.core.rooms import Room
from chatd.core.world.world import World
from chatd.protocol.replies import RoomInfo, RoomList

MAX_ROOMS: Final = 200
"""How many rooms a page has at most, and if the client does not say how many."""

MAX_CHATTERS: Final = 50
"""How many members of a room are listed."""


class RoomLists:
    """The pages of the list of rooms; as a subscriber of the bus it knows when they change."""

    def __init__(self, world: World, clock: IReactorTime) -> None:
        self._world = world
        self._clock = clock
        self._pages: dict[tuple[str, int, int], RoomList] = {}

    def on_event(self, _: Room, __: RoomEvent) -> None:
        """Forget the pages: a room or its members have changed."""
        self._pages.clear()

    def page(self, since: str | None = None, limit: int = MAX_ROOMS) -> RoomList:
        """Return the first `limit` rooms after the room `since`, or the first ones of all.

        Raises `ChatError` if there is no room `since`.
        """
        rooms = list(self._world.rooms)
        limit = min(limit, MAX_ROOMS)
        # A room that is added has no event.
        key = (since or "", limit, len(rooms))
        if key not in self._pages:
            start = 0 if since is None else rooms.index(self._world.rooms.require(since)) + 1
            shown = tuple(RoomInfo.of(room, MAX_CHATTERS) for room in rooms[start : start + limit])
            if not self._pages:
                self._clock.callLater(0, self._pages.clear)
            self._pages[key] = RoomList(shown, more=len(rooms) - start - len(shown))
        return self._pages[key]

    def room(self, room_id: str) -> RoomList:
        """Return a list of one room alone; raise `ChatError` if there is none with that id."""
        room = self._world.rooms.require(room_id)
        return RoomList((RoomInfo.of(room, MAX_CHATTERS),))
