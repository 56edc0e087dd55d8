"""The rules of `ignore`: which users a user does not want to read.

An account is ignored as an account, a guest as long as the session lasts, under whatever name. The
list of an account is in the store, but for the guests in it. Ignored users are told nothing.
"""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ignorelist import IgnoreList
from chatd.core.names import typed_name
from chatd.core.ports import ILog
from chatd.core.records import AccountRef
from chatd.core.rooms import Origin, User
from chatd.core.store import IStore
from chatd.core.world.operations import SetIgnored
from chatd.core.world.users_rules import check_ignores_fewer
from chatd.core.world.world import World


class Ignores:
    """Changes the lists of the users who are present, and those of accounts in the store."""

    def __init__(self, world: World, log: ILog, store: IStore) -> None:
        self._world = world
        self._log = log
        self._store = store

    def names(self, user: User) -> tuple[str, ...]:
        """Return the names of the users that `user` ignores."""
        return () if user.ignored is None else user.ignored.names

    async def add(self, origin: Origin, name: str) -> str:
        """Ignore a user who is present or has an account; return the name as it is spelled.

        Raises `ChatError` if there is none, or the list is full.
        """
        user = origin.user
        other = self._world.find_user(name)
        if other is user:
            raise ChatError(ErrorCode.OWN_NAME)
        if other is not None and other.account is None:
            return await self._set(origin, name, None, True)
        account = self._world.find_account(name)
        if account is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        if user.ignored is None or account.id not in user.ignored.accounts:
            check_ignores_fewer(user)
            if user.account is not None:
                await self._store.add_ignore(user.account, account.id)
            await self._set(origin, name, account, True)
        return account.name

    async def remove(self, origin: Origin, name: str) -> str:
        """Ignore a user no more; return the name; raise `ChatError` if the user is not ignored."""
        user = origin.user
        account = self._ignored_account(user.ignored or IgnoreList(), name)
        if account is not None and user.account is not None:
            await self._store.remove_ignore(user.account, account.id)
        return await self._set(origin, name, account, False)

    async def _set(
        self, origin: Origin, name: str, account: AccountRef | None, ignored: bool
    ) -> str:
        wanted = SetIgnored(origin.key, origin.address, typed_name(name), account, ignored)
        return await self._log.submit(wanted, origin)

    def _ignored_account(self, ignored: IgnoreList, name: str) -> AccountRef | None:
        account = self._world.find_account(name)
        if account is not None and account.id in ignored.accounts:
            return account
        # An account that was removed since has its name in the list only.
        refs = (AccountRef(*each) for each in ignored.accounts.items())
        return next((ref for ref in refs if ref.name == name), None)
