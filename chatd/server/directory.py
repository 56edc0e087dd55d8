"""The registry of one machine: who has which name, which rooms and accounts there are, who is banned.

All of it is in memory, and what is to last is in the store as well. While the store starts or ends a
room, its id is taken: whoever wants to start it waits until it is known what came of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from twisted.internet.defer import Deferred, DeferredLock
from zope.interface import implementer

from chatd.core import names
from chatd.core.bans import BanList, is_over
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.names import NameIndex
from chatd.core.ports import IRegistry, IStore
from chatd.core.records import Ban, Snapshot
from chatd.core.rooms import Room, User


@implementer(IRegistry)
class Directory:
    """Claims of names, rooms and accounts on one machine.

    `max_rooms`: how many rooms there may be.
    """

    def __init__(self, store: IStore, max_rooms: int = 1000) -> None:
        self._store = store
        self._max_rooms = max_rooms
        self._rooms: dict[str, Room] = {}
        self._changing: dict[str, list[Deferred[None]]] = {}
        self._names: NameIndex[User] = NameIndex()
        self._accounts: NameIndex[str] = NameIndex()
        self._bans = BanList()
        # What is done with bans is done in the store in the same order.
        self._changing_bans = DeferredLock()

    def load(self, contents: Snapshot) -> None:
        """Take in what the store holds."""
        for record in contents.rooms:
            room = Room(record.id, record.name, record.last_id)
            self._rooms[room.key] = room
        for _, name in contents.accounts:
            self._accounts.add(name, name)
        for ban in contents.bans:
            self._bans.add(ban)

    # -- names

    async def reserve_name(self, user: User, name: str, account: str | None = None) -> str:
        """Keep `name` for `who`, who may have another; return its spelling, or raise `ChatError`."""
        name = names.user_name(name)
        for holder in self._names.find_all(name):
            if holder is not user:
                raise ChatError(ErrorCode.NAME_IN_USE, name=holder.name or name)
        for owner in self._accounts.find_all(name):
            if owner != account:
                raise ChatError(ErrorCode.NAME_NEEDS_LOGIN, name=owner)
        self._names.add(name, user)
        return name

    def assign_name(self, user: User, name: str) -> None:
        """Let `who` have a name he claimed, "" for none, and let go of the one he had."""
        old, user.name = user.name, name
        self.release_name(user, old)

    def release_name(self, user: User, name: str) -> None:
        """Let go of a name that `who` claimed, but not of the one he has."""
        if name:
            self._names.remove(name)
        if user.name:
            self._names.add(user.name, user)

    def find(self, name: str) -> User | None:
        """Return who has `name`, or one that is the same."""
        return self._names.find(name)

    # -- accounts

    def find_account(self, name: str) -> str | None:
        """Return the account whose name is `name`, or one that is the same."""
        return self._accounts.find(name)

    def add_account(self, name: str) -> None:
        """Take note of an account; its name is for who is logged in to it."""
        self._accounts.add(name, name)

    def remove_account(self, name: str) -> None:
        """Take note that an account is no more."""
        self._accounts.remove(name)

    # -- rooms

    async def start_room(self, room_id: str, name: str) -> Room:
        """Make a room; raise `ChatError` if id or name are not allowed, if it exists, or if there is no place."""
        room_id = names.room_id(room_id)
        name = names.room_name(name)
        key = names.room_key(room_id)
        while key in self._changing:
            await self._change_of(key)
        if key in self._rooms:
            raise ChatError(ErrorCode.ROOM_EXISTS, room=self._rooms[key].id)
        if len(self._rooms) + len(self._changing) >= self._max_rooms:
            raise ChatError(ErrorCode.TOO_MANY_ROOMS, limit=self._max_rooms)
        with self._change(key):
            count = await self._store.add_room(room_id, name)
            room = self._rooms[key] = Room(room_id, name, count)
        return room

    async def end_room(self, room: Room) -> None:
        """Remove `room`; if one is started again under its id, its count goes on."""
        before = list(self._rooms)
        del self._rooms[room.key]
        with self._change(room.key):
            try:
                await self._store.remove_room(room.id, room.count)
            except Exception:
                self._restore(room, before)
                raise

    def room(self, room_id: str) -> Room | None:
        """Return the room with that id, if there is one."""
        return self._rooms.get(names.room_key(room_id))

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""
        return self._rooms.values()

    async def _change_of(self, key: str) -> None:
        """Return when a room was started or ended; raise what became of it if it could not be."""
        waiting: Deferred[None] = Deferred()
        self._changing[key].append(waiting)
        await waiting

    @contextmanager
    def _change(self, key: str) -> Iterator[None]:
        """Let those wait who want the same room; they fail as this does."""
        waiting = self._changing[key] = []
        try:
            yield
        except Exception as error:
            del self._changing[key]
            for one in waiting:
                one.errback(error)
            raise
        del self._changing[key]
        for one in waiting:
            one.callback(None)

    def _restore(self, room: Room, order: Sequence[str]) -> None:
        """Put a room that could not be removed back in its place."""
        rooms = {**self._rooms, room.key: room}
        known = [key for key in order if key in rooms]
        self._rooms = {key: rooms[key] for key in dict.fromkeys([*known, *rooms])}

    # -- bans

    async def add_ban(self, ban: Ban) -> None:
        """Ban somebody, or change until when."""
        async with self._changing_bans:
            before = self._bans.find(ban)
            if before is not None:
                ban = Ban(before.kind, before.subject, ban.until)
            await self._store.add_ban(ban)
            self._bans.add(ban)

    async def remove_ban(self, ban: Ban, now: float) -> Ban:
        """Lift the ban on the subject of `ban`; return it, or raise `ChatError` if there is none."""
        async with self._changing_bans:
            found = self._bans.find(ban)
            if found is None or is_over(found, now):
                raise ChatError(ErrorCode.NOT_BANNED, subject=ban.subject)
            await self._remove_ban(found)
            return found

    def bans(self, now: float) -> Sequence[Ban]:
        """Return all bans that hold."""
        return self._bans.all(now)

    async def purge_bans(self, now: float) -> None:
        """Remove the bans that are over."""
        for ban in self._bans.over(now):
            async with self._changing_bans:
                if self._bans.find(ban) is ban:  # it was not renewed meanwhile
                    await self._remove_ban(ban)

    async def _remove_ban(self, ban: Ban) -> None:
        await self._store.remove_ban(ban)
        self._bans.remove(ban)

    def is_name_banned(self, name: str, now: float) -> bool:
        """Tell whether nobody may be here under a name."""
        return self._bans.is_name_banned(name, now)

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether nobody may come from an address."""
        return self._bans.is_address_banned(address, now)
