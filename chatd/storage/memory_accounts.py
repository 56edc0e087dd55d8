"""The accounts of a store in memory, with their tokens and what else belongs to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import count

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import name_keys
from chatd.core.records import Account, AccountRef, ResumeToken
from chatd.storage.memory_kept import MemoryKeptMessages
from chatd.storage.memory_keys import MemoryKeys
from chatd.storage.memory_tokens import MemoryTokens


class MemoryAccounts:
    """Accounts by their names, in the order of their registration."""

    def __init__(self) -> None:
        self.by_name: dict[str, Account] = {}
        self.tokens: dict[str, ResumeToken] = {}
        self.remembered = MemoryTokens()
        self.keys = MemoryKeys()
        self.kept = MemoryKeptMessages()
        self._ids = count(1)
        # By the keys of the looks of their names.
        self._by_look: dict[str, Account] = {}
        # The registrations of the accounts, by their ids.
        self._registrations: dict[int, str] = {}
        self._ignores: set[tuple[int, int]] = set()

    def add(
        self, name: str, password_hash: str, registered_at: float, registration: str | None
    ) -> Account:
        """Add an account, or set the hash and time of the one with the same registration."""
        looks = name_keys(name).looks
        for look in sorted(looks & self._by_look.keys()):
            other = self._by_look[look]
            is_own = registration is not None and registration == self._registrations.get(other.id)
            if not is_own or other.name != name:
                raise ChatError(ErrorCode.NAME_IN_USE, name=other.name)
        account = self.by_name.get(name) or Account(next(self._ids), name, "", 0.0)
        self._set(replace(account, password_hash=password_hash, registered_at=registered_at))
        if registration is not None:
            self._registrations[account.id] = registration
        return self.by_name[name]

    def set_password_hash(self, name: str, password_hash: str, is_new_password: bool) -> None:
        """Change the password hash of an account; a new password removes other ways to log in."""
        if name not in self.by_name:
            return
        account = self.by_name[name]
        self._set(replace(account, password_hash=password_hash))
        if is_new_password:
            self.remembered.remove_all(name)
            self.keys.remove_all(account.id)

    def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        if name in self.by_name:
            self._set(replace(self.by_name[name], is_admin=is_admin))

    def remove(self, name: str) -> int | None:
        """Remove an account with all its tokens and keys; return its id, if there is one."""
        account = self.by_name.pop(name, None)
        if account is None:
            return None
        for look in name_keys(name).looks:
            del self._by_look[look]
        self._registrations.pop(account.id, None)
        self._ignores = {pair for pair in self._ignores if account.id not in pair}
        self.remembered.remove_all(name)
        self.keys.remove_all(account.id)
        self.kept.remove_all(account.id)
        self.remove_tokens(name)
        return account.id

    def remove_tokens(self, account: str) -> None:
        """Remove all resume tokens of an account."""
        for token in list(self.tokens.values()):
            if token.account == account:
                del self.tokens[token.digest]

    def touch_tokens(self, digests: Collection[str], now: float, before: float) -> None:
        """Set when some resume tokens were last seen, and remove those not seen since `before`."""
        for digest in self.tokens.keys() & set(digests):
            self.tokens[digest] = replace(self.tokens[digest], last_seen=now)
        for token in list(self.tokens.values()):
            if token.last_seen < before:
                del self.tokens[token.digest]

    def add_ignore(self, account: int, ignored: int) -> None:
        """Note that an account ignores another one, if both exist."""
        if self.exists(account) and self.exists(ignored):
            self._ignores.add((account, ignored))

    def remove_ignore(self, account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
        self._ignores.discard((account, ignored))

    def ignores(self) -> list[tuple[int, AccountRef]]:
        """Return the id of each account that ignores another one, and the other one."""
        refs = {account.id: account for account in self.refs()}
        return [(account, refs[ignored]) for account, ignored in sorted(self._ignores)]

    def exists(self, account: int) -> bool:
        """Return whether there is an account with an id."""
        return any(each.id == account for each in self.by_name.values())

    def refs(self) -> list[AccountRef]:
        """Return the ids and names of all accounts."""
        return [AccountRef(account.id, account.name) for account in self.by_name.values()]

    def admins(self) -> tuple[int, ...]:
        """Return the ids of the accounts that are administrators."""
        return tuple(account.id for account in self.by_name.values() if account.is_admin)

    def _set(self, account: Account) -> None:
        self.by_name[account.name] = account
        for look in name_keys(account.name).looks:
            self._by_look[look] = account
