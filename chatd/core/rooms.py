"""Who and what there is: chatters, rooms, and the registry of both, in memory.

A `Chatter` is a person, not a connection; he has a name from his first join on. Nothing here
checks a right or tells anybody anything: that is chat.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from zope.interface import implementer

from chatd.core import names
from chatd.core.errors import name_in_use, room_exists, too_many_rooms
from chatd.core.events import Address
from chatd.interfaces import IRegistry


class Chatter:
    """A person who chats: his name ("" before his first join), where he comes from, his rooms.

    `rooms` is in the order of joining; `current` is the room that his messages go to.
    """

    __slots__ = ("address", "current", "name", "rooms")

    def __init__(self, address: Address | None) -> None:
        self.name = ""
        self.address = address
        self.rooms: dict[str, Room] = {}
        self.current: Room | None = None

    def is_in(self, room: Room) -> bool:
        """Tell whether he is in `room`."""
        return room.key in self.rooms


class Room:
    """A room: its id and name as it was started, its members in the order they came.

    `count` is the number of messages said in it so far, which is the id of the last one.
    """

    __slots__ = ("count", "id", "key", "members", "name")

    def __init__(self, room_id: str, name: str, count: int = 0) -> None:
        self.id = room_id
        self.key = names.room_key(room_id)
        self.name = name
        self.count = count
        self.members: dict[Chatter, None] = {}

    def add(self, who: Chatter) -> None:
        """Take `who` in; it becomes his current room."""
        self.members[who] = None
        who.rooms[self.key] = who.current = self

    def remove(self, who: Chatter) -> None:
        """Let `who` go; of his other rooms the one he joined last becomes current."""
        del self.members[who]
        del who.rooms[self.key]
        if who.current is self:
            who.current = next(reversed(who.rooms.values()), None)


@implementer(IRegistry)
class MemoryRegistry:
    """Claims of names and rooms on one machine, kept as long as it runs.

    `max_rooms`: how many rooms there may be.
    """

    def __init__(self, max_rooms: int = 1000) -> None:
        self._max_rooms = max_rooms
        self._rooms: dict[str, Room] = {}
        self._ended_at: dict[str, int] = {}
        self._by_folded: dict[str, Chatter] = {}
        self._by_skeleton: dict[str, Chatter] = {}

    # -- names

    async def claim_name(self, who: Chatter, name: str) -> str:
        """Keep `name` for `who`, who may have another; return its spelling, or raise `ChatError`."""
        name = names.chatter_name(name)
        keys = names.name_keys(name)
        for holder in (self._by_folded.get(keys.folded), self._by_skeleton.get(keys.skeleton)):
            if holder not in (None, who):
                raise name_in_use(holder.name)
        self._by_folded[keys.folded] = self._by_skeleton[keys.skeleton] = who
        return name

    def release_name(self, name: str) -> None:
        """Let go of a name that was claimed."""
        keys = names.name_keys(name)
        del self._by_folded[keys.folded], self._by_skeleton[keys.skeleton]

    def find(self, name: str) -> Chatter | None:
        """Return who has `name`, or one that is the same."""
        if not 1 <= len(name) <= names.NAME_LENGTH:
            return None
        keys = names.name_keys(name)
        return self._by_folded.get(keys.folded) or self._by_skeleton.get(keys.skeleton)

    # -- rooms

    async def start_room(self, room_id: str, name: str) -> Room:
        """Make a room; raise `ChatError` if id or name are not allowed, if it exists, or if there is no place."""
        room_id = names.room_id(room_id)
        name = names.room_name(name)
        key = names.room_key(room_id)
        if key in self._rooms:
            raise room_exists(self._rooms[key].id)
        if len(self._rooms) >= self._max_rooms:
            raise too_many_rooms(self._max_rooms)
        room = Room(room_id, name, self._ended_at.pop(key, 0))
        self._rooms[key] = room
        return room

    async def end_room(self, room: Room) -> None:
        """Remove `room`; if one is started again under its id, its count goes on."""
        del self._rooms[room.key]
        self._ended_at[room.key] = room.count

    def room(self, room_id: str) -> Room | None:
        """Return the room with that id, if there is one."""
        return self._rooms.get(names.room_key(room_id))

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""
        return self._rooms.values()
