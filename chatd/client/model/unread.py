"""How many messages the user has not read in the rooms that are not the current one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unread:
    """The numbers of a room: `messages`, and how many of them mention the user."""

    room: str
    messages: int = 0
    mentions: int = 0


class UnreadCounts:
    """The numbers of all rooms with unread messages."""

    def __init__(self) -> None:
        self._counts: dict[str, Unread] = {}

    @property
    def counts(self) -> tuple[Unread, ...]:
        """The numbers, in the order in which the rooms got their first unread message."""
        return tuple(self._counts.values())

    def add(self, room: str, *, mentions: bool) -> None:
        """Count a message; `mentions`: it mentions the user."""
        before = self._counts.get(room, Unread(room))
        self._counts[room] = Unread(room, before.messages + 1, before.mentions + mentions)

    def read(self, room: str | None) -> None:
        """Note that a room is the current one: all its messages are read."""
        self._counts.pop(room or "", None)

    def keep(self, rooms: Collection[str]) -> None:
        """Forget all rooms but these."""
        self._counts = {room: each for room, each in self._counts.items() if room in rooms}
