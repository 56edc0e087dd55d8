"""The words on connecting, and the line that says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from chatd.client.model.state import ClientState
from chatd.client.ui.frontend import Address
from chatd.core.bidi import isolate
from chatd.core.sanitize import sanitize
from chatd.protocol.received import RoomInfo, RoomList

JOIN_FIRST: Final = "Server: Join a room first!"
"""The server's answer to a message of a user who is in no room."""

_EXAMPLE_ROOM: Final = "lobby"
_EXAMPLE_NAME: Final = "YourName"


def greeting(server: Address | None, about: Mapping[str, object]) -> str:
    """Return the line on connecting; `about` is what the server says of itself."""
    version, rooms, users = (about.get(key) for key in ("server", "room_count", "user_count"))
    words = f"Connected to {server}"
    if isinstance(version, str):
        words += f" ({isolate(sanitize(version))})"
    counts = [
        *([_counted(rooms, "room", "rooms")] if isinstance(rooms, int) else []),
        *([_counted(users, "person", "people")] if isinstance(users, int) else []),
    ]
    return f"{words}: {', '.join(counts)}." if counts else f"{words}."


def hint(state: ClientState, name: str = "") -> str:
    """Return the line that says how to join a room; `name` is used unless the user has one."""
    room = next(filter(_can_be_typed, state.known_rooms), None)
    words = f"`enter {isolate(room or _EXAMPLE_ROOM)}"
    words += "" if state.name or name else f" {_EXAMPLE_NAME}"
    if room is None:
        return f"There is no room yet. Type {words} to start one, `help for more."
    return f"Type {words} to join a room, `list to see all, `help for more."


def liveliest(rooms: RoomList) -> RoomList:
    """Return the rooms with the one that most people are in first."""
    ordered: Sequence[RoomInfo] = sorted(rooms.rooms, key=lambda room: -len(room.chatters))
    return RoomList(tuple(ordered), rooms.tag, more=rooms.more)


def _can_be_typed(room: str) -> bool:
    return room.isprintable()


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
