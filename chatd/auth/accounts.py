"""Accounts: the one path by which every password is checked, throttled, set and removed.

An attempt first waits for as long as the throttle says, and holds nothing meanwhile. Whether a name
is free is the business of the caller.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.auth.hashing import Hashing
from chatd.auth.passwords import Passwords, is_acceptable
from chatd.auth.throttle import Throttle, keys_of
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.ports import IStore
from chatd.core.records import Account


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
        """Set the password of an account if `old` is the right one; resume tokens stay valid."""
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
            # Any other error, such as an unavailable store, is not the client's fault.
            if error.code != ErrorCode.WRONG_PASSWORD:
                self._throttle.forgive(attempt)
            raise
        self._throttle.forgive(attempt)


def _check(password: str) -> None:
    if not is_acceptable(password):
        raise ChatError(ErrorCode.BAD_PASSWORD)
