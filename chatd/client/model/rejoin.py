"""The way back after a lost connection: the name, then the rooms, one request after another.

It gives out requests and is told their replies; session.py sends them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from chatd.client.model.keys import RoomKeys
from chatd.client.model.state import ClientState
from chatd.protocol.command import Request

TAG: Final = "rejoin"
"""The tag of the requests, by which the client knows their replies."""

# A server finds a dead connection, which still holds the name, in two minutes.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0)


class Rejoin:
    """Takes `name` back, joins `rooms` in their order, and makes `current` the current room again.

    `tokens` are the resume tokens of the sessions that may hold the name; they are tried in turn.
    Without a token a guest takes the name back by joining; a user that was logged in to `account`
    has to log in (`must_log_in`). `keys` are those of the rooms. `is_waiting`: the next request
    waits for `ChatSession.retry`; `was_announced`: the user was told that the client waits.
    """

    def __init__(
        self,
        name: str,
        rooms: Iterable[str],
        current: str | None,
        tokens: Iterable[str] = (),
        account: str | None = None,
        keys: RoomKeys | None = None,
    ) -> None:
        self.name = name
        self.current = current
        self.tokens = deque(tokens if name else ())
        self.account = account
        self._keys = keys or RoomKeys()
        self.is_waiting = self.was_announced = False
        self._has_name = not name
        self._rooms = deque(rooms)
        self._pauses = iter(_PAUSES)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that are still to be joined."""
        return tuple(self._rooms)

    @property
    def must_log_in(self) -> bool:
        """Whether the user has to log in before the rooms can be joined."""
        return self.account is not None and not self._has_name and not self.tokens

    def name_restored(self) -> None:
        """Note that the user has their name, and login, again."""
        self._has_name = True
        self.tokens.clear()

    def request(self, state: ClientState) -> Request | None:
        """Return the next request, or None if all is done or the user has to log in."""
        if self.tokens:
            return Request("resume", {"session": self.tokens[0]}, TAG)
        if self.must_log_in:
            return None
        # The user may be in a room already: moved there by the administrator, or because other
        # sessions of the account have kept it.
        while self._rooms and self._rooms[0] in state.rooms:
            self._rooms.popleft()
        if self._rooms:
            room = self._rooms[0]
            arguments, key = {"chatroom_id": room, "chatter_name": self.name}, self._keys.of(room)
            return Request("join", arguments | ({} if key is None else {"key": key}), TAG)
        if self.current in state.rooms and self.current not in (state.current, None):
            return Request("switch", {"chatroom_id": self.current}, TAG)
        return None

    def replied(self, command: str | None) -> None:
        """Go on to the next request: the last one has its reply, whatever it was."""
        if command == "resume":
            if self.tokens:
                self.tokens.popleft()
        elif self._rooms:
            self._rooms.popleft()
        else:
            self.current = None

    def next_pause(self) -> float | None:
        """Return the seconds until the name may be free, or None after the last attempt."""
        return next(self._pauses, None)
