"""The passwords of accounts, and the one path by which every password is verified and set.

`Passwords` verifies, sets and replaces hashes in the store. `Accounts` puts the throttle before it:
an attempt first waits for as long as the throttle says, and holds nothing meanwhile. Whether a name
is free is the business of the caller.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.auth.hashing import Hashing
from chatd.auth.throttle import Throttle, keys_of
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.names import prepare
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
            prepare(name)  # a store cannot be asked for every text that a client can send
        except ChatError:
            return None
        return await self._store.account(name)


class Accounts:
    """The accounts in a store. The caller starts and stops the store and the hashing.

    All methods raise `ChatError`: where a password is refused, the server is busy or the store is
    unavailable.
    """

    def __init__(self, store: IStore, hashing: Hashing, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._passwords = Passwords(store, hashing)
        self._throttle = Throttle()

    async def create(self, name: str, password: str, now: float) -> int:
        """Add an account, whose name must be free; return its id."""
        _check(password)
        return (await self._passwords.add(name, password, now)).id

    async def authenticate(self, name: str, password: str, address: Address | None) -> Account:
        """Return the account `name` if the password is right."""
        account = await self._verify(name, password, address)
        # The login succeeds even if the store fails now: the next login hashes again.
        with suppress(ChatError):
            await self._passwords.rehash_if_needed(account, password)
        return account

    async def change_password(self, name: str, old: str, new: str, address: Address | None) -> None:
        """Set the password of an account if `old` is the one so far."""
        account = await self._verify(name, old, address)
        _check(new)
        if not await self._passwords.compare_and_set(account, new):
            raise ChatError(ErrorCode.WRONG_PASSWORD)

    async def set_password(self, name: str, new: str) -> None:
        """Set the password of an account."""
        _check(new)
        await self._passwords.set(name, new)

    async def remove(self, name: str) -> None:
        """Remove an account and its resume tokens."""
        await self._passwords.remove(name)

    async def all(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._store.accounts()

    async def _verify(self, name: str, password: str, address: Address | None) -> Account:
        async with self._attempt(name, address):
            account = await self._passwords.verify(name, password)
            if account is None:
                raise ChatError(ErrorCode.WRONG_PASSWORD)
            return account

    @asynccontextmanager
    async def _attempt(self, name: str, address: Address | None) -> AsyncIterator[None]:
        """Wait as long as the throttle says; count a failure unless the password is not wrong."""
        attempt = self._throttle.start(keys_of(name, address), self._clock.seconds())
        if attempt.wait:
            await deferLater(self._clock, attempt.wait)
        try:
            yield
        except ChatError as error:
            # Any other error, such as an unavailable store, is no failure of the client.
            if error.code != ErrorCode.WRONG_PASSWORD:
                self._throttle.forgive(attempt)
            raise
        self._throttle.forgive(attempt)


def _check(password: str) -> None:
    if not is_acceptable(password):
        raise ChatError(ErrorCode.BAD_PASSWORD)
