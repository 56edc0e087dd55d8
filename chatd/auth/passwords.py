"""The passwords of accounts: verified, set, replaced.

Between the store, which keeps hashes, and the hashing. Hashing takes a while, in which the account
may be changed or removed: what was read before is read again after.
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


def is_acceptable(password: str) -> bool:
    """Return whether `password` may be the password of an account (spec section 4)."""
    try:
        return MIN_BYTES <= len(password.encode()) <= MAX_BYTES
    except UnicodeEncodeError:  # half a surrogate pair
        return False


class Passwords:
    """The passwords of the accounts in a store; all methods raise `ChatError` if it fails."""

    def __init__(self, store: IStore, hashing: Hashing) -> None:
        self._store = store
        self._hashing = hashing
        # Held while a hash is changed or removed, so that no other change comes between reading an
        # account and the write that depends on it. A store has one server: this is enough.
        self._write_lock = DeferredLock()

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account `name` if the password is right, else None, after the same time."""
        account = await self._find(name)
        if not is_acceptable(password):
            account, password = None, ""
        password_hash = None if account is None else account.password_hash
        if not await self._hashing.verify(password_hash, password) or account is None:
            return None
        return account if await self._find(name) == account else None

    async def add(self, name: str, password: str, now: float) -> Account:
        """Add an account, whose name must be free, and return it."""
        password_hash = await self._hashing.hash(password)
        return await self._store.add_account(name, password_hash, now)

    async def set(self, name: str, password: str) -> None:
        """Set the password of an account, whatever it was."""
        password_hash = await self._hashing.hash(password)
        async with self._write_lock:
            await self._store.set_password_hash(name, password_hash)

    async def compare_and_set(self, account: Account, password: str) -> bool:
        """Set the password of an account if the account is unchanged; return whether it was."""
        password_hash = await self._hashing.hash(password)
        async with self._write_lock:
            if await self._find(account.name) != account:
                return False
            await self._store.set_password_hash(account.name, password_hash)
        return True

    async def rehash_if_needed(self, account: Account, password: str) -> None:
        """Hash the password of an account again if the parameters of the hashing have changed."""
        if self._hashing.needs_rehash(account.password_hash):
            await self.compare_and_set(account, password)

    async def remove(self, name: str) -> None:
        """Remove an account and its resume tokens."""
        async with self._write_lock:
            await self._store.remove_account(name)

    async def _find(self, name: str) -> Account | None:
        try:
            user_name(name)  # a store cannot be asked for every text that a client can send
        except ChatError:
            return None
        return await self._store.account(name)
