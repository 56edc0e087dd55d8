"""The keys of accounts: certificates with which their holders log in without a password.

A gateway vouches that the client holds the private key of a certificate. Here it is known by its
fingerprint. A new password, and the end of the account, remove all keys of the account in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccountKey, AccountRef
from chatd.core.rooms import Origin
from chatd.core.store import IStore
from chatd.core.world.accounts_rules import check_logged_out

MAX_KEYS: Final = 10
"""How many keys an account has at most."""


class AccountKeys:
    """The keys in the store; all methods raise `StoreUnavailableError` if the store fails."""

    def __init__(self, store: IStore) -> None:
        self._store = store

    async def add(self, origin: Origin, fingerprint: str, now: float) -> None:
        """Add a key to the account of the session; raise `ChatError` if that is refused."""
        account = _account_of(origin)
        if any(key.fingerprint == fingerprint for key in await self._store.account_keys(account)):
            return
        key = AccountKey(fingerprint, now)
        if not await self._store.add_account_key(account, key, MAX_KEYS):
            raise ChatError(ErrorCode.TOO_MANY_KEYS, limit=MAX_KEYS)
        if origin.closed or origin.user.account != account:
            # Logged out meanwhile, by a new password perhaps, which removed the older keys.
            await self._store.remove_account_key(account, fingerprint)
            raise ChatError(ErrorCode.SESSION_CLOSED)

    async def remove(self, origin: Origin, fingerprint: str) -> None:
        """Remove a key of the account of the session; raise `ChatError` if it has no such key."""
        if not await self._store.remove_account_key(_account_of(origin), fingerprint):
            raise ChatError(ErrorCode.NO_SUCH_KEY)

    async def of(self, origin: Origin) -> Sequence[AccountKey]:
        """Return the keys of the account of the session, the oldest first."""
        return await self._store.account_keys(_account_of(origin))

    async def authenticate(self, origin: Origin, fingerprint: str) -> AccountRef:
        """Return the account of a key that the client holds; raise `ChatError` if there is none."""
        check_logged_out(origin.user)
        account = await self._store.account_of_key(fingerprint)
        if account is None:
            raise ChatError(ErrorCode.WRONG_PASSWORD)
        return account


def _account_of(origin: Origin) -> int:
    """Return the id of the account of a session; raise `ChatError` if it has none."""
    account = origin.user.account
    if account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
    return account
