"""Users who are not here any more, for WHOWAS: the last ones, in memory alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from chatd.core.profiles import Profile
from chatd.protocol.irc.casemapping import folded

MAX_USERS: Final = 1000
"""How many users are remembered."""


class FormerUser(NamedTuple):
    """A user who has left, or has another name now; `time` is when, in seconds since the epoch."""

    name: str
    account: int | None
    profile: Profile
    time: float


class Whowas:
    """The last users who have given up their names."""

    def __init__(self) -> None:
        self._users: deque[FormerUser] = deque(maxlen=MAX_USERS)

    def add(self, user: FormerUser) -> None:
        """Remember a user."""
        self._users.append(user)

    def find(self, name: str, count: int) -> Sequence[FormerUser]:
        """Return the users who had a name, the last one first; at most `count` if it is above 0."""
        wanted = folded(name)
        found = [user for user in reversed(self._users) if folded(user.name) == wanted]
        return found[:count] if count > 0 else found
