"""Settings, roles, bans, mutes and invitations of rooms: in the store first, then in the world.

So a change that a user reads of is in the store. If the operation is refused after all, because
something else has changed meanwhile, or the store fails, the store gets what the world has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock

from chatd.core.errors import ChatError, StoreUnavailableError
from chatd.core.ports import ILog
from chatd.core.records import AccessChanges, AccessKind, RoomAccess
from chatd.core.rooms import Origin, Room
from chatd.core.store import IStore
from chatd.core.world import access
from chatd.core.world.effects import InvitationChanged
from chatd.core.world.operations import Operation
from chatd.core.world.world import World

T = TypeVar("T")


@dataclass(slots=True)
class _Touched:
    """The names of settings that a change may have touched, and entries by their subjects."""

    settings: set[str] = field(default_factory=set)
    entries: dict[tuple[AccessKind, int | str], RoomAccess] = field(default_factory=dict)

    def add(self, other: _Touched) -> None:
        """Add what another change may have touched."""
        self.settings |= other.settings
        self.entries |= other.entries


class StoredAccess:
    """Changes rooms; a call raises `StoreUnavailableError` if the store cannot be reached."""

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store
        # By the keys of the rooms that are changed now: changes of a room are made one by one.
        self._locks: dict[str, DeferredLock] = {}
        # By those keys: in what the store may differ from the world, since it was unavailable.
        self._unrestored: dict[str, _Touched] = {}

    async def change_settings(
        self,
        room: Room,
        operation: Operation[T],
        changes: Mapping[str, Any],
        origin: Origin | None = None,
    ) -> T:
        """Set some fields of a room's settings, and submit the operation that does so."""

        async def write(touched: _Touched) -> None:
            touched.settings.update(changes)
            await self._store.set_room_settings(room.id, changes)

        return await self._change(room.key, write, operation, origin)

    async def change_access(
        self,
        room: Room,
        operation: Operation[T],
        changes: Callable[[], AccessChanges],
        origin: Origin | None = None,
    ) -> T:
        """Add and remove entries of a room's access list, and submit the operation that does so.

        `changes` returns them when it is their turn, or raises `ChatError` if they are refused.
        """

        async def write(touched: _Touched) -> None:
            added, removed = changes()
            touched.entries |= {entry.subject: entry for entry in (*removed, *added)}
            for entry in added:  # an entry replaces that of the same subject
                await self._store.add_room_access(room.id, entry)
            replaced = {entry.subject for entry in added}
            for entry in removed:
                if entry.subject not in replaced:
                    await self._store.remove_room_access(room.id, entry)

        return await self._change(room.key, write, operation, origin)

    def on_invitation(self, changed: InvitationChanged) -> None:
        """Let the store know that the invitation of an account was used, or has ended."""
        if changed.entry.account is not None:
            Deferred.fromCoroutine(self._store_invitation(changed))

    async def _store_invitation(self, changed: InvitationChanged) -> None:
        store = self._store
        write = store.remove_room_access if changed.is_over else store.add_room_access
        with suppress(StoreUnavailableError):  # it ends by itself
            await write(changed.room, changed.entry)

    async def purge(self, now: float) -> None:
        """Remove from the store what has ended, and restore what could not be restored before."""
        await self._store.remove_room_access_before(now)
        unrestored, self._unrestored = self._unrestored, {}
        for key, touched in unrestored.items():
            await self._one_by_one(key, partial(self._restore, key, touched))

    async def _change(
        self,
        key: str,
        write: Callable[[_Touched], Awaitable[None]],
        operation: Operation[T],
        origin: Origin | None,
    ) -> T:
        async def change() -> T:
            touched = _Touched()
            try:
                await write(touched)
                return await self._log.submit(operation, origin)
            except ChatError:
                await self._restore(key, touched)
                raise

        return await self._one_by_one(key, change)

    async def _restore(self, key: str, touched: _Touched) -> None:
        """Let the store have what the world has, now or, if it is unavailable, later."""
        # It may be another room, which was started since; one that has ended has no list.
        room = self._world.rooms.by_key(key)
        try:
            if room is not None:
                await self._write_current(room, touched)
        except StoreUnavailableError:
            self._unrestored.setdefault(key, _Touched()).add(touched)

    async def _write_current(self, room: Room, touched: _Touched) -> None:
        if touched.settings:
            current = {name: getattr(room.settings, name) for name in touched.settings}
            await self._store.set_room_settings(room.id, current)
        known = {entry.subject: entry for entry in access.entries(self._world, room)}
        for subject, entry in touched.entries.items():
            if subject in known:
                await self._store.add_room_access(room.id, known[subject])
            else:
                await self._store.remove_room_access(room.id, entry)

    async def _one_by_one(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do some work on the room with a key when all work on it before is done."""
        lock = self._locks.setdefault(key, DeferredLock())
        try:
            async with lock:
                return await work()
        finally:
            if not (lock.locked or lock.waiting):
                self._locks.pop(key, None)
