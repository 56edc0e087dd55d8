"""The passwords of accounts, and the one path by which every password is verified and set.

`StoredPasswords` verifies, sets and replaces hashes in the store. `Passwords` is what the rules of
accounts use (`chatd.core.accounts`): each attempt waits for its turn first (`chatd.auth.attempts`).
Whether guests use a name is the business of the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import uuid4

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime

from chatd.auth.attempts import Attempts
from chatd.auth.hashing import Hashing
from chatd.config import MAX_PASSWORD, MIN_PASSWORD
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.events import Address
from chatd.core.names import prepare
from chatd.core.records import Account
from chatd.core.store import IStore

MAX_IN_DOUBT: Final = 1000
"""Of how many registrations that failed the store may have the account."""


def is_acceptable(password: str, min_bytes: int = 1) -> bool:
    """Return whether `password` may be the password of an account (spec section 4)."""
    try:
        return min_bytes <= len(password.encode()) <= MAX_PASSWORD
    except UnicodeEncodeError:  # half a surrogate pair
        return False


class StoredPasswords:
    """The passwords of the accounts in a store; all methods raise `ChatError` if it fails.

    `address` is that of the client who waits, None for the administrator.
    """

    def __init__(self, store: IStore, hashing: Hashing) -> None:
        self._store = store
        self._hashing = hashing
        # Held while a hash is changed or removed, so that no other change comes between reading an
        # account and the write that depends on it. Of several servers on one store the last one
        # that changes a hash counts.
        self._write_lock = DeferredLock()
        # The registrations of names that the store may have or not, the oldest first.
        self._in_doubt: dict[str, str] = {}

    async def verify(self, name: str, password: str, address: Address | None) -> Account | None:
        """Return the account `name` if the password is right, else None, after the same time."""
        account = await self._find(name)
        if not is_acceptable(password):
            account, password = None, ""
        password_hash = None if account is None else account.password_hash
        is_right = await self._hashing.verify(password_hash, password, address)
        if not is_right or account is None or await self._find(name) != account:
            return None
        self._in_doubt.pop(name, None)  # somebody uses the account: it is not registered again
        return account

    async def hash(self, password: str, address: Address | None) -> str:
        """Return a new hash of a password."""
        return await self._hashing.hash(password, address)

    async def add(self, name: str, password_hash: str, now: float) -> Account:
        """Add an account and return it; the error names the account that has the name."""
        registration = self._in_doubt.pop(name, None) or uuid4().hex
        try:
            return await self._store.add_account(name, password_hash, now, registration)
        except StoreUnavailableError:
            # The account may have been added all the same. Then nobody knows of it but the store,
            # and the next registration of the name has to find it.
            self._in_doubt[name] = registration
            if len(self._in_doubt) > MAX_IN_DOUBT:
                del self._in_doubt[next(iter(self._in_doubt))]
            raise

    async def set(self, name: str, password: str) -> None:
        """Set the password of an account, whatever it was."""
        password_hash = await self._hashing.hash(password, None)
        async with self._write_lock:
            await self._store.set_password_hash(name, password_hash, True)

    async def compare_and_set(
        self, account: Account, password: str, address: Address | None, *, is_new: bool
    ) -> bool:
        """Set the password of an account if the account is unchanged; return whether it was.

        `is_new`: it is another password, not the same one with another hash.
        """
        password_hash = await self._hashing.hash(password, address)
        async with self._write_lock:
            if await self._find(account.name) != account:
                return False
            await self._store.set_password_hash(account.name, password_hash, is_new)
        return True

    async def rehash_if_needed(
        self, account: Account, password: str, address: Address | None
    ) -> None:
        """Hash the password of an account again if the parameters of the hashing have changed."""
        if self._hashing.needs_rehash(account.password_hash):
            await self.compare_and_set(account, password, address, is_new=False)

    async def remove(self, name: str) -> None:
        """Remove an account and its resume tokens."""
        async with self._write_lock:
            await self._store.remove_account(name)

    async def _find(self, name: str) -> Account | None:
        try:
            prepare(name)  # a store cannot be asked for every text that a client can send
        except ChatError:
            return None
        return await self._store.account(name)


class Passwords:
    """The accounts in a store. The caller starts and stops the store and the hashing.

    `attempts` counts the failures of each name and address.
    All methods raise `ChatError`: where a password is refused, the server is busy or the store is
    unavailable. Those that change nothing may be cancelled: `hash`, `verify` and `authenticate`.
    """

    def __init__(
        self,
        store: IStore,
        hashing: Hashing,
        clock: IReactorTime,
        min_bytes: int = MIN_PASSWORD,
    ) -> None:
        self._min_bytes = min_bytes
        self._store = store
        self._stored = StoredPasswords(store, hashing)
        self.attempts = Attempts(clock)

    async def hash(self, password: str, address: Address | None) -> str:
        """Return a hash of the password of a new account."""
        self._check(password)
        return await self._stored.hash(password, address)

    async def create(self, name: str, password_hash: str, now: float) -> int:
        """Add an account and return its id; raise `ChatError` if another one has its name."""
        return (await self._stored.add(name, password_hash, now)).id

    async def verify(self, name: str, password: str, address: Address | None) -> Account:
        """Return the account `name` if the password is right."""
        return await self.attempts.run(
            name, address, lambda: self._stored.verify(name, password, address)
        )

    async def authenticate(self, name: str, password: str, address: Address | None) -> Account:
        """Return the account `name` if the password is right, for a login.

        If the parameters of the hashing have changed, the password is hashed again.
        """
        account = await self.verify(name, password, address)
        # The login succeeds even if the store fails now: the next login hashes again.
        with suppress(ChatError):
            await self._stored.rehash_if_needed(account, password, address)
        return account

    async def replace(self, account: Account, new: str, address: Address | None) -> None:
        """Set the password of an account that was verified, if it has not been changed since."""
        self._check(new)
        if not await self._stored.compare_and_set(account, new, address, is_new=True):
            raise ChatError(ErrorCode.WRONG_PASSWORD)

    async def set_password(self, name: str, new: str) -> None:
        """Set the password of an account."""
        self._check(new)
        await self._stored.set(name, new)

    async def remove(self, name: str) -> None:
        """Remove an account and its resume tokens."""
        await self._stored.remove(name)

    async def all(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._store.accounts()

    def _check(self, password: str) -> None:
        if not is_acceptable(password, self._min_bytes):
            raise ChatError(ErrorCode.BAD_PASSWORD, least=self._min_bytes)
