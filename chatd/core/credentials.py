"""The interfaces of what proves that a client may use an account: passwords and tokens.

Resume tokens stand for one session, also that of a guest; remembered tokens log in to an account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatd.core.events import Address
from chatd.core.records import Account, RememberedToken
from chatd.core.rooms import Origin


class Tokens(Protocol):
    """Resume tokens: each is that of one session (`chatd.server.resume`)."""

    async def issue(self, origin: Origin) -> str:
        """Return the token of a session, a new one if it has none."""

    async def find(self, token: str) -> tuple[str, str | None]:
        """Return the digest of `token`, and the name of the account if the store alone knows it.

        Raises `ChatError` if it stands for no session.
        """

    def forget(self, origin: Origin) -> None:
        """Forget the token of a session that has ended."""

    def unbind(self, origin: Origin) -> None:
        """Let the token of a session that logs out not stand for its account any more."""

    async def bind(self, origin: Origin) -> None:
        """Store the token of a session that has logged in, if it has one, and purge the store."""

    async def purge(self) -> None:
        """Remove from the store what is invalid, as far as the store can be reached."""

    async def revoke_account(self, account: str, keep: Origin | None = None) -> None:
        """Remove from the store all tokens that stand for an account but that of `keep`."""


class Passwords(Protocol):
    """Accounts and their passwords in the store (`chatd.auth.passwords`); all raise `ChatError`."""

    async def hash(self, password: str, address: Address | None) -> str:
        """Return a hash of the password of a new account."""

    async def create(self, name: str, password_hash: str, now: float) -> int:
        """Add an account, whose name must be free; return its identity."""

    async def verify(self, name: str, password: str, address: Address | None) -> Account:
        """Return the account `name`; raise `ChatError` unless `password` is its password.

        It takes as long if there is no such account, and longer after several failures.
        """

    async def authenticate(self, name: str, password: str, address: Address | None) -> Account:
        """Verify a password as `verify` does, for a login."""

    async def replace(self, account: Account, new: str, address: Address | None) -> None:
        """Set the password of an account; raise `ChatError` if that has changed meanwhile."""

    async def set_password(self, name: str, new: str) -> None:
        """Set the password of an account."""

    async def remove(self, name: str) -> None:
        """Remove an account."""

    async def all(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""


class Remembered(Protocol):
    """Remembered logins (`chatd.auth.remembered`); all raise `ChatError` if the store fails."""

    async def issue(self, account: str) -> str:
        """Return a new token of an account, by its name."""

    async def authenticate(self, token: str, address: Address | None) -> str:
        """Return the name of the account of a token; raise `ChatError` if there is none."""

    async def of(self, account: str) -> Sequence[RememberedToken]:
        """Return the tokens of an account, the oldest first."""

    async def discard(self, token: str) -> None:
        """Remove a token that nobody has been given."""

    async def revoke(self, token: RememberedToken) -> None:
        """Remove a token."""

    async def revoke_account(self, account: str) -> None:
        """Remove all tokens of an account."""
