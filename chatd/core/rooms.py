"""Rooms and their members. The directory has all rooms.

Nothing here checks a right or tells anybody anything: that is chat.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from chatd.core import names

if TYPE_CHECKING:
    from chatd.core.users import User


class Role(Enum):
    """What a member may do in a room beyond what every member may."""

    NONE = "none"


@dataclass(slots=True)
class Member:
    """A user's membership in a room; `joined_at` is seconds since the epoch."""

    role: Role
    joined_at: float


class Room:
    """A room: its id and name in the spelling of its creation, and its members in order of joining.

    `last_id` is the id of the newest message, 0 before the first one: ids count from 1.
    """

    __slots__ = ("id", "key", "last_id", "members", "name")

    def __init__(self, room_id: str, name: str, last_id: int = 0) -> None:
        self.id = room_id
        self.key = names.room_key(room_id)
        self.name = name
        self.last_id = last_id
        self.members: dict[User, Member] = {}

    def add(self, user: User, now: float) -> None:
        """Make `user` a member."""
        self.members[user] = user.rooms[self] = Member(Role.NONE, now)

    def remove(self, user: User) -> None:
        """End the membership of `user`."""
        del self.members[user], user.rooms[self]
