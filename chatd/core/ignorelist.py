"""Lists of ignored users, as data: which messages are those of somebody ignored."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_NONE: Final[Mapping[int, str]] = MappingProxyType({})


class GuestNames:
    """The names of a guest whom somebody ignores: `current`, "" once the guest has gone.

    A former name counts up to the time of the change: another guest may have it after that.
    """

    def __init__(self, current: str) -> None:
        self.current = current
        self._former: list[tuple[str, float]] = []

    def change(self, name: str, now: float) -> None:
        """Note another name; the times are seconds since the epoch."""
        if self.current and name != self.current:
            self._former.append((self.current, now))
        self.current = name

    def had(self, name: str, time: float) -> bool:
        """Tell whether it was the guest who had `name` at that time."""
        if name == self.current:
            return True
        return any(name == former and time <= until for former, until in self._former)


class IgnoreList:
    """The users that a user ignores: accounts, with their names by their ids, and guests.

    It never changes; a user gets another one instead. `codecs` has the codecs that filter by it.
    """

    def __init__(
        self, accounts: Mapping[int, str] = _NONE, guests: tuple[GuestNames, ...] = ()
    ) -> None:
        self.accounts = accounts
        self.guests = tuple(guest for guest in guests if guest.current)
        self.codecs: dict[object, Any] = {}

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
