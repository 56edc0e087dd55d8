"""The remembered tokens of a store in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chatd.core.records import RememberedToken


class MemoryTokens:
    """Remembered tokens in a dictionary, by their digests."""

    def __init__(self) -> None:
        self._tokens: dict[str, RememberedToken] = {}

    def of_account(self, account: str) -> list[RememberedToken]:
        """Return the tokens of an account, the oldest first."""
        found = [token for token in self._tokens.values() if token.account == account]
        return sorted(found, key=lambda token: (token.created, token.digest))

    def add(self, token: RememberedToken, limit: int) -> None:
        """Add a token; keep the `limit` of its account that were used last."""
        self._tokens[token.digest] = token
        same = self.of_account(token.account)
        kept = sorted(same, key=lambda token: (-token.last_used, token.digest))[:limit]
        self._keep(lambda each: each.account != token.account or each in kept)

    def use(self, digest: str, now: float, before: float) -> str | None:
        """Set when a token was used, unless that was before `before`; return its account's name."""
        token = self._tokens.get(digest)
        if token is None or token.last_used < before:
            return None
        self._tokens[digest] = replace(token, last_used=now)
        return token.account

    def remove(self, digest: str) -> None:
        """Remove the token with a digest."""
        self._tokens.pop(digest, None)

    def remove_all(self, account: str) -> None:
        """Remove all tokens of an account."""
        self._keep(lambda token: token.account != account)

    def remove_before(self, before: float) -> None:
        """Remove all tokens last used before a time."""
        self._keep(lambda token: token.last_used >= before)

    def _keep(self, wanted: Callable[[RememberedToken], bool]) -> None:
        self._tokens = {key: token for key, token in self._tokens.items() if wanted(token)}
