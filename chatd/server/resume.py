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

from chatd.core import errors
from chatd.core.errors import UnavailableError
from chatd.core.ports import IStore, ITickets
from chatd.core.records import Login
from chatd.core.rooms import Chatter, Lost

GUEST_SECONDS: Final = 600.0
"""How long a guest may take to come back: others may want his name."""

LOGIN_SECONDS: Final = 86400.0
"""How long who is logged in may take to come back."""

MOST_LOST: Final = 20_000
"""How many lost connections are remembered."""


@implementer(ITickets)
class Tickets:
    """The session secrets. `now` returns seconds since the epoch, `new_secret` what nobody can guess."""

    def __init__(
        self, store: IStore, now: Callable[[], float], new_secret: Callable[[], str]
    ) -> None:
        self._store = store
        self._now = now
        self._new_secret = new_secret
        self._held: dict[Chatter, str] = {}
        self._holders: dict[str, Chatter] = {}
        self._lost: dict[str, Lost] = {}
        self._lost_of: dict[str, str] = {}
        self._not_void: set[str] = set()

    async def issue(self, who: Chatter) -> str:
        """Return the secret of `who`, a new one if he has none."""
        if who not in self._held:
            secret = self._held[who] = self._new_secret()
            self._holders[_digest(secret)] = who
            await self.bind(who)
            return secret
        return self._held[who]

    async def find(self, secret: str) -> Lost:
        """Return who had this secret; raise `ChatError` if it is unknown or too old."""
        digest, now = _digest(secret), self._now()
        holder = self._holders.get(digest)
        if holder is not None and holder.name:
            return Lost(holder.name, holder.account, holder)
        lost = self._lost.get(digest)
        if lost is not None and lost.until > now:
            return lost
        login = await self._store.login(digest)
        too_late = login is None or login.seen + LOGIN_SECONDS < now
        if login is None or too_late or login.account in self._not_void:
            raise errors.no_such_session()
        return Lost(login.account, login.account)

    def spend(self, secret: str) -> None:
        """Forget a secret: it has been of use."""
        self._lost.pop(_digest(secret), None)

    def remember(self, who: Chatter) -> None:
        """Take note of who `who` is: his connection is lost, and he may come back."""
        secret = self._held.get(who)
        self.forget(who)
        if secret is None or not who.name:
            return
        digest = _digest(secret)
        self._lost[digest] = Lost(who.name, who.account, None, self._now() + GUEST_SECONDS)
        if who.account is not None:
            self._lost_of[who.account] = digest
        oldest = next(iter(self._lost))
        if len(self._lost) > MOST_LOST or self._lost[oldest].until < self._now():
            self._lost_of.pop(self._lost.pop(oldest).account or "", None)

    def forget(self, who: Chatter) -> None:
        """Take note that `who` does not come back."""
        secret = self._held.pop(who, None)
        if secret is not None:
            del self._holders[_digest(secret)]

    async def bind(self, who: Chatter) -> None:
        """Let the secret of `who`, and no other, be good for his account, if he is logged in."""
        if who.account is None:
            return
        account, secret = who.account, self._held.get(who)
        await self.void(account)
        if secret is None or not self._is_good_for(_digest(secret), account):
            return  # meanwhile he was put out, or has left
        if account not in self._not_void:
            with suppress(UnavailableError):  # it is good until the server is restarted
                await self._store.add_login(Login(_digest(secret), account, self._now()))

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
        with suppress(UnavailableError):
            await self._store.remove_logins(account)
            self._not_void.discard(account)

    async def refresh(self) -> None:
        """Take note in the store of who is here, and remove the logins that are too old."""
        for account in list(self._not_void):
            who = next((who for who in self._held if who.account == account), None)
            await (self.void(account) if who is None else self.bind(who))
        here = [_digest(secret) for who, secret in self._held.items() if who.account is not None]
        await self._store.refresh_logins(here, self._now(), self._now() - LOGIN_SECONDS)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
