"""Users who are not here any more, for WHOWAS: the last ones, in memory alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from chatd.core.names import typed_name
from chatd.core.profiles import Profile

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
        # With the folded forms of the names.
        self._users: deque[tuple[str, FormerUser]] = deque(maxlen=MAX_USERS)

    def add(self, user: FormerUser) -> None:
        """Remember a user."""
        self._users.append((typed_name(user.name).keys.folded, user))

    def find(self, name: str, count: int = 0) -> Sequence[FormerUser]:
        """Return the users who had a name, the last one first; at most `count` if it is above 0.

        The case of the name makes no difference.
        """
        wanted = typed_name(name).keys.folded
        found = [user for folded, user in reversed(self._users) if wanted and folded == wanted]
        return found[:count] if count > 0 else found
