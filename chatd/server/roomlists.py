"""Pages of the list of rooms.

A list with all rooms and users of a large server takes milliseconds to make and some 100 KB for
each client that asks. So it comes in pages, and the clients that ask for the same page in one turn
of the reactor get the same object, which is encoded once, unless something changes in between.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

from chatd.core.events import RoomEvent
from chatd.core.rooms import Room, User
from chatd.core.world import rights
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
        self._pages: dict[tuple[tuple[Room, ...], int], RoomList] = {}

    def on_event(self, _: Room, __: RoomEvent) -> None:
        """Forget the pages: a room or its members have changed."""
        self._pages.clear()

    def page(self, user: User, since: str | None = None, limit: int = MAX_ROOMS) -> RoomList:
        """Return the first `limit` rooms after the room `since`, or the first ones of all.

        Only rooms that are listed for `user`. Raises `ChatError` if there is no room `since`.
        """
        hidden = rights.hidden_rooms(self._world, user)
        rooms = [room for room in self._world.rooms if room not in hidden]
        limit = min(limit, MAX_ROOMS)
        start = 0
        if since is not None:
            start = rooms.index(rights.require_listed(self._world, since, user)) + 1
        shown = tuple(rooms[start : start + limit])
        more = len(rooms) - start - len(shown)
        # Users who see the same rooms get the same page.
        key = (shown, more)
        if key not in self._pages:
            if not self._pages:
                self._clock.callLater(0, self._pages.clear)
            infos = tuple(RoomInfo.for_clients(room, MAX_CHATTERS) for room in shown)
            self._pages[key] = RoomList(infos, more=more)
        return self._pages[key]

    def room(self, user: User, room_id: str) -> RoomList:
        """Return a list of one room alone; raise `ChatError` if none is listed for `user`."""
        room = rights.require_listed(self._world, room_id, user)
        return RoomList((RoomInfo.for_clients(room, MAX_CHATTERS),))
