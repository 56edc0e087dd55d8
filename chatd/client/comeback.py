"""The way back into one's rooms after a lost connection: one request after another.

Pure: gives out requests and is told whether they were answered; conversation.py sends them. What
else has to be done at a return, before the rooms or in each, is a step of its own here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from chatd.client.whereabouts import Whereabouts
from chatd.wire.commands import Request

TAG: Final = "comeback"
"""The tag of the requests, by which their answers are known."""

# A server finds a dead connection, which still holds the name, in two minutes.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0)


class Comeback:
    """Joins `rooms` as `name`, in their order, and makes `current` the current one again.

    `has_waited`: whether the name was still in use.
    """

    def __init__(self, name: str, rooms: Iterable[str], current: str | None) -> None:
        self.current = current
        self.has_waited = False
        self._name = name
        self._rooms = deque(rooms)
        self._pauses = iter(_PAUSES)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that one is not back in."""
        return tuple(self._rooms)

    def request(self, where: Whereabouts) -> Request | None:
        """Return what is to be asked next, or None if one is back."""
        if self._rooms:
            arguments = {"chatroom_id": self._rooms[0], "chatter_name": self._name}
            return Request("join", arguments, TAG)
        if self.current in where.rooms and self.current not in (where.current, None):
            return Request("switch", {"chatroom_id": self.current}, TAG)
        return None

    def answered(self) -> None:
        """Go on: the last request was answered, one way or the other."""
        if self._rooms:
            self._rooms.popleft()
        else:
            self.current = None

    def pause(self) -> float | None:
        """Return how long to wait until the name may be free, or None if that was long enough."""
        self.has_waited = True
        return next(self._pauses, None)
