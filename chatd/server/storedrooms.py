"""Rooms in the world and in the store: a room is created and ended in both.

The id of a room is taken while the store adds or removes it: another call that creates a room of
that id waits for the result.
"""

from __future__ import annotations

from contextlib import suppress

from chatd.core import names
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key, room_name_key
from chatd.core.ports import ILog
from chatd.core.records import RoomRecord
from chatd.core.rooms import Origin, Room
from chatd.core.store import IStore
from chatd.core.world.effects import RoomSettled
from chatd.core.world.operations import By, EndRoom, SettleRoom, StartRoom
from chatd.waiters import Waiters


class StoredRooms:
    """Creates and ends rooms. There may be `max_rooms`, of which an account owns `max_owned`.

    A call raises `StoreUnavailableError` if the store cannot be reached; nothing has changed then.
    """

    def __init__(self, log: ILog, store: IStore, max_rooms: int, max_owned: int) -> None:
        self._log = log
        self._store = store
        self._max_rooms = max_rooms
        self._max_owned = max_owned
        # By the key of a room that is changing: the calls that wait for the result.
        self._waiting: dict[str, Waiters[None]] = {}

    async def start(self, room_id: str, name: str, now: float, origin: Origin | None) -> Room:
        """Create a room for the user of `origin`, or a permanent one for the administrator.

        Raises `ChatError` if its id or name is not allowed, if it exists, or if it is one too many.
        """
        room_id, name = names.room_id(room_id), names.room_name(name)
        owner = None if origin is None else origin.user.account
        permanent = origin is None
        start = StartRoom(
            self._log.node,
            room_key(room_id),
            room_id,
            name,
            room_name_key(name),
            owner,
            permanent,
            self._max_rooms,
            self._max_owned,
            now,
            None if origin is None else origin.key,
            None if origin is None else origin.address,
        )
        while not await self._log.submit(start, origin):
            await self._waiting.setdefault(start.room, Waiters()).wait()
        try:
            last_id = await self._store.add_room(
                RoomRecord(room_id, name, owner=owner, permanent=permanent, created=now)
            )
        except Exception as error:
            await self._fail(start.room, error)
            raise
        room = await self._log.submit(SettleRoom(start.room, True, last_id))
        if room is None:
            raise ChatError(ErrorCode.UNAVAILABLE)  # this server was taken for dead meanwhile
        return room

    async def end(
        self, room: Room, now: float, *, only_unneeded: bool = False, by: By | None = None
    ) -> bool:
        """End `room`; its message ids continue if a room of its id is created again.

        With `only_unneeded`, do nothing if it is not to end by itself; return whether it has ended.
        """
        end = EndRoom(self._log.node, room.key, room.id, only_unneeded, now, by)
        if not await self._log.submit(end):
            return False
        try:
            await self._store.remove_room(room.id, room.last_id)
        except Exception as error:
            await self._fail(room.key, error)
            raise
        await self._log.submit(SettleRoom(room.key, True))
        return True

    def on_settled(self, settled: RoomSettled) -> None:
        """Let the calls go on that wait for a room."""
        waiting = self._waiting.pop(settled.room, None)
        if waiting is not None:
            waiting.fire(None)

    async def _fail(self, key: str, error: Exception) -> None:
        """Let the room be open, or absent, as before; calls that wait for it fail, too."""
        waiting = self._waiting.pop(key, Waiters())
        with suppress(ChatError):  # the server stops
            await self._log.submit(SettleRoom(key, False))
        waiting.fail(error)
