"""Bans in the store and in the world: a ban has an effect once the store has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import DeferredLock

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ports import ILog
from chatd.core.records import Ban
from chatd.core.store import IStore
from chatd.core.world.operations import AddBan, RemoveBan
from chatd.core.world.world import World


class StoredBans:
    """Adds and removes bans; a call raises `StoreUnavailableError` if the store fails."""

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store
        # The store gets the changes in the order of the calls.
        self._lock = DeferredLock()

    async def add(
        self, ban: Ban, ends: float | None, now: float, count_unnamed: Callable[[], int]
    ) -> tuple[Ban, int]:
        """Add a ban, or replace the one on the same subject, whose spelling stays.

        It ends at `ends` by the clock of the log. Returns the ban, and how many sessions it has
        ended; `count_unnamed` counts those without a name, of which the world does not know.
        """
        keys = self._world.ban_keys(ban)
        async with self._lock:
            former = self._world.bans.find(ban, keys)
            if former is not None:
                ban = replace(ban, subject=former.subject)
                keys = self._world.ban_keys(ban)
            await self._store.add_ban(ban)
            unnamed = count_unnamed()
            return ban, unnamed + await self._log.submit(AddBan(ban, keys, ends, now))

    async def remove(self, ban: Ban) -> Ban:
        """Remove the ban on the subject of `ban`; return it, or raise `ChatError`."""
        bans = self._world.bans
        async with self._lock:
            found = bans.find(ban, self._world.ban_keys(ban))
            if found is None or bans.has_expired(found, self._log.seconds()):
                raise ChatError(ErrorCode.NOT_BANNED, subject=ban.subject)
            await self._remove(found)
            return found

    async def purge(self) -> None:
        """Remove the bans that have expired."""
        bans = self._world.bans
        for ban in bans.expired(self._log.seconds()):
            async with self._lock:
                if bans.find(ban, self._world.ban_keys(ban)) is ban:  # it was not renewed meanwhile
                    await self._remove(ban)

    async def _remove(self, ban: Ban) -> None:
        await self._store.remove_ban(ban)
        await self._log.submit(RemoveBan(ban, self._world.ban_keys(ban)))
