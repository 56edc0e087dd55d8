"""Resume tokens: with its token a client continues its session after a lost connection.

Spec section 7. A session that uses JSON has a token, and a new one after each use. Which token
stands for which session is in the world, by its digest, for some minutes after the connection is
lost. The digest of an account's token is in the store as well, and outlives a restart of the
server.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chatd.auth.remembered import digest_of
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.ports import ILog
from chatd.core.records import ResumeToken
from chatd.core.rooms import Origin
from chatd.core.store import IStore
from chatd.core.world.account_operations import IssueToken
from chatd.core.world.effects import TokenRevoked
from chatd.core.world.tokens import ACCOUNT_RESUME_SECONDS
from chatd.core.world.world import World


class ResumeTokens:
    """The resume tokens of the sessions of this server, and those of accounts in the store.

    `now` returns seconds since the epoch by a clock that is never set (`chatd.clock.steady_time`),
    `new_token` a text that nobody can guess. A digest in `_revoked` and an account in
    `_revoked_accounts` may still be in the store, but are not valid: the store could not be
    reached, or is still at work.
    """

    def __init__(
        self,
        world: World,
        log: ILog,
        store: IStore,
        now: Callable[[], float],
        new_token: Callable[[], str],
    ) -> None:
        self._world = world
        self._log = log
        self._store = store
        self._now = now
        self._new_token = new_token
        self._tokens: dict[Origin, str] = {}
        self._revoked: set[str] = set()
        self._revoked_accounts: set[str] = set()

    async def issue(self, origin: Origin) -> str:
        """Return the token of a session, a new one if it has none that is valid."""
        token = self._tokens.get(origin)
        if token is None or self._world.tokens.present(digest_of(token)) is None:
            token = self._new_token()
            digest = digest_of(token)
            await self._log.submit(IssueToken(origin.key, origin.address, digest), origin)
            self._tokens[origin] = token
            await self.bind(origin)
        return token

    async def find(self, token: str) -> tuple[str, str | None]:
        """Return the digest of `token`, and the name of the account if the store alone knows it.

        Raises `ChatError` if it stands for no session.
        """
        digest, tokens = digest_of(token), self._world.tokens
        session = tokens.present(digest)
        if session is not None and self._world.sessions[session].name:
            return digest, None
        if tokens.parked(digest, self._log.seconds()) is not None:
            return digest, None
        stored = await self._store.resume_token(digest)
        if (
            stored is None
            or stored.last_seen + ACCOUNT_RESUME_SECONDS < self._now()
            or digest in self._revoked
            or stored.account in self._revoked_accounts
        ):
            raise ChatError(ErrorCode.NO_SUCH_SESSION)
        return digest, stored.account

    def forget(self, origin: Origin) -> None:
        """Forget the token of a session that has ended."""
        self._tokens.pop(origin, None)

    def on_revoked(self, revoked: TokenRevoked) -> None:
        """Note that a token is to be removed from the store, if that is up to this server."""
        if revoked.node == self._log.node:
            self._revoked.add(revoked.digest)

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
        tokens = self._world.tokens
        session, parked = tokens.present(digest), tokens.parked(digest, self._log.seconds())
        if session is not None:
            user = self._world.sessions[session]
            return user.account is not None and user.name == account
        return parked is not None and parked.account is not None and parked.name.text == account

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
        """Remove from the store all tokens that stand for an account but that of `keep`."""
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
