"""Resume tokens: which session continues which (spec section 7).

A token is known by its digest alone. It stands for a session that is present or, for some time,
for one that has ended. The token of an account is in the store as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chatd.core.names import Name
from chatd.core.rooms import SessionKey, User

GUEST_RESUME_SECONDS: Final = 600.0
"""How long a guest's token is valid after the connection is lost: others may want the name."""

ACCOUNT_RESUME_SECONDS: Final = 86400.0
"""How long an account's token is valid after the connection is lost."""

MAX_PARKED: Final = 20_000
"""How many tokens are kept of guests whose sessions have ended, and as many of accounts."""


@dataclass(frozen=True, slots=True)
class ParkedSession:
    """A session that has ended and can be resumed until a time.

    `account` is the id of the account that it was logged in to, None for a guest.
    """

    name: Name
    account: int | None
    user: User
    until: float


class ResumeState:
    """The digests of the tokens of sessions that are present, and of those that have ended."""

    def __init__(self) -> None:
        self._present: dict[str, SessionKey] = {}
        self._digests: dict[SessionKey, str] = {}
        # Those of guests and those of accounts, each in the order in which they expire.
        self._guests: dict[str, ParkedSession] = {}
        self._accounts: dict[str, ParkedSession] = {}

    def present(self, digest: str) -> SessionKey | None:
        """Return the session that a token stands for, if it is present."""
        return self._present.get(digest)

    def parked(self, digest: str, now: float) -> ParkedSession | None:
        """Return the session that a token stands for, if it has ended and can be resumed."""
        parked = self._guests.get(digest) or self._accounts.get(digest)
        return parked if parked is not None and parked.until > now else None

    def issue(self, session: SessionKey, digest: str) -> None:
        """Let a token stand for a session, in place of the one that it has."""
        self.drop(session)
        self._present[digest], self._digests[session] = session, digest

    def drop(self, session: SessionKey) -> str | None:
        """Remove the token of a session; return its digest if the session had one."""
        digest = self._digests.pop(session, None)
        if digest is not None:
            self._present.pop(digest, None)
        return digest

    def park(self, session: SessionKey, parked: ParkedSession, now: float) -> bool:
        """Keep the token of a session that ends; return whether it has one."""
        digest = self.drop(session)
        if digest is None:
            return False
        kept = self._guests if parked.account is None else self._accounts
        kept[digest] = parked
        oldest = next(iter(kept))
        if len(kept) > MAX_PARKED or kept[oldest].until < now:
            del kept[oldest]
        return True

    def unpark(self, digest: str) -> None:
        """Remove the token of a session that has ended."""
        self._guests.pop(digest, None)
        self._accounts.pop(digest, None)

    def unpark_account(self, account: int) -> None:
        """Remove the tokens of an account's sessions that have ended."""
        for digest, parked in list(self._accounts.items()):
            if parked.account == account:
                del self._accounts[digest]
