"""Accounts as the chat sees them: what is refused, in which words, and how long it takes.

Implements `IAccounts` over the store, the hashing and the clock. A try at a password first waits
for as long as the throttle says, holding nothing meanwhile, goes to the portal, and comes back as
nothing at all or as a `ChatError`. Whether a name is free is the chat's business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.auth.cred import IAccountHolder, account_portal, credentials
from chatd.auth.hashing import Hashing
from chatd.auth.passwords import Passwords, allowed
from chatd.auth.throttle import Throttle, keys_of
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.ports import IStore
from chatd.core.records import Account


class Accounts:
    """The accounts in a store. Who starts and stops the store and the hashing is not this one."""

    def __init__(self, store: IStore, hashing: Hashing, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._passwords = Passwords(store, hashing)
        self._portal = account_portal(self._passwords)
        self._throttle = Throttle()

    async def create(self, name: str, password: str, now: float) -> int:
        """Add an account, whose name must be free; return its id."""
        _check(password)
        return (await self._passwords.add(name, password, now)).id

    async def authenticate(self, name: str, password: str, address: Address | None) -> None:
        """Raise `ChatError` unless `password` is that of the account `name`."""
        async with self._attempt(name, address):
            try:
                await self._portal.login(credentials(name, password), None, IAccountHolder)
            except UnauthorizedLogin:
                raise ChatError(ErrorCode.WRONG_PASSWORD) from None

    async def change_password(self, name: str, old: str, new: str, address: Address | None) -> None:
        """Set the password of an account, of which `old` must be the one so far.

        Its logins are left to who asks: his own is to stay.
        """
        async with self._attempt(name, address):
            account = await self._passwords.owned(name, old)
            if account is None:
                raise ChatError(ErrorCode.WRONG_PASSWORD)
        _check(new)
        if not await self._passwords.replace(account, new):
            raise ChatError(ErrorCode.WRONG_PASSWORD)

    async def set_password(self, name: str, new: str) -> None:
        """Set the password of an account."""
        _check(new)
        await self._passwords.put(name, new)

    async def remove(self, name: str) -> None:
        """Remove an account and its logins."""
        await self._passwords.remove(name)

    async def all(self) -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
        return await self._store.accounts()

    @asynccontextmanager
    async def _attempt(self, name: str, address: Address | None) -> AsyncIterator[None]:
        """Wait until the turn of a try has come; count it, unless the password is not wrong."""
        attempt = self._throttle.begin(keys_of(name, address), self._clock.seconds())
        if attempt.wait:
            await deferLater(self._clock, attempt.wait)
        try:
            yield
        except ChatError as error:
            if (
                error.code != ErrorCode.WRONG_PASSWORD
            ):  # nobody's fault: too much to do, or no store
                self._throttle.take_back(attempt)
            raise
        self._throttle.take_back(attempt)


def _check(password: str) -> None:
    if not allowed(password):
        raise ChatError(ErrorCode.BAD_PASSWORD)
