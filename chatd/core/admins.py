"""Administrators: the accounts that may use the commands of the console in any session."""

from __future__ import annotations

from collections.abc import Iterable

from chatd.core.ports import Directory, IStore
from chatd.core.records import AccountRef
from chatd.core.rooms import User


class Admins:
    """The accounts that are administrators, by their ids, which are never given again."""

    def __init__(self, store: IStore, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._ids: set[int] = set()

    def load(self, ids: Iterable[int]) -> None:
        """Take the administrators that the store has."""
        self._ids = set(ids)

    async def set(self, account: AccountRef, is_admin: bool) -> None:
        """Make an account an administrator, or let it be none; raise `StoreUnavailableError`."""
        await self._store.set_admin(account.name, is_admin)
        if is_admin:
            self._ids.add(account.id)
        else:
            self._ids.discard(account.id)

    def includes(self, user: User) -> bool:
        """Tell whether a user is logged in to the account of an administrator."""
        return user.account in self._ids

    def find(self, name: str) -> AccountRef | None:
        """Return the account `name` if that is an administrator."""
        account = self._directory.find_account(name)
        return account if account is not None and account.id in self._ids else None
