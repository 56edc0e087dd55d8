"""The way back after a lost connection: one's name, then one's rooms, one request after another.

Pure: gives out requests and is told whether they were answered; presence.py sends them, and sees to
what was missed in each room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from chatd.client.model.state import Whereabouts
from chatd.protocol.commands import Request

TAG: Final = "comeback"
"""The tag of the requests, by which their answers are known."""

# A server finds a dead connection, which still holds the name, in two minutes.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0)


class Comeback:
    """Takes `name` back, joins `rooms` in their order, and makes `current` the current one again.

    `secrets`: of the sessions that may have the name, to be tried in turn. Without one a guest takes
    his name as he joins; who was logged in to `account` `must_log_in`. `waits`: the next request is
    not to be sent before a pause; `has_waited`: it was told that there are pauses.
    """

    def __init__(
        self,
        name: str,
        rooms: Iterable[str],
        current: str | None,
        secrets: Iterable[str] = (),
        account: str | None = None,
    ) -> None:
        self.name = name
        self.current = current
        self.secrets = deque(secrets if name else ())
        self.account = account
        self.waits = self.has_waited = False
        self._is_named = not name
        self._rooms = deque(rooms)
        self._pauses = iter(_PAUSES)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that one is not back in."""
        return tuple(self._rooms)

    @property
    def must_log_in(self) -> bool:
        """Whether it does not go on before the person has logged in."""
        return self.account is not None and not self._is_named and not self.secrets

    def named(self) -> None:
        """Take note that one has one's name, and login, again."""
        self._is_named = True
        self.secrets.clear()

    def request(self, where: Whereabouts) -> Request | None:
        """Return what is to be asked next, or None if one is back, or must log in."""
        if self.secrets:
            return Request("resume", {"session": self.secrets[0]}, TAG)
        if self.must_log_in:
            return None
        while self._rooms and self._rooms[0] in where.rooms:  # by the Administrator's hand
            self._rooms.popleft()
        if self._rooms:
            arguments = {"chatroom_id": self._rooms[0], "chatter_name": self.name}
            return Request("join", arguments, TAG)
        if self.current in where.rooms and self.current not in (where.current, None):
            return Request("switch", {"chatroom_id": self.current}, TAG)
        return None

    def answered(self, command: str | None) -> None:
        """Go on: the last request was answered, one way or the other."""
        if command == "resume":
            if self.secrets:
                self.secrets.popleft()
        elif self._rooms:
            self._rooms.popleft()
        else:
            self.current = None

    def pause(self) -> float | None:
        """Return how long to wait until the name may be free, or None if that was long enough."""
        return next(self._pauses, None)
