"""The messages that the user typed without a connection; they are sent after the return.

Each belongs to the room that was the current one when it was typed.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

MAX_WAITING: Final = 50
"""How many messages may wait."""


class Waiting(NamedTuple):
    """A message, and the room that it was typed for."""

    room: str
    text: str


class WaitingMessages:
    """The messages in the order of typing, at most `MAX_WAITING`."""

    def __init__(self) -> None:
        self._messages: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, room: str, text: str) -> bool:
        """Keep a message; return False if too many wait already."""
        if len(self._messages) >= MAX_WAITING:
            return False
        self._messages.append(Waiting(room, text))
        return True

    def take(self) -> list[Waiting]:
        """Return all messages, which do not wait any more."""
        taken = list(self._messages)
        self._messages.clear()
        return taken
