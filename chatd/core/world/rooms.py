"""The rooms of the world: those that are open, and those that the store adds or removes now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key
from chatd.core.names import ROOM_ID_LENGTH
from chatd.core.roomnames import RoomNames, nearest_room
from chatd.core.rooms import Room
from chatd.core.world.operations import StartRoom


class RoomState(Enum):
    """Where a room is between its creation and its end."""

    STARTING = "starting"
    OPEN = "open"
    ENDING = "ending"


SETTLED: Final = {
    (RoomState.STARTING, True): RoomState.OPEN,
    (RoomState.STARTING, False): None,
    (RoomState.ENDING, True): None,
    (RoomState.ENDING, False): RoomState.OPEN,
}
"""The state of a room once the store has done its part (True) or has failed; None: it is gone."""


@dataclass(frozen=True, slots=True)
class ChangingRoom:
    """A room that the server `node` adds to the store or removes from it; nobody finds it."""

    state: RoomState
    room: Room
    node: str


class KnownRooms:
    """The open rooms by their keys, in the order of their creation."""

    def __init__(self) -> None:
        self.changing: dict[str, ChangingRoom] = {}
        self._open: dict[str, Room] = {}
        self._names = RoomNames()
        self._numbers = 0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Room]:
        return iter(self._open.values())

    # -- reading

    def by_key(self, key: str) -> Room | None:
        """Return the open room with a key."""
        return self._open.get(key)

    def find(self, id_or_name: str) -> Room | None:
        """Return the room with that id, or else the only one with that name, if there is one."""
        # Only short texts are normalised, as that takes time.
        fits = len(id_or_name) <= ROOM_ID_LENGTH
        room = self._open.get(room_key(id_or_name)) if fits else None
        return room if room is not None else self._names.find(id_or_name)

    def require(self, id_or_name: str) -> Room:
        """Return a room as `find` does; raise `ChatError`, which names a near one, if none."""
        room = self.find(id_or_name)
        if room is None:
            near = nearest_room(id_or_name, self._open.values())
            suggestion = {} if near is None else {"suggestion": near.id, "name": near.name}
            raise ChatError(ErrorCode.NO_SUCH_ROOM, room=id_or_name, **suggestion)
        return room

    # -- changes

    def open(self, room: Room) -> None:
        """Add a room; one that was open before gets its place back."""
        is_new = not room.number
        if is_new:
            self._numbers += 1
            room.number = self._numbers
        self._open[room.key] = room
        self._names.add(room)
        if not is_new:
            self._open = dict(sorted(self._open.items(), key=lambda item: item[1].number))

    def start(self, start: StartRoom) -> bool:
        """Take the id of a new room; return False if a room of that id is changing now.

        Raises `ChatError` if the room exists, or is one too many.
        """
        if start.room in self.changing:
            return False
        owner, limit = start.owner, start.max_owned
        if owner is not None and limit and self._owned(owner) >= limit:
            raise ChatError(ErrorCode.TOO_MANY_OWN_ROOMS, limit=limit)
        if (known := self._open.get(start.room)) is not None:
            raise ChatError(ErrorCode.ROOM_EXISTS, room=known.id)
        if len(self._open) + len(self.changing) >= start.max_rooms:
            raise ChatError(ErrorCode.TOO_MANY_ROOMS, limit=start.max_rooms)
        room = Room(
            start.room_id,
            start.name,
            owner=start.owner,
            permanent=start.permanent,
            key=start.room,
            name_key=start.name_key,
        )
        self.changing[room.key] = ChangingRoom(RoomState.STARTING, room, start.node)
        return True

    def end(self, room: Room, node: str) -> None:
        """Take a room away, whose id stays taken until the store has removed it."""
        del self._open[room.key]
        self._names.remove(room)
        self.changing[room.key] = ChangingRoom(RoomState.ENDING, room, node)

    def settle(self, key: str, stored: bool, last_id: int = 0) -> Room | None:
        """Settle a room that was changing; return the room with that key if it is open now."""
        changing = self.changing.pop(key, None)
        if changing is None:
            return self._open.get(key)
        if SETTLED[changing.state, stored] is not RoomState.OPEN:
            return None
        if changing.state is RoomState.STARTING:
            changing.room.continue_after(last_id)
        self.open(changing.room)
        return changing.room

    def forget_owner(self, account: int) -> None:
        """Let the rooms of an account that was removed have no owner."""
        for room in self._all():
            if room.owner == account:
                room.owner = None

    def _owned(self, account: int) -> int:
        changing = self.changing.values()
        starting = [each.room for each in changing if each.state is RoomState.STARTING]
        return sum(room.owner == account for room in [*self._open.values(), *starting])

    def _all(self) -> list[Room]:
        return [*self._open.values(), *(changing.room for changing in self.changing.values())]
