"""Remembered logins: with a token a client logs in without the password, until it is revoked.

Unlike a resume token, which continues one session and is used once, it starts further sessions and
stays the same. The store has its SHA-256 digest alone. A new password, and the end of the account,
remove all tokens of the account in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from chatd.auth.attempts import Attempts
from chatd.core.errors import ErrorCode
from chatd.core.events import Address
from chatd.core.records import RememberedToken
from chatd.core.store import IStore

LIFETIME: Final = 30 * 86400.0
"""For how many seconds a token is valid after its last use."""

MAX_TOKENS: Final = 8
"""How many tokens an account has: one more removes the one that was not used for longest."""


class RememberedTokens:
    """The tokens of all accounts; all methods raise `StoreUnavailableError` if the store fails.

    `now` returns seconds since the epoch by a clock that is never set, `new_token` a text that
    nobody can guess. `attempts` delays wrong tokens of an address as it delays wrong passwords.
    """

    def __init__(
        self,
        store: IStore,
        attempts: Attempts,
        now: Callable[[], float],
        new_token: Callable[[], str],
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._now = now
        self._new_token = new_token

    async def issue(self, account: str) -> str:
        """Return a new token of an account, by its name."""
        token, now = self._new_token(), self._now()
        added = RememberedToken(digest_of(token), account, now, now)
        await self._store.add_remembered_token(added, MAX_TOKENS)
        return token

    async def authenticate(self, token: str, address: Address | None) -> str:
        """Return the name of the account of a token, and note its use; raise `ChatError` if none.

        It may be cancelled.
        """

        async def use() -> str | None:
            now = self._now()
            return await self._store.use_remembered_token(digest_of(token), now, now - LIFETIME)

        return await self._attempts.run(None, address, use, ErrorCode.WRONG_TOKEN)

    async def of(self, account: str) -> Sequence[RememberedToken]:
        """Return the valid tokens of an account, the oldest first."""
        oldest = self._now() - LIFETIME
        tokens = await self._store.remembered_tokens(account)
        return [token for token in tokens if token.last_used >= oldest]

    async def discard(self, token: str) -> None:
        """Remove a token that nobody has been given."""
        await self._store.remove_remembered_token(digest_of(token))

    async def revoke(self, token: RememberedToken) -> None:
        """Remove a token."""
        await self._store.remove_remembered_token(token.digest)

    async def revoke_account(self, account: str) -> None:
        """Remove all tokens of an account."""
        await self._store.remove_remembered_tokens(account)

    async def purge(self) -> None:
        """Remove the tokens that have expired."""
        await self._store.remove_remembered_tokens_before(self._now() - LIFETIME)


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal."""
    return sha256(token.encode()).hexdigest()
