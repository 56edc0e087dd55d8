"""Restrictions: the bans and mutes of a room, for some minutes or until they are lifted.

An account is restricted as such, and stays so when it leaves and comes back. A guest is restricted
as long as the session lasts, under whatever name, and when it has ended by the name of that time: a
guest or an account with that name counts as the same one, and so does a guest with the same
address. A ban bars guests with the same address at once, the ban of an account as well, and no
account: one address may be that of many users. Restrictions end by the clock that measures
durations.
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


_Mark = int | str | GuestNames
"""The id of an account, a look of a name, an address as `limit_key` has it, or a guest."""


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
        if self.entry.account is not None:
            return user.account == self.entry.account
        keys = _keys(user, name)
        return keys is not None and self.is_of_name(keys)

    def is_of_name(self, keys: NameKeys) -> bool:
        """Tell whether it restricts whoever has a name: it is that of a guest who has gone."""
        return self._is_of_guest_gone and self.keys.same_as(keys)

    def is_on(self, user: User, origin: str | None, name: Name | None = None) -> bool:
        """Tell whether it restricts `user`, who may be from its address; `name` is as in `is_of`.

        `origin` is the `limit_key` of the user's address.
        """
        if self.is_of(user, name):
            return True
        if user.account is not None or origin is None or origin != self.entry.origin:
            return False
        # A user who is banned does not come back by another connection. A mute follows the guest
        # who is present, and others may talk.
        return self.entry.kind is AccessKind.BAN or self._is_of_guest_gone

    @property
    def _is_of_guest_gone(self) -> bool:
        # The former name of a guest who is present is free for others.
        is_present = self.guest is not None and self.guest.current
        return self.entry.account is None and not is_present

    def marks(self) -> Iterator[_Mark]:
        """Return what users have one of whom it restricts; none of it ever changes."""
        entry = self.entry
        if entry.account is not None:
            yield entry.account
        else:
            yield from self.keys.looks
        if self.guest is not None:
            yield self.guest
        if entry.origin is not None and (entry.account is None or entry.kind is AccessKind.BAN):
            yield entry.origin

    def lasts(self, now: float) -> bool:
        """Tell whether it has not ended at the time `now`."""
        return self.ends is None or self.ends > now

    @property
    def name(self) -> str:
        """The name of the account or guest: a guest who is present may have another one by now."""
        return (self.guest is not None and self.guest.current) or self.entry.name


class Restrictions:
    """The bans or the mutes of one room, the oldest first. It never changes."""

    __slots__ = ("_all", "_by_mark")

    def __init__(self, restrictions: Iterable[Restriction] = ()) -> None:
        self._all = tuple(restrictions)
        # Each message in a room with mutes asks whether its sender is muted.
        self._by_mark: dict[_Mark, list[Restriction]] = {}
        for each in self._all:
            for mark in each.marks():
                self._by_mark.setdefault(mark, []).append(each)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Restriction]:
        return iter(self._all)

    def adding(self, restriction: Restriction) -> Restrictions:
        """Return these and another one."""
        more = Restrictions()
        more._all = (*self._all, restriction)
        more._by_mark = self._by_mark.copy()
        for mark in restriction.marks():
            more._by_mark[mark] = [*more._by_mark.get(mark, ()), restriction]
        return more

    def removing(self, restriction: Restriction) -> Restrictions:
        """Return these less one."""
        return self._only([each for each in self._all if each is not restriction])

    def removing_account(self, account: int) -> Restrictions:
        """Return these less those of an account, which does not exist any more."""
        return self._only([each for each in self._all if each.entry.account != account])

    def active(self, now: float) -> Restrictions:
        """Return those that have not ended."""
        return self._only([each for each in self._all if each.lasts(now)])

    def _only(self, kept: list[Restriction]) -> Restrictions:
        return self if len(kept) == len(self._all) else Restrictions(kept)

    def entries(self, now: float) -> list[RoomAccess]:
        """Return the entries of those that have not ended, with the names of now."""
        return [replace(each.entry, name=each.name) for each in self.active(now)]

    def has(self, user: User, now: float, name: Name | None = None) -> bool:
        """Tell whether one of them restricts `user`, as `Restriction.is_on` says."""
        if not self._all:
            return False
        origin, keys = limit_key(user.address), _keys(user, name)
        looks = () if keys is None else keys.looks
        for mark in (user.account, user.guest_names, origin, *looks):
            if mark is not None and any(
                each.lasts(now) and each.is_on(user, origin, name)
                for each in self._by_mark.get(mark, ())
            ):
                return True
        return False

    def has_name(self, name: Name, now: float) -> bool:
        """Tell whether one of them restricts whoever has a name, as `Restriction.is_of_name`."""
        return any(
            each.lasts(now) and each.is_of_name(name.keys)
            for look in name.keys.looks
            for each in self._by_mark.get(look, ())
        )

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

        That may be one of the user as a guest before the login, one of a guest who had the name, or
        one that restricts the user by the address.
        """
        found = self.of(user, account, now)
        if found is None and user is not None:
            found = self.of(user, None, now)
        if found is not None:
            return found
        active = self.active(now)
        guests = (each for each in active if each.entry.account is None)
        found = next((each for each in guests if each.keys.same_as(name.keys)), None)
        if found is None and user is not None:
            origin = limit_key(user.address)
            found = next((each for each in active if each.is_on(user, origin)), None)
        return found


def _keys(user: User, name: Name | None) -> NameKeys | None:
    """Return the keys of the name that a user has, or that a guest is about to have."""
    return user.keys if name is None or user.account is not None else name.keys


NO_RESTRICTIONS: Final = Restrictions()
