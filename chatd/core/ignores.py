"""The rules of `ignore`: which users a user does not want to read. As pure as `Chat`.

An account is ignored as an account, a guest as long as the session lasts, under whatever name. The
list of an account is in the store, but for the guests in it. Ignored users are told nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ignorelist import GuestNames, IgnoreList
from chatd.core.ports import Directory, IStore, Router
from chatd.core.records import AccountRef
from chatd.core.rooms import Origin, User, ensure_active

MAX_IGNORED: Final = 100
"""How many users a user may ignore."""


class Ignores:
    """The lists of all accounts, and of the users who are present."""

    def __init__(self, directory: Directory, router: Router, store: IStore) -> None:
        self._directory = directory
        self._router = router
        self._store = store
        # By the id of the account that ignores.
        self._stored: dict[int, dict[int, str]] = {}

    def load(self, ignores: Iterable[tuple[int, AccountRef]]) -> None:
        """Load the lists from the store: pairs of an account and one that it ignores."""
        for account, ignored in ignores:
            self._stored.setdefault(account, {})[ignored.id] = ignored.name

    def names(self, user: User) -> tuple[str, ...]:
        """Return the names of the users that `user` ignores."""
        return () if user.ignored is None else user.ignored.names

    async def add(self, origin: Origin, name: str) -> str:
        """Ignore a user who is present or has an account; return the name as it is spelled.

        Raises `ChatError` if there is none, or the list is full.
        """
        user = origin.user
        other = self._directory.find_user(name)
        if other is user:
            raise ChatError(ErrorCode.OWN_NAME)
        is_guest = other is not None and bool(other.name) and other.account is None
        if other is not None and is_guest:
            self._check_room_for_one(user)
            names = other.guest_names = other.guest_names or GuestNames(other.name)
            current = user.ignored or IgnoreList()
            if names not in current.guests:
                self._set(user, IgnoreList(current.accounts, (*current.guests, names)))
            return other.name
        account = self._directory.find_account(name)
        if account is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        if user.ignored is None or account.id not in user.ignored.accounts:
            self._check_room_for_one(user)
            if user.account is not None:
                await self._store.add_ignore(user.account, account.id)
                self._stored.setdefault(user.account, {})[account.id] = account.name
                ensure_active(origin)
            current = user.ignored or IgnoreList()
            accounts = {**current.accounts, account.id: account.name}
            self._set(user, IgnoreList(accounts, current.guests))
        return account.name

    async def remove(self, origin: Origin, name: str) -> str:
        """Ignore a user no more; return the name; raise `ChatError` if the user is not ignored."""
        user = origin.user
        current = user.ignored or IgnoreList()
        account = self._ignored_account(current, name)
        if account is not None:
            if user.account is not None:
                await self._store.remove_ignore(user.account, account.id)
                self._stored.get(user.account, {}).pop(account.id, None)
                ensure_active(origin)
            current = user.ignored or IgnoreList()
            accounts = {key: each for key, each in current.accounts.items() if key != account.id}
            self._set(user, IgnoreList(accounts, current.guests))
            return account.name
        other = self._directory.find_user(name)
        names = None if other is None else other.guest_names
        if names is None or names not in current.guests:
            raise ChatError(ErrorCode.NOT_IGNORED, name=name)
        guests = tuple(guest for guest in current.guests if guest is not names)
        self._set(user, IgnoreList(current.accounts, guests))
        return names.current

    def restore(self, user: User) -> None:
        """Give the user of an account, who has just come, the list of the account."""
        stored = self._stored.get(user.account or 0)
        self._set(user, IgnoreList(dict(stored or {})))

    def forget(self, account: int) -> None:
        """Forget the list of an account that was removed, and the account in all other lists."""
        self._stored.pop(account, None)
        for ignored in self._stored.values():
            ignored.pop(account, None)

    def _ignored_account(self, ignored: IgnoreList, name: str) -> AccountRef | None:
        account = self._directory.find_account(name)
        if account is not None and account.id in ignored.accounts:
            return account
        # An account that was removed since has its name in the list only.
        refs = (AccountRef(*each) for each in ignored.accounts.items())
        return next((ref for ref in refs if ref.name == name), None)

    def _set(self, user: User, ignored: IgnoreList) -> None:
        user.ignored = ignored if len(ignored) else None
        self._router.refresh(user)

    def _check_room_for_one(self, user: User) -> None:
        if user.ignored is not None and len(user.ignored) >= MAX_IGNORED:
            raise ChatError(ErrorCode.TOO_MANY_IGNORED, limit=MAX_IGNORED)
