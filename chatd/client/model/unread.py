"""How many messages the user has not read in the rooms that are not the current one."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

MAX_UNREAD: Final = 9999
"""How many messages of a room are counted at most."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The numbers of a room: `messages`, and how many of them mention the user."""

    room: str
    messages: int = 0
    mentions: int = 0


@dataclass(slots=True)
class _Messages:
    """The ids of unread messages, and of those that mention the user: the newest ones."""

    ids: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_UNREAD))
    mentions: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_UNREAD))


def _above(message_id: int, ids: Iterable[int]) -> deque[int]:
    return deque((each for each in ids if each > message_id), MAX_UNREAD)


class UnreadCounts:
    """The numbers of all rooms with unread messages."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Messages] = {}

    @property
    def counts(self) -> tuple[Unread, ...]:
        """The numbers, in the order in which the rooms got their first unread message."""
        return tuple(
            Unread(room, len(each.ids), len(each.mentions)) for room, each in self._rooms.items()
        )

    def add(self, room: str, message_id: int, *, mentions: bool) -> None:
        """Count a message; `mentions`: it mentions the user."""
        self._add(room, [message_id], [message_id] if mentions else [])

    def add_all(self, room: str, message_ids: range) -> None:
        """Count messages whose texts are not known."""
        if message_ids:
            self._add(room, message_ids[-MAX_UNREAD:], [])

    def read(self, room: str | None) -> None:
        """Note that a room is the current one: all its messages are read."""
        self._rooms.pop(room or "", None)

    def read_up_to(self, room: str, message_id: int) -> None:
        """Note that the messages of a room up to one are read."""
        messages = self._rooms.get(room)
        if messages is None:
            return
        left = _Messages(*(_above(message_id, ids) for ids in (messages.ids, messages.mentions)))
        self._rooms[room] = left
        if not left.ids:
            del self._rooms[room]

    def keep(self, rooms: Collection[str]) -> None:
        """Forget all rooms but these."""
        self._rooms = {room: each for room, each in self._rooms.items() if room in rooms}

    def _add(self, room: str, ids: Iterable[int], mentions: Iterable[int]) -> None:
        messages = self._rooms.setdefault(room, _Messages())
        messages.ids.extend(ids)
        messages.mentions.extend(mentions)
