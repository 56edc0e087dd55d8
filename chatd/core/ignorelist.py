"""Lists of ignored users, as data: which messages are those of somebody ignored."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakValueDictionary

_NONE: Final[Mapping[int, str]] = MappingProxyType({})


class GuestNames:
    """The names of a guest and the times at which they had them; `current` is "" once they left.

    So one knows which messages are those of the guest: before and after, another guest may have
    the name. Times are seconds since the epoch.
    """

    __slots__ = ("_former", "_since", "current")

    def __init__(self, current: str, since: float = 0.0) -> None:
        self.current = current
        self._since = since
        self._former: tuple[tuple[str, float, float], ...] = ()

    def change(self, name: str, now: float) -> None:
        """Note that the guest has another name from the time `now` on."""
        if name == self.current:
            return
        if self.current:
            self._former += ((self.current, self._since, now),)
        self.current, self._since = name, now

    def had(self, name: str, time: float) -> bool:
        """Tell whether it was the guest who had `name` at that time."""
        if name == self.current:
            return time >= self._since
        return any(
            name == former and since <= time <= until for former, since, until in self._former
        )


class IgnoreList:
    """The users that a user ignores: accounts, with their names by their ids, and guests.

    It never changes; a user gets another one instead. `codecs` has the codecs that filter by it
    and that a session uses.
    """

    def __init__(
        self, accounts: Mapping[int, str] = _NONE, guests: tuple[GuestNames, ...] = ()
    ) -> None:
        self.accounts = accounts
        self.guests = tuple(guest for guest in guests if guest.current)
        self.codecs: WeakValueDictionary[object, Any] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self.accounts) + len(self.guests)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the ignored users, in the order in which they were added."""
        guests = (guest.current for guest in self.guests if guest.current)
        return (*self.accounts.values(), *guests)

    def has(self, sender: str, account: int | None, time: float) -> bool:
        """Tell whether a message is one of an ignored user; `account` is None for a guest."""
        if account is not None:
            return account in self.accounts
        return any(guest.had(sender, time) for guest in self.guests)
