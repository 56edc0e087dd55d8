"""Names that are held: those of guests whose connection was lost, until they have resumed.

A guest who uses JSON has a resume token. For a minute after the loss the name is for that token
alone. Otherwise another user who makes the server abort the connection could take the name before
the guest is back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatd.core.network import limit_key
from chatd.core.rooms import User

HOLD_SECONDS: Final = 60
"""How long a name is held."""

MAX_HELD: Final = 10_000
"""How many names are held at once."""

MAX_HELD_PER_ORIGIN: Final = 64
"""How many names are held at once for users from one address."""


class HeldNames:
    """The names that are held, by the user who had them.

    `on_expired` is called with a user when the name has been held long enough. Names beyond the
    limits are not held. Addresses of this machine have no limit of their own.
    """

    def __init__(self, clock: IReactorTime, on_expired: Callable[[User], None]) -> None:
        self._clock = clock
        self._on_expired = on_expired
        self._names: dict[User, str] = {}
        self._timers: dict[User, IDelayedCall] = {}
        self._by_origin: Counter[str] = Counter()

    def add(self, user: User, name: str) -> bool:
        """Hold the name of a user who has ended; return whether that is within the limits."""
        origin = limit_key(user.address)
        if len(self._names) >= MAX_HELD:
            return False
        if origin is not None:
            if self._by_origin[origin] >= MAX_HELD_PER_ORIGIN:
                return False
            self._by_origin[origin] += 1
        self._names[user] = name
        self._timers[user] = self._clock.callLater(HOLD_SECONDS, self._on_expired, user)
        return True

    def find(self, user: User) -> str:
        """Return the name that is held for a user, "" if none is."""
        return self._names.get(user, "")

    def remove(self, user: User) -> str:
        """Hold the name of a user no longer; return it, "" if none was held."""
        name = self._names.pop(user, "")
        if not name:
            return ""
        timer = self._timers.pop(user)
        if timer.active():
            timer.cancel()
        origin = limit_key(user.address)
        if origin is not None:
            self._by_origin[origin] -= 1
            if not self._by_origin[origin]:
                del self._by_origin[origin]
        return name
