"""Session secrets: by them a client takes back its name and login after a lost connection.

Spec section 7. Whoever speaks JSON is given a secret; the store has its digest alone. Guests' are known for
some minutes after their connection has ended; those of people who are logged in are in the store,
too, and outlive a restart of the server.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chatd.core import errors
from chatd.core.errors import UnavailableError
from chatd.core.records import Login
from chatd.core.rooms import Chatter
from chatd.interfaces import IStore

GUEST_SECONDS: Final = 600.0
"""How long a guest may take to come back: others may want his name."""

LOGIN_SECONDS: Final = 86400.0
"""How long who is logged in may take to come back."""

MOST_LOST: Final = 20_000
"""How many lost connections are remembered."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Who somebody was on a connection: `chatter` is None where the server has been restarted since."""

    name: str
    account: str | None
    chatter: Chatter | None = None
    until: float = 0.0


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

    async def issue(self, who: Chatter) -> str:
        """Return the secret of `who`, a new one if he has none."""
        if who not in self._held:
            secret = self._held[who] = self._new_secret()
            self._holders[_digest(secret)] = who
            await self.logged_in(who)
        return self._held[who]

    async def find(self, secret: str) -> Lost:
        """Return who had this secret; raise `ChatError` if it is unknown or too old."""
        digest = _digest(secret)
        holder = self._holders.get(digest)
        if holder is not None and holder.name:
            return Lost(holder.name, holder.account, holder)
        lost = self._lost.get(digest)
        if lost is not None and lost.until > self._now():
            return lost
        login = await self._store.login(digest)
        if login is None or login.seen + LOGIN_SECONDS < self._now():
            raise errors.no_such_session()
        return Lost(login.account, login.account)

    def spend(self, secret: str) -> None:
        """Make a secret void: it has been of use."""
        self._lost.pop(_digest(secret), None)

    def ended(self, who: Chatter) -> None:
        """Remember who `who` was: his connection is lost."""
        secret = self.left(who)
        if secret is None or not who.name:
            return
        self._lost[_digest(secret)] = Lost(who.name, who.account, None, self._now() + GUEST_SECONDS)
        oldest = next(iter(self._lost))
        if len(self._lost) > MOST_LOST or self._lost[oldest].until < self._now():
            del self._lost[oldest]

    def left(self, who: Chatter) -> str | None:
        """Forget `who`, who has gone of his own will; return the secret he had."""
        secret = self._held.pop(who, None)
        if secret is not None:
            del self._holders[_digest(secret)]
        return secret

    async def logged_in(self, who: Chatter) -> None:
        """Let the secret of `who`, and no other, be good for his account, if he is logged in."""
        if who.account is None:
            return
        account, secret = who.account, self._held.get(who)
        await self.logged_out(account)
        if secret is not None:
            with suppress(UnavailableError):  # it is good until the server is restarted
                await self._store.add_login(Login(_digest(secret), account, self._now()))

    async def logged_out(self, account: str) -> None:
        """Make all secrets void that are good for an account."""
        self._lost = {
            digest: lost for digest, lost in self._lost.items() if lost.account != account
        }
        with suppress(UnavailableError):
            await self._store.remove_logins(account)

    async def refresh(self) -> None:
        """Take note in the store of who is here, and remove the logins that are too old."""
        here = [_digest(secret) for who, secret in self._held.items() if who.account is not None]
        await self._store.refresh_logins(here, self._now(), self._now() - LOGIN_SECONDS)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
