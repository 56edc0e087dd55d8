"""The accounts of the world: their names, the administrators, and the accounts they ignore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatd.core.ignorelist import IgnoreList
from chatd.core.lookalikes import NameKeys
from chatd.core.nameindex import NameIndex
from chatd.core.names import typed_name
from chatd.core.records import AccountRef

_NO_NAMES: Mapping[int, str] = {}


class KnownAccounts:
    """The accounts by their names and by their ids, which are never given again."""

    def __init__(self) -> None:
        self._by_name: NameIndex[AccountRef] = NameIndex()
        self._keys: dict[int, NameKeys] = {}
        self._refs: dict[int, AccountRef] = {}
        self._admins: set[int] = set()
        # By the id of the account that ignores: the names of the ignored ones by their ids.
        self._ignored: dict[int, dict[int, str]] = {}

    # -- reading

    def by_id(self, account: int) -> AccountRef | None:
        """Return the account with an id."""
        return self._refs.get(account)

    def keys(self, account: int) -> NameKeys:
        """Return the keys of the name of an account."""
        return self._keys[account]

    def find(self, keys: NameKeys) -> AccountRef | None:
        """Return the account with a name, or with one that counts as the same."""
        return self._by_name.find(keys)

    def find_all(self, keys: NameKeys) -> list[AccountRef]:
        """Return all accounts whose names count as the same as a name."""
        return self._by_name.find_all(keys)

    def is_former(self, name: str, account: int | None) -> bool:
        """Tell whether a name belongs to another account than `account` (None: a guest)."""
        owners = self._by_name.find_all(typed_name(name).keys)
        return bool(owners) and all(owner.id != account for owner in owners)

    def is_admin(self, account: int | None) -> bool:
        """Tell whether an account is an administrator."""
        return account in self._admins

    @property
    def admins(self) -> Sequence[AccountRef]:
        """The accounts that are administrators, in the order of their ids."""
        return [self._refs[account] for account in sorted(self._admins)]

    def ignored_by(self, account: int) -> IgnoreList:
        """Return the list of the accounts that an account ignores."""
        return IgnoreList(dict(self._ignored.get(account, _NO_NAMES)))

    # -- changes

    def add(self, account: AccountRef, keys: NameKeys) -> None:
        """Add an account."""
        self._by_name.add(keys, account)
        self._keys[account.id], self._refs[account.id] = keys, account

    def remove(self, account: int) -> AccountRef | None:
        """Remove an account, its list and its place in other lists; return it if it existed."""
        ref = self._refs.pop(account, None)
        if ref is not None:
            self._by_name.remove(self._keys.pop(account), ref)
        self._admins.discard(account)
        self._ignored.pop(account, None)
        for ignored in self._ignored.values():
            ignored.pop(account, None)
        return ref

    def set_admin(self, account: int, is_admin: bool) -> None:
        """Make an account an administrator, or let it be none."""
        if is_admin and account in self._refs:
            self._admins.add(account)
        else:
            self._admins.discard(account)

    def set_ignored(self, account: int, other: AccountRef, ignored: bool) -> None:
        """Let an account ignore another one, or no more."""
        if ignored:
            self._ignored.setdefault(account, {})[other.id] = other.name
        else:
            self._ignored.get(account, {}).pop(other.id, None)
