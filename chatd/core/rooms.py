"""Who and what there is: chatters and rooms. The registry has them all.

A `Chatter` is a person, not a connection; he has a name from his first join or his login on.
Nothing here checks a right or tells anybody anything: that is chat.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatd.core import names
from chatd.core.events import Address


class User:
    """A person who chats: his name ("" before he has one), where he comes from, his rooms.

    `account` is the account he is logged in to, whose name is his. `rooms` is in the order of
    joining; `current` is the room that his messages go to. Once he is `gone` he can do nothing.
    """

    __slots__ = ("account", "address", "current", "gone", "name", "rooms")

    def __init__(self, address: Address | None) -> None:
        self.name = ""
        self.account: str | None = None
        self.gone = False
        self.address = address
        self.rooms: dict[str, Room] = {}
        self.current: Room | None = None

    def is_in(self, room: Room) -> bool:
        """Tell whether he is in `room`."""
        return room.key in self.rooms


@dataclass(frozen=True, slots=True)
class ResumableUser:
    """Who somebody was on a connection that is lost, or is not known to be lost yet.

    `chatter` is None where he is gone, `until` when he may come back at the latest.
    """

    name: str
    account: str | None
    user: User | None = None
    until: float = 0.0


class Room:
    """A room: its id and name as it was started, its members in the order they came.

    `count` is the number of messages said in it so far, which is the id of the last one.
    """

    __slots__ = ("count", "id", "key", "members", "name")

    def __init__(self, room_id: str, name: str, count: int = 0) -> None:
        self.id = room_id
        self.key = names.room_key(room_id)
        self.name = name
        self.count = count
        self.members: dict[User, None] = {}

    def add(self, user: User) -> None:
        """Take `who` in; it becomes his current room."""
        self.members[user] = None
        user.rooms[self.key] = user.current = self

    def remove(self, user: User) -> None:
        """Let `who` go; of his other rooms the one he joined last becomes current."""
        del self.members[user]
        del user.rooms[self.key]
        if user.current is self:
            user.current = next(reversed(user.rooms.values()), None)
