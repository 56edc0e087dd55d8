"""Session secrets: by them a client takes back its name and login after a lost connection.

Spec section 7. Whoever speaks JSON is given a secret; the store has its digest alone. Guests' are known for
some minutes after their connection has ended; those of people who are logged in are in the store,
too, and outlive a restart of the server.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Final

from zope.interface import implementer

from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.ports import IStore, ITickets
from chatd.core.records import ResumeToken
from chatd.core.rooms import ResumableUser, User

GUEST_RESUME_SECONDS: Final = 600.0
"""How long a guest may take to come back: others may want his name."""

ACCOUNT_RESUME_SECONDS: Final = 86400.0
"""How long who is logged in may take to come back."""

MAX_LOST: Final = 20_000
"""How many lost connections are remembered."""


@implementer(ITickets)
class ResumeTokens:
    """The session secrets. `now` returns seconds since the epoch, `new_secret` what nobody can guess."""

    def __init__(
        self, store: IStore, now: Callable[[], float], new_secret: Callable[[], str]
    ) -> None:
        self._store = store
        self._now = now
        self._new_secret = new_secret
        self._held: dict[User, str] = {}
        self._holders: dict[str, User] = {}
        self._lost: dict[str, ResumableUser] = {}
        self._lost_of: dict[str, str] = {}
        self._not_void: set[str] = set()

    async def issue(self, user: User) -> str:
        """Return the secret of `who`, a new one if he has none."""
        if user not in self._held:
            secret = self._held[user] = self._new_secret()
            self._holders[_digest(secret)] = user
            await self.bind(user)
            return secret
        return self._held[user]

    async def find(self, secret: str) -> ResumableUser:
        """Return who had this secret; raise `ChatError` if it is unknown or too old."""
        digest, now = _digest(secret), self._now()
        holder = self._holders.get(digest)
        if holder is not None and holder.name:
            return ResumableUser(holder.name, holder.account, holder)
        lost = self._lost.get(digest)
        if lost is not None and lost.until > now:
            return lost
        login = await self._store.resume_token(digest)
        too_late = login is None or login.last_seen + ACCOUNT_RESUME_SECONDS < now
        if login is None or too_late or login.account in self._not_void:
            raise ChatError(ErrorCode.NO_SUCH_SESSION)
        return ResumableUser(login.account, login.account)

    def spend(self, secret: str) -> None:
        """Forget a secret: it has been of use."""
        self._lost.pop(_digest(secret), None)

    def remember(self, user: User) -> None:
        """Take note of who `who` is: his connection is lost, and he may come back."""
        secret = self._held.get(user)
        self.forget(user)
        if secret is None or not user.name:
            return
        digest = _digest(secret)
        self._lost[digest] = ResumableUser(
            user.name, user.account, None, self._now() + GUEST_RESUME_SECONDS
        )
        if user.account is not None:
            self._lost_of[user.account] = digest
        oldest = next(iter(self._lost))
        if len(self._lost) > MAX_LOST or self._lost[oldest].until < self._now():
            self._lost_of.pop(self._lost.pop(oldest).account or "", None)

    def forget(self, user: User) -> None:
        """Take note that `who` does not come back."""
        secret = self._held.pop(user, None)
        if secret is not None:
            del self._holders[_digest(secret)]

    async def bind(self, user: User) -> None:
        """Let the secret of `who`, and no other, be good for his account, if he is logged in."""
        if user.account is None:
            return
        account, secret = user.account, self._held.get(user)
        await self.void(account)
        if secret is None or not self._is_good_for(_digest(secret), account):
            return  # meanwhile he was put out, or has left
        if account not in self._not_void:
            with suppress(StoreUnavailableError):  # it is good until the server is restarted
                await self._store.add_resume_token(ResumeToken(_digest(secret), account, self._now()))

    def _is_good_for(self, digest: str, account: str) -> bool:
        """Tell whether who has this secret is logged in to `account`, or was when his connection was lost."""
        holder = self._holders.get(digest)
        return self._lost_of.get(account) == digest or (
            holder is not None and holder.account == account
        )

    async def void(self, account: str) -> None:
        """Let no secret be good for an account."""
        self._lost.pop(self._lost_of.pop(account, ""), None)
        # While the store cannot be reached they are there, but not good.
        self._not_void.add(account)
        with suppress(StoreUnavailableError):
            await self._store.remove_resume_tokens(account)
            self._not_void.discard(account)

    async def refresh(self) -> None:
        """Take note in the store of who is here, and remove the logins that are too old."""
        for account in list(self._not_void):
            user = next((user for user in self._held if user.account == account), None)
            await (self.void(account) if user is None else self.bind(user))
        here = [_digest(secret) for user, secret in self._held.items() if user.account is not None]
        await self._store.touch_resume_tokens(here, self._now(), self._now() - ACCOUNT_RESUME_SECONDS)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
