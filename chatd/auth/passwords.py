"""Whose password is what: found right, added, set, replaced.

Between the store, which keeps hashes, and the hashing. Knows no address and no limit on tries, and
decides nothing about what is answered. To hash takes a while, in which the account may be changed
or removed by somebody else: what was found before holds only if it is still so after.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import DeferredLock

from chatd.auth.hashing import Hashing
from chatd.core.errors import ChatError
from chatd.core.names import user_name
from chatd.core.ports import IStore
from chatd.core.records import Account

MIN_BYTES: Final = 8
MAX_BYTES: Final = 1024


def allowed(password: str) -> bool:
    """Tell whether `password` can be the password of an account (spec section 4)."""
    try:
        return MIN_BYTES <= len(password.encode()) <= MAX_BYTES
    except UnicodeEncodeError:
        return False


class Passwords:
    """The passwords of the accounts in a store."""

    def __init__(self, store: IStore, hashing: Hashing) -> None:
        self._store = store
        self._hashing = hashing
        # Held by all that change or remove a hash, so that none of them comes between a look and
        # the change that depends on it. One server at a time has a store: this is enough.
        self._changing = DeferredLock()

    async def owned(self, name: str, password: str) -> Account | None:
        """Return the account `name` if `password` is its own; if not, it takes as long to say so."""
        account = await self._account(name)
        if not allowed(password):
            account, password = None, ""
        known = None if account is None else account.password_hash
        if not await self._hashing.verify(known, password) or account is None:
            return None
        return account if await self._account(name) == account else None

    async def add(self, name: str, password: str, now: float) -> Account:
        """Add an account, whose name must be free, and return it."""
        password_hash = await self._hashing.hash(password)
        return await self._store.add_account(name, password_hash, now)

    async def put(self, name: str, password: str) -> None:
        """Set a password, whatever it was."""
        password_hash = await self._hashing.hash(password)
        async with self._changing:
            await self._store.set_password_hash(name, password_hash)

    async def replace(self, account: Account, password: str) -> bool:
        """Set the password of an account unless it is no longer as it was; tell whether it was."""
        password_hash = await self._hashing.hash(password)
        async with self._changing:
            if await self._account(account.name) != account:
                return False
            await self._store.set_password_hash(account.name, password_hash)
        return True

    async def renew(self, account: Account, password: str) -> None:
        """Hash the password of an account again if new ones are hashed in another way."""
        if self._hashing.needs_rehash(account.password_hash):
            await self.replace(account, password)

    async def remove(self, name: str) -> None:
        """Remove an account and its logins."""
        async with self._changing:
            await self._store.remove_account(name)

    async def _account(self, name: str) -> Account | None:
        try:
            # Not all that a client can send is text that every store can be asked for.
            user_name(name)
        except ChatError:
            return None
        return await self._store.account(name)
