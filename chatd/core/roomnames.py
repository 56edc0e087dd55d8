"""The names of rooms: a room is found by its name where no other room has that name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from chatd.core.lookalikes import room_name_key
from chatd.core.names import ROOM_NAME_LENGTH
from chatd.core.rooms import Room
from chatd.core.suggest import nearest

MAX_COMPARED: Final = 1000
"""With how many rooms a text is compared that is the id or the name of none."""


class RoomNames:
    """Rooms by their names, compared without case, in the form NFKC, and with any white space."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[Room, None]] = {}

    def add(self, room: Room) -> None:
        """Add a room."""
        self._rooms.setdefault(room.name_key, {})[room] = None

    def remove(self, room: Room) -> None:
        """Remove a room."""
        rooms = self._rooms[room.name_key]
        del rooms[room]
        if not rooms:
            del self._rooms[room.name_key]

    def find(self, name: str, is_visible: Callable[[Room], bool] = lambda _: True) -> Room | None:
        """Return the visible room with that name, if it is the only one."""
        if len(name) > ROOM_NAME_LENGTH:
            return None
        rooms = [room for room in self._rooms.get(room_name_key(name), ()) if is_visible(room)]
        return rooms[0] if len(rooms) == 1 else None


def find_named(name: str, rooms: Iterable[Room]) -> Room | None:
    """Return the only one of `rooms` with that name, None if there are more or none."""
    if len(name) > ROOM_NAME_LENGTH:
        return None
    key = room_name_key(name)
    found = [room for room in rooms if room.name_key == key]
    return found[0] if len(found) == 1 else None


def nearest_room(text: str, rooms: Iterable[Room]) -> Room | None:
    """Return the room whose id or name is nearest to `text`, if one is near.

    A text may be compared with every room again and again, so there is a limit.
    """
    if len(text) > ROOM_NAME_LENGTH:
        return None
    compared = list(islice(rooms, MAX_COMPARED))
    words: dict[str, Room] = {}
    for room in compared:
        words.setdefault(room.id, room)
        words.setdefault(room.name, room)
    near = nearest(text, words)
    return words[near] if near is not None else None
