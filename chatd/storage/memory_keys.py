"""The keys of the accounts of a store in memory."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccountKey


class MemoryKeys:
    """Keys in a dictionary by their fingerprints, each with the id of its account."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[int, AccountKey]] = {}

    def of_account(self, account: int) -> list[AccountKey]:
        """Return the keys of an account, the oldest first."""
        found = [key for holder, key in self._keys.values() if holder == account]
        return sorted(found, key=lambda key: (key.added, key.fingerprint))

    def account_of(self, fingerprint: str) -> int | None:
        """Return the id of the account that has a key."""
        found = self._keys.get(fingerprint)
        return None if found is None else found[0]

    def add(self, account: int, key: AccountKey, limit: int) -> bool:
        """Add a key to an account, unless it has too many; return whether it has the key."""
        holder = self.account_of(key.fingerprint)
        if holder is not None:
            if holder != account:
                raise ChatError(ErrorCode.KEY_IN_USE)
            return True
        if len(self.of_account(account)) >= limit:
            return False
        self._keys[key.fingerprint] = account, key
        return True

    def remove(self, account: int, fingerprint: str) -> bool:
        """Remove a key of an account; return whether it had the key."""
        if self.account_of(fingerprint) != account:
            return False
        del self._keys[fingerprint]
        return True

    def remove_all(self, account: int) -> None:
        """Remove all keys of an account."""
        for key in self.of_account(account):
            del self._keys[key.fingerprint]
