"""Administrators: the accounts that may use the commands of the console in any session."""

from __future__ import annotations

from chatd.core.ports import ILog
from chatd.core.records import AccountRef
from chatd.core.rooms import User
from chatd.core.store import IStore
from chatd.core.world.account_operations import SetAdmin
from chatd.core.world.world import World


class Admins:
    """The accounts that are administrators, in the world and in the store."""

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store

    async def set(self, account: AccountRef, is_admin: bool) -> None:
        """Make an account an administrator, or let it be none; raise `StoreUnavailableError`."""
        await self._store.set_admin(account.name, is_admin)
        await self._log.submit(SetAdmin(account.id, is_admin))

    def includes(self, user: User) -> bool:
        """Tell whether a user is logged in to the account of an administrator."""
        return self._world.accounts.is_admin(user.account)

    def find(self, name: str) -> AccountRef | None:
        """Return the account `name` if that is an administrator."""
        account = self._world.find_account(name)
        is_admin = account is not None and self._world.accounts.is_admin(account.id)
        return account if is_admin else None
