"""Settings, roles, bans, mutes and invitations of rooms: in the store first, then in the world.

So a change that a user reads of is in the store. If the operation is refused after all, because
something else has changed meanwhile, or the store fails, the store gets what the world has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
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


class StoredAccess:
    """Changes rooms; a call raises `StoreUnavailableError` if the store cannot be reached."""

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store
        # By the keys of the rooms that are changed now: changes of a room are made one by one.
        self._locks: dict[str, DeferredLock] = {}

    async def change_settings(
        self,
        room: Room,
        operation: Operation[T],
        changes: Mapping[str, Any],
        origin: Origin | None = None,
    ) -> T:
        """Set some fields of a room's settings, and submit the operation that does so."""

        async def write() -> None:
            await self._store.set_room_settings(room.id, changes)

        async def restore() -> None:
            current = self._world.rooms.by_key(room.key)
            if current is not None:  # it may be another room, which was started since
                former = {field: getattr(current.settings, field) for field in changes}
                await self._store.set_room_settings(current.id, former)

        return await self._change(room, write, restore, operation, origin)

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
        changed: dict[tuple[AccessKind, int | str], RoomAccess] = {}

        async def write() -> None:
            added, removed = changes()
            changed.update((entry.subject, entry) for entry in (*removed, *added))
            for entry in added:  # an entry replaces that of the same subject
                await self._store.add_room_access(room.id, entry)
            replaced = {entry.subject for entry in added}
            for entry in removed:
                if entry.subject not in replaced:
                    await self._store.remove_room_access(room.id, entry)

        async def restore() -> None:
            current = self._world.rooms.by_key(room.key)
            entries = [] if current is None else access.entries(self._world, current)
            known = {entry.subject: entry for entry in entries}
            for subject, entry in changed.items():
                if subject in known:
                    await self._store.add_room_access(room.id, known[subject])
                else:
                    await self._store.remove_room_access(room.id, entry)

        return await self._change(room, write, restore, operation, origin)

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
        """Remove from the store what has ended."""
        await self._store.remove_room_access_before(now)

    async def _change(
        self,
        room: Room,
        write: Callable[[], Awaitable[None]],
        restore: Callable[[], Awaitable[None]],
        operation: Operation[T],
        origin: Origin | None,
    ) -> T:
        lock = self._locks.setdefault(room.key, DeferredLock())
        try:
            async with lock:
                try:
                    await write()
                    return await self._log.submit(operation, origin)
                except ChatError:
                    with suppress(StoreUnavailableError):
                        await restore()
                    raise
        finally:
            if not (lock.locked or lock.waiting):
                self._locks.pop(room.key, None)
