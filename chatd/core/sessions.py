"""The sessions and remembered logins of an account, for its own user alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chatd.core.accounts import AccountService
from chatd.core.credentials import Remembered
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import DisconnectReason
from chatd.core.records import AccountRef, RememberedToken
from chatd.core.rooms import Origin
from chatd.core.world.world import World


class Access(NamedTuple):
    """The sessions and the remembered logins of an account, the oldest first."""

    sessions: Sequence[Origin]
    tokens: Sequence[RememberedToken]


class SessionService:
    """The rules of `remember`, `recall`, `sessions` and `revoke`."""

    def __init__(
        self,
        accounts: AccountService,
        remembered: Remembered,
        world: World,
    ) -> None:
        self._accounts = accounts
        self._remembered = remembered
        self._world = world

    async def remember(self, origin: Origin) -> str:
        """Return a new token by which a client logs in to the account of the session later."""
        account, name = _account_of(origin)
        token = await self._remembered.issue(name)
        if origin.closed or origin.user.account != account:
            # Logged out meanwhile, by a new password perhaps, which removed the older tokens.
            await self._remembered.discard(token)
            raise ChatError(ErrorCode.SESSION_CLOSED)
        return token

    async def recall(self, origin: Origin, token: str, now: float) -> str:
        """Log the session in to the account of a token; return the account's name."""
        self._accounts.check_can_log_in(origin)
        name = await origin.until_closed(self._remembered.authenticate(token, origin.address))
        account = self._world.find_account(name)
        if account is None:
            raise ChatError(ErrorCode.WRONG_TOKEN)
        await self._accounts.log_in(origin, account, now)
        return account.name

    async def access(self, origin: Origin) -> Access:
        """Return the sessions and remembered logins of the session's account."""
        _, name = _account_of(origin)
        tokens = await self._remembered.of(name)
        return Access(origin.user.origins, tokens)

    async def revoke(self, origin: Origin, target: Origin | RememberedToken, now: float) -> None:
        """End another session of the user, or remove a token; raise `ChatError` if it is not there.

        Nothing of another account is ended, whatever `target` is.
        """
        account, name = _account_of(origin)
        if isinstance(target, RememberedToken):
            if target.account != name:
                raise ChatError(ErrorCode.NO_SUCH_NUMBER)
            await self._remembered.revoke(target)
        elif target is origin:
            raise ChatError(ErrorCode.OWN_SESSION)
        elif target.closed or target.user is not origin.user:
            raise ChatError(ErrorCode.NO_SUCH_NUMBER)
        else:
            reason = DisconnectReason.REVOKED
            await self._accounts.end_sessions(account, [target.key], reason, now)

    async def revoke_all(self, origin: Origin, now: float) -> None:
        """End all other sessions of the user, and remove all tokens of the account."""
        account, name = _account_of(origin)
        await self._remembered.revoke_account(name)
        keep = origin if origin.user.account == account else None
        ref, reason = AccountRef(account, name), DisconnectReason.REVOKED
        await self._accounts.end_other_sessions(ref, keep, reason, now)


def _account_of(origin: Origin) -> tuple[int, str]:
    """Return id and name of the account of a session; raise `ChatError` if it has none."""
    user = origin.user
    if user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
    return user.account, user.name
