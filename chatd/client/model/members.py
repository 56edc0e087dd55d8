"""The members of a room, as far as the client knows them."""

from __future__ import annotations

from collections.abc import Iterable


class RoomMembers:
    """`room_name` is the room's name, "" if unknown; `names` are members in the order of joining.

    The server names the first members of a large room alone: `hidden` is the number of the others.
    """

    def __init__(self, names: Iterable[str] = (), count: int = 0, room_name: str = "") -> None:
        self.room_name = room_name
        self.names = dict.fromkeys(names)
        self.hidden = max(0, count - len(self.names))

    @property
    def count(self) -> int:
        """The number of all members."""
        return len(self.names) + self.hidden

    def joined(self, name: str) -> None:
        """Add a member."""
        self.names[name] = None

    def left(self, name: str) -> None:
        """Remove a member, who may be one without a known name."""
        if name in self.names:
            del self.names[name]
        elif self.hidden:
            self.hidden -= 1

    def renamed(self, name: str, new_name: str) -> None:
        """Give a member another name; the order stays."""
        if name in self.names:
            self.names = {new_name if each == name else each: None for each in self.names}
