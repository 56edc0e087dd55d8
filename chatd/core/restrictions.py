"""Restrictions: the bans and mutes of a room, for some minutes or until they are lifted.

An account is restricted as such, and stays so when it leaves and comes back. A guest is restricted
as long as the session lasts, under whatever name, and when it has ended by the name of that time: a
guest with that name counts as the same one, and so does a guest with the same address. The ban of
an account bars guests with its address, and no other account: one address may be that of many
users. Restrictions end by the clock that measures durations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chatd.core.ignorelist import GuestNames
from chatd.core.lookalikes import NameKeys
from chatd.core.names import Name
from chatd.core.network import limit_key
from chatd.core.records import AccessKind, RoomAccess

if TYPE_CHECKING:
    from chatd.core.rooms import User


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """A ban or mute, as `entry` describes it, until the time `ends`, None for ever.

    `keys` are those of the name in the entry. `guest` has the names of a guest since then.
    """

    entry: RoomAccess
    keys: NameKeys
    guest: GuestNames | None = None
    ends: float | None = None

    def is_of(self, user: User, name: Name | None = None) -> bool:
        """Tell whether `user` is the account or the guest who was banned or muted.

        A guest is about to have `name`, if that is given.
        """
        if self.guest is not None and user.guest_names is self.guest:
            return True
        if user.account is not None or self.entry.account is not None:
            return user.account == self.entry.account
        # The former name of a guest who is present is free for others.
        is_gone = self.guest is None or not self.guest.current
        keys = user.keys if name is None else name.keys
        return is_gone and keys is not None and self.keys.same_as(keys)

    def is_on(self, user: User, origin: str | None, name: Name | None = None) -> bool:
        """Tell whether it restricts `user`, who may be from its address; `name` is as in `is_of`.

        `origin` is the `limit_key` of the user's address.
        """
        if self.is_of(user, name):
            return True
        entry = self.entry
        if user.account is not None or origin is None or origin != entry.origin:
            return False
        return entry.account is None or entry.kind is AccessKind.BAN

    @property
    def name(self) -> str:
        """The name of the account or guest: a guest who is present may have another one by now."""
        return (self.guest is not None and self.guest.current) or self.entry.name


class Restrictions:
    """The bans or the mutes of one room, the oldest first. It never changes."""

    __slots__ = ("_all",)

    def __init__(self, restrictions: Iterable[Restriction] = ()) -> None:
        self._all = tuple(restrictions)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Restriction]:
        return iter(self._all)

    def adding(self, restriction: Restriction) -> Restrictions:
        """Return these and another one."""
        return Restrictions((*self._all, restriction))

    def removing(self, restriction: Restriction) -> Restrictions:
        """Return these less one."""
        return Restrictions(each for each in self._all if each is not restriction)

    def removing_account(self, account: int) -> Restrictions:
        """Return these less those of an account, which does not exist any more."""
        return Restrictions(each for each in self._all if each.entry.account != account)

    def active(self, now: float) -> Restrictions:
        """Return those that have not ended."""
        return Restrictions(each for each in self._all if each.ends is None or each.ends > now)

    def entries(self, now: float) -> list[RoomAccess]:
        """Return the entries of those that have not ended, with the names of now."""
        return [replace(each.entry, name=each.name) for each in self.active(now)]

    def has(self, user: User, now: float, name: Name | None = None) -> bool:
        """Tell whether one of them restricts `user`, as `Restriction.is_on` says."""
        if not self._all:
            return False
        origin = limit_key(user.address)
        return any(each.is_on(user, origin, name) for each in self.active(now))

    def of(self, user: User | None, account: int | None, now: float) -> Restriction | None:
        """Return the one of a guest or, whether its user is present or not, of an account."""
        for each in self.active(now):
            if account is not None and each.entry.account == account:
                return each
            if account is None and user is not None and each.is_of(user):
                return each
        return None

    def find(
        self, name: Name, user: User | None, account: int | None, now: float
    ) -> Restriction | None:
        """Return the one that somebody means by the `name` of a user or an account.

        That may be one of the user as a guest before the login, or one of a guest who had the name.
        """
        found = self.of(user, account, now)
        if found is None and user is not None:
            found = self.of(user, None, now)
        if found is not None:
            return found
        guests = (each for each in self.active(now) if each.entry.account is None)
        return next((each for each in guests if each.keys.same_as(name.keys)), None)


NO_RESTRICTIONS: Final = Restrictions()
