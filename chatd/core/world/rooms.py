"""The rooms of the world: those that are open, and those that the store adds or removes now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key
from chatd.core.names import ROOM_ID_LENGTH
from chatd.core.roomnames import RoomNames
from chatd.core.rooms import Room, User
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
        # The keys of rooms that were private when they ended, and their owners.
        self._reserved: dict[str, int | None] = {}
        self._names = RoomNames()
        self._numbers = 0
        # The open rooms that are not in the list of every user.
        self._unlisted: dict[Room, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Room]:
        return iter(self._open.values())

    # -- reading

    def by_key(self, key: str) -> Room | None:
        """Return the open room with a key."""
        return self._open.get(key)

    def find(
        self, id_or_name: str, is_visible: Callable[[Room], bool] = lambda _: True
    ) -> Room | None:
        """Return the visible room with that id, or else the only one with that name."""
        return self.find_id(id_or_name, is_visible) or self._names.find(id_or_name, is_visible)

    def find_id(
        self, room_id: str, is_visible: Callable[[Room], bool] = lambda _: True
    ) -> Room | None:
        """Return the visible room with that id."""
        # Only short texts are normalised, as that takes time.
        room = self._open.get(room_key(room_id)) if len(room_id) <= ROOM_ID_LENGTH else None
        return room if room is not None and is_visible(room) else None

    @property
    def unlisted(self) -> Iterable[Room]:
        """The open rooms that are not in the list of every user."""
        return self._unlisted

    def is_reserved(self, key: str, owner: int | None) -> bool:
        """Tell whether a room of that key was a private one, which another account owned."""
        return key in self._reserved and (owner is None or self._reserved[key] != owner)

    # -- changes

    def open(self, room: Room) -> None:
        """Add a room; one that was open before gets its place back."""
        is_new = not room.number
        if is_new:
            self._numbers += 1
            room.number = self._numbers
        self._open[room.key] = room
        self._names.add(room)
        self.note_settings(room)
        if not is_new:
            self._open = dict(sorted(self._open.items(), key=lambda item: item[1].number))

    def reserve(self, key: str, owner: int | None) -> None:
        """Note that a room of that key, which is not open, was a private one."""
        self._reserved[key] = owner

    def start(self, start: StartRoom, user: User | None = None) -> bool:
        """Take the id of a new room; return False if a room of that id is changing now.

        `user` starts it, None for the administrator. Raises `ChatError` if the room exists, or is
        one too many.
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
            created=start.now,
            key=start.room,
            name_key=start.name_key,
        )
        room.starter = user if owner is None else None
        self.changing[room.key] = ChangingRoom(RoomState.STARTING, room, start.node)
        return True

    def note_settings(self, room: Room) -> None:
        """Note whether a room, whose settings may have changed, is unlisted."""
        if room.settings.unlisted:
            self._unlisted[room] = None
        else:
            self._unlisted.pop(room, None)

    def end(self, room: Room, node: str) -> None:
        """Take a room away, whose id stays taken until the store has removed it."""
        del self._open[room.key]
        self._names.remove(room)
        self._unlisted.pop(room, None)
        self.changing[room.key] = ChangingRoom(RoomState.ENDING, room, node)

    def settle(self, key: str, stored: bool, last_id: int = 0) -> Room | None:
        """Settle a room that was changing; return the room with that key if it is open now."""
        changing = self.changing.pop(key, None)
        if changing is None:
            return self._open.get(key)
        if SETTLED[changing.state, stored] is not RoomState.OPEN:
            if changing.state is RoomState.ENDING and changing.room.settings.is_private:
                self.reserve(key, changing.room.owner)
            return None
        if changing.state is RoomState.STARTING:
            changing.room.continue_after(last_id)
            self._reserved.pop(key, None)
        self.open(changing.room)
        return changing.room

    def continue_starter(self, former: User, user: User) -> None:
        """Let a guest who has come back as `user` be the one who has started rooms."""
        for room in self._all():
            if room.starter is former:
                room.starter = user

    def forget_account(self, account: int) -> None:
        """Let an account that was removed own no room, and have no role or restriction in any."""
        for room in self._all():
            if room.owner == account:
                room.owner = None
            room.roles.pop(account, None)
            room.bans = room.bans.removing_account(account)
            room.mutes = room.mutes.removing_account(account)
            room.note_restrictions()

    def _owned(self, account: int) -> int:
        changing = self.changing.values()
        starting = [each.room for each in changing if each.state is RoomState.STARTING]
        return sum(room.owner == account for room in [*self._open.values(), *starting])

    def _all(self) -> list[Room]:
        return [*self._open.values(), *(changing.room for changing in self.changing.values())]
