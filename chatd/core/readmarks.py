"""How far accounts have read rooms, which all sessions of an account share.

The marks are in memory as soon as they are set, and in the store soon after.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.ports import ILog
from chatd.core.records import ReadMark
from chatd.core.rooms import Origin, Room, User
from chatd.core.store import IStore
from chatd.core.world import rights
from chatd.core.world.effects import RoomRead
from chatd.core.world.room_operations import MarkRead
from chatd.core.world.world import World

WRITE_SECONDS: Final = 1.0
"""How often marks are written to the store."""

MAX_MARKS: Final = 20_000
"""How many marks are in memory, those that were set or read last."""


class ReadMarks:
    """The marks of accounts in rooms. A room that is started again is another one, without marks.

    Each server has in memory the marks that are set on any server, and writes its own to the store.
    """

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store
        self._marks: dict[tuple[int, Room], int] = {}
        self._unwritten: dict[tuple[int, Room], None] = {}

    async def load(self, user: User, room_id: str) -> None:
        """Let the mark of a user in the room with that id or name be in memory.

        Does nothing for a guest, and if the store is unavailable.
        """
        account, room = user.account, rights.find_room(self._world, room_id, user)
        if account is None or room is None or (account, room) in self._marks:
            return
        with suppress(StoreUnavailableError):
            self._raise(account, room, await self._store.read_mark(account, room.id))

    def of(self, user: User, room: Room) -> int:
        """Return the id up to which a user has read a room, 0 if it is not known."""
        return 0 if user.account is None else self._marks.get((user.account, room), 0)

    async def mark(self, origin: Origin, room: Room, message_id: int) -> int:
        """Note that a user has read a room up to a message; return the id of the mark.

        The user's other sessions are told, unless the user has read further before. Raises
        `ChatError`.
        """
        account = origin.user.account
        if account is None:
            raise ChatError(ErrorCode.LOGIN_FIRST)
        message_id = min(message_id, room.last_id)
        if message_id > self.of(origin.user, room):
            await self._log.submit(MarkRead(origin.key, room.key, message_id), origin)
            self._unwritten[account, room] = None
        return self.of(origin.user, room)

    def on_read(self, read: RoomRead) -> None:
        """Note a mark that was set on any server."""
        self._raise(read.account, read.room, read.id)

    async def write(self) -> None:
        """Write the marks to the store that were set on this server since the last call.

        Raises `StoreUnavailableError`; the next call tries it again.
        """
        unwritten, self._unwritten = self._unwritten, {}
        marks = [
            ReadMark(account, room.id, self._marks[account, room])
            for account, room in unwritten
            if self._world.rooms.by_key(room.key) is room
        ]
        if not marks:
            return
        try:
            await self._store.raise_read_marks(marks)
        except BaseException:  # it may be cancelled, as the server stops
            self._unwritten |= {pair: None for pair in unwritten if pair in self._marks}
            raise

    def _raise(self, account: int, room: Room, message_id: int) -> None:
        """Set a mark unless it is higher already, and forget the oldest if there are too many."""
        pair = account, room
        self._marks[pair] = max(message_id, self._marks.pop(pair, 0))
        if len(self._marks) > MAX_MARKS:
            oldest = next(iter(self._marks))
            del self._marks[oldest]
            self._unwritten.pop(oldest, None)
