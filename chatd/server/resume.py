"""Resume tokens: with its token a client continues its session after a lost connection.

Spec section 7. A session that uses JSON has a token, and a new one after each use. The token of a
guest is in memory, for some minutes after the connection is lost. The digest of an account's token
is in the store as well, and outlives a restart of the server.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from chatd.auth.remembered import digest_of
from chatd.core.credentials import Resumable
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.ports import IStore
from chatd.core.records import ResumeToken
from chatd.core.rooms import Origin

GUEST_RESUME_SECONDS: Final = 600.0
"""How long a guest's token is valid after the connection is lost: others may want the name."""

ACCOUNT_RESUME_SECONDS: Final = 86400.0
"""How long an account's token is valid after the connection is lost."""

MAX_PARKED: Final = 20_000
"""How many tokens of lost connections are in memory."""


class ResumeTokens:
    """The resume tokens of all sessions, and of lost connections.

    `now` returns seconds since the epoch by a clock that is never set (`chatd.clock.steady_time`),
    `new_token` a text that nobody can guess. A digest in `_revoked` and an account in
    `_revoked_accounts` may still be in the store, but are not valid: the store could not be
    reached, or is still at work.
    """

    def __init__(
        self, store: IStore, now: Callable[[], float], new_token: Callable[[], str]
    ) -> None:
        self._store = store
        self._now = now
        self._new_token = new_token
        self._tokens: dict[Origin, str] = {}
        self._sessions: dict[str, Origin] = {}
        self._parked: dict[str, Resumable] = {}
        self._revoked: set[str] = set()
        self._revoked_accounts: set[str] = set()

    async def issue(self, origin: Origin) -> str:
        """Return the token of a session, a new one if it has none."""
        token = self._tokens.get(origin)
        if token is None:
            token = self._tokens[origin] = self._new_token()
            self._sessions[digest_of(token)] = origin
            await self.bind(origin)
        return token

    async def find(self, token: str) -> Resumable:
        """Return the session that `token` stands for; raise `ChatError` if there is none."""
        digest, now = digest_of(token), self._now()
        origin = self._sessions.get(digest)
        if origin is not None and origin.user.name:
            return Resumable(origin.user.name, origin.user.account is not None, origin)
        parked = self._parked.get(digest)
        if parked is not None and parked.until > now:
            return parked
        stored = await self._store.resume_token(digest)
        if (
            stored is None
            or stored.last_seen + ACCOUNT_RESUME_SECONDS < now
            or digest in self._revoked
            or stored.account in self._revoked_accounts
        ):
            raise ChatError(ErrorCode.NO_SUCH_SESSION)
        return Resumable(stored.account, is_account=True)

    def consume(self, token: str) -> None:
        """Make `token` invalid: it has been used."""
        digest = digest_of(token)
        parked = self._parked.pop(digest, None)
        origin = self._sessions.pop(digest, None)
        if origin is not None:
            del self._tokens[origin]
        is_guest = (origin is not None and origin.user.account is None) or (
            parked is not None and not parked.is_account
        )
        if not is_guest:
            self._revoked.add(digest)

    def park(self, origin: Origin) -> bool:
        """Keep the token of a session that ends; return whether it can be resumed."""
        token = self._tokens.pop(origin, None)
        if token is None:
            return False
        digest, user, now = digest_of(token), origin.user, self._now()
        del self._sessions[digest]
        if not user.name:
            return False
        is_account, until = user.account is not None, now + GUEST_RESUME_SECONDS
        self._parked[digest] = Resumable(user.name, is_account, until=until, user=user)
        oldest = next(iter(self._parked))
        if len(self._parked) > MAX_PARKED or self._parked[oldest].until < now:
            del self._parked[oldest]
        return True

    def discard(self, origin: Origin) -> None:
        """Make the token of a session invalid: the session ends and is not to be resumed."""
        token = self._tokens.get(origin)
        if token is not None:
            self.consume(token)

    def unbind(self, origin: Origin) -> None:
        """Let the token of a session that logs out not stand for its account any more."""
        token = self._tokens.get(origin)
        if token is not None:
            self._revoked.add(digest_of(token))

    async def bind(self, origin: Origin) -> None:
        """Store the token of a session that has logged in, if it has one, and purge the store."""
        token, account = self._tokens.get(origin), origin.user.name
        if token is None or origin.user.account is None:
            await self.purge()
            return
        digest = digest_of(token)
        self._revoked.discard(digest)
        await self.purge()
        if account in self._revoked_accounts or not self._stands_for(digest, account):
            return
        with suppress(StoreUnavailableError):  # it is valid until the server is restarted
            await self._store.add_resume_token(ResumeToken(digest, account, self._now()))

    def _stands_for(self, digest: str, account: str) -> bool:
        """Tell whether the session of a token is logged in to an account, or was when it ended."""
        origin, parked = self._sessions.get(digest), self._parked.get(digest)
        if origin is not None:
            return origin.user.account is not None and origin.user.name == account
        return parked is not None and parked.is_account and parked.name == account

    async def purge(self) -> None:
        """Remove from the store what is invalid, as far as the store can be reached."""
        with suppress(StoreUnavailableError):
            for account in list(self._revoked_accounts):
                await self._store.remove_resume_tokens(account)
                self._revoked_accounts.discard(account)
            for digest in list(self._revoked):
                if digest in self._revoked:
                    await self._store.remove_resume_token(digest)
                    self._revoked.discard(digest)

    async def revoke_account(self, account: str, keep: Origin | None = None) -> None:
        """Make all tokens that stand for an account invalid, except that of the session `keep`."""
        for origin in list(self._tokens):
            user = origin.user
            if user.account is not None and user.name == account and origin is not keep:
                self.discard(origin)
        for digest, parked in list(self._parked.items()):
            if parked.is_account and parked.name == account:
                del self._parked[digest]
        self._revoked_accounts.add(account)
        if keep is None:
            await self.purge()
        else:
            await self.bind(keep)

    async def refresh(self) -> None:
        """Note in the store which sessions are here, and remove the tokens that have expired."""
        rebind = self._revoked_accounts.copy()
        await self.purge()
        for origin in list(self._tokens):
            if origin.user.name in rebind:
                await self.bind(origin)
        present = [
            digest_of(token)
            for origin, token in self._tokens.items()
            if origin.user.account is not None
        ]
        now = self._now()
        await self._store.touch_resume_tokens(present, now, now - ACCOUNT_RESUME_SECONDS)
