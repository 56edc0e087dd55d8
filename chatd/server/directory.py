"""The directory: which names, rooms and accounts there are, and which bans.

All of it is in memory; what is to last is in the store as well. While the store adds or removes a
room, its id is taken: another call that creates a room of that id waits for the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime

from chatd.core import names
from chatd.core.bans import BanList
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.lookalikes import room_key
from chatd.core.names import NameIndex
from chatd.core.ports import IStore
from chatd.core.records import AccountRef, Ban, RoomRecord, Snapshot
from chatd.core.roomnames import RoomNames, nearest_room
from chatd.core.rooms import Room, User
from chatd.server.heldnames import HeldNames
from chatd.waiters import Waiters


class Directory:
    """Names, rooms, accounts and bans. There may be `max_rooms` rooms.

    By `clock` bans end, and names are held: a ban for ten minutes lasts ten minutes, whatever the
    wall clock is set to. Bans from the store last as long as the wall clock says at the start.

    A call that changes what is to last raises `StoreUnavailableError` if the store cannot be
    reached; nothing has changed then.
    """

    def __init__(self, store: IStore, clock: IReactorTime, max_rooms: int = 1000) -> None:
        self._store = store
        self._seconds: Callable[[], float] = clock.seconds
        self._max_rooms = max_rooms
        self._rooms: dict[str, Room] = {}
        self._room_names = RoomNames()
        # For each room that the store adds or removes now: the calls that wait for the result.
        self._changes: dict[str, Waiters[None]] = {}
        self._names: NameIndex[User] = NameIndex()
        self._held = HeldNames(clock, self.end_hold)
        self._accounts: NameIndex[AccountRef] = NameIndex()
        self._bans = BanList()
        # The store gets the changes of bans in the order of the calls.
        self._ban_lock = DeferredLock()

    def load(self, snapshot: Snapshot, now: float) -> None:
        """Load what the store holds; `now` is the wall time."""
        for record in snapshot.rooms:
            room = Room(
                record.id,
                record.name,
                record.last_id,
                record.last_time,
                record.owner,
                record.permanent,
                record.used,
            )
            self._rooms[room.key] = room
            self._room_names.add(room)
        for account in snapshot.accounts:
            self._accounts.add(account.name, account)
        for ban in snapshot.bans:
            self._bans.add(ban, self._end_of(ban, now))

    # -- names

    async def reserve_name(self, user: User, name: str) -> str:
        """Reserve `name` for a guest, who keeps the name they have; return its spelling.

        Raises `ChatError` if the name is not allowed, in use, or that of an account.
        """
        name = names.user_name(name)
        self._check_free(user, name)
        for owner in self._accounts.find_all(name):
            raise ChatError(ErrorCode.NAME_NEEDS_LOGIN, name=owner.name)
        self._names.add(name, user)
        return name

    def assign_name(self, user: User, name: str) -> None:
        """Give `user` a name that is reserved for them, "" for none, and release the former one."""
        former, user.name = user.name, name
        self.release_name(user, former)

    def release_name(self, user: User, name: str) -> None:
        """Release a name that is reserved for `user`, but not the one that they have or is held."""
        if name:
            self._names.remove(name, user)
        kept = user.name or self._held.find(user)
        if kept:
            self._names.add(kept, user)

    def hold_name(self, user: User) -> None:
        """Take the name from a user who has lost the connection; nobody gets it for a while."""
        name, user.name = user.name, ""
        if not self._held.add(user, name):
            self.release_name(user, name)

    def end_hold(self, user: User) -> None:
        """Release the name that is held for a user, if one is."""
        self.release_name(user, self._held.remove(user))

    def assume(self, user: User, account: AccountRef) -> None:
        """Make `user` the user of an account, under its name; raise `ChatError` if it is in use."""
        self._check_free(user, account.name)
        self._names.add(account.name, user)
        self.assign_name(user, account.name)
        user.account = account.id

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, or one that counts as the same, or who reserves it."""
        return self._names.find(name)

    def _check_free(self, user: User, name: str) -> None:
        for holder in self._names.find_all(name):
            if holder is not user:
                raise ChatError(ErrorCode.NAME_IN_USE, name=holder.name or name)

    # -- accounts

    def find_account(self, name: str) -> AccountRef | None:
        """Return the account with `name`, or with one that counts as the same."""
        return self._accounts.find(name)

    def is_former(self, name: str, account: int | None) -> bool:
        """Tell whether a name belongs to another account than `account` (None: a guest)."""
        owners = self._accounts.find_all(name)
        return bool(owners) and all(owner.id != account for owner in owners)

    def add_account(self, account: AccountRef) -> None:
        """Add an account: its name is for its user alone."""
        self._accounts.add(account.name, account)

    def remove_account(self, account: AccountRef) -> None:
        """Remove an account; its rooms have no owner any more."""
        self._accounts.remove(account.name, account)
        for room in self._rooms.values():
            if room.owner == account.id:
                room.owner = None

    # -- rooms

    async def start_room(
        self, room_id: str, name: str, owner: int | None = None, permanent: bool = False
    ) -> Room:
        """Create a room.

        Raises `ChatError` if its id or name is not allowed, if it exists, or if it is one too many.
        """
        room_id = names.room_id(room_id)
        name = names.room_name(name)
        key = room_key(room_id)
        while key in self._changes:  # the store is adding or removing a room of this id
            await self._changes[key].wait()
        if key in self._rooms:
            raise ChatError(ErrorCode.ROOM_EXISTS, room=self._rooms[key].id)
        if len(self._rooms) + len(self._changes) >= self._max_rooms:
            raise ChatError(ErrorCode.TOO_MANY_ROOMS, limit=self._max_rooms)
        with self._lock_room(key):
            record = RoomRecord(room_id, name, owner=owner, permanent=permanent)
            last_id = await self._store.add_room(record)
            room = self._rooms[key] = Room(room_id, name, last_id, owner=owner, permanent=permanent)
            self._room_names.add(room)
        return room

    async def end_room(self, room: Room) -> None:
        """Remove `room`; its message ids continue if a room of its id is created again."""
        order = list(self._rooms)
        del self._rooms[room.key]
        self._room_names.remove(room)
        with self._lock_room(room.key):
            try:
                await self._store.remove_room(room.id, room.last_id)
            except Exception:
                self._restore(room, order)
                raise

    def room(self, id_or_name: str) -> Room | None:
        """Return the room with that id, or else the only one with that name, if there is one."""
        # Only short texts are normalised, as that takes time.
        fits = len(id_or_name) <= names.ROOM_ID_LENGTH
        room = self._rooms.get(room_key(id_or_name)) if fits else None
        return room if room is not None else self._room_names.find(id_or_name)

    def require_room(self, id_or_name: str) -> Room:
        """Return a room as `room` does; raise `ChatError`, which names a near one, if none."""
        room = self.room(id_or_name)
        if room is None:
            near = nearest_room(id_or_name, self._rooms.values())
            suggestion = {} if near is None else {"suggestion": near.id, "name": near.name}
            raise ChatError(ErrorCode.NO_SUCH_ROOM, room=id_or_name, **suggestion)
        return room

    def counts(self) -> tuple[int, int]:
        """Return the number of rooms, and of names in use by users."""
        return len(self._rooms), len(self._names)

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation."""
        return self._rooms.values()

    @contextmanager
    def _lock_room(self, key: str) -> Iterator[None]:
        """Let other calls for the same room wait; if the block fails, they fail with its error."""
        waiters = self._changes[key] = Waiters()
        try:
            yield
        except Exception as error:
            del self._changes[key]
            waiters.fail(error)
            raise
        del self._changes[key]
        waiters.fire(None)

    def _restore(self, room: Room, order: Sequence[str]) -> None:
        """Put a room that could not be removed back in its place in `order`."""
        self._room_names.add(room)
        rooms = {**self._rooms, room.key: room}
        known = [key for key in order if key in rooms]
        self._rooms = {key: rooms[key] for key in dict.fromkeys([*known, *rooms])}

    # -- bans

    async def add_ban(self, ban: Ban, now: float) -> None:
        """Add a ban, or replace the one on the same subject; `now` is the wall time."""
        ends = self._end_of(ban, now)
        async with self._ban_lock:
            former = self._bans.find(ban)
            if former is not None:
                ban = replace(ban, subject=former.subject)
            await self._store.add_ban(ban)
            self._bans.add(ban, ends)

    async def remove_ban(self, ban: Ban) -> Ban:
        """Remove the ban on the subject of `ban`; return it, or raise `ChatError`."""
        async with self._ban_lock:
            found = self._bans.find(ban)
            if found is None or self._bans.has_expired(found, self._seconds()):
                raise ChatError(ErrorCode.NOT_BANNED, subject=ban.subject)
            await self._remove_ban(found)
            return found

    def bans(self) -> Sequence[Ban]:
        """Return all active bans."""
        return self._bans.all(self._seconds())

    async def purge_bans(self) -> None:
        """Remove the bans that have expired."""
        for ban in self._bans.expired(self._seconds()):
            async with self._ban_lock:
                if self._bans.find(ban) is ban:  # it was not renewed in the meantime
                    await self._remove_ban(ban)

    async def _remove_ban(self, ban: Ban) -> None:
        await self._store.remove_ban(ban)
        self._bans.remove(ban)

    def name_ban(self, name: str) -> Ban | None:
        """Return the active ban on `name`, or on one that counts as the same."""
        return self._bans.name_ban(name, self._seconds())

    def address_ban(self, address: Address | None) -> Ban | None:
        """Return an active ban on an address, or on a network that has it."""
        return self._bans.address_ban(address, self._seconds())

    def _end_of(self, ban: Ban, now: float) -> float | None:
        """Return when a ban ends by the clock `seconds`; `now` is the wall time."""
        return None if ban.until is None else self._seconds() + ban.until - now
