"""The keys of rooms that the user has typed: the client returns to the rooms with them.

They are in memory alone, and are forgotten when the client leaves the server.
"""

from __future__ import annotations

from collections import deque

from chatd.core.events import Event
from chatd.core.room_events import RoomChanged
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, Reply


class RoomKeys:
    """The keys by the ids of the rooms.

    `_given` are those of requests to join, by the id or name of the room that was typed; `_set` are
    those of the requests `key` that have no reply yet, None for one that only asks.
    """

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self._set: deque[str | None] = deque()

    def of(self, room: str) -> str | None:
        """Return the key of a room, None if it has none or none is known."""
        return self._keys.get(room)

    def sent(self, request: Request) -> None:
        """Note a request of the user."""
        key = request.arguments.get("key")
        if request.command == "key":
            self._set.append(key)
        elif request.command in {"join", "enter"} and key is not None:
            self._given[request.arguments["chatroom_id"].casefold()] = key

    def received(self, event: Event | Reply) -> None:
        """Note an event or a reply of the server."""
        match event:
            case Ok(command="join" | "enter", tag=None, data={"room": str(room)}):
                name = event.data.get("room_name")
                self._joined(room, name if isinstance(name, str) else room)
            case Ok(command="key", tag=None):
                self._replied(event)
            case Error(command="key", tag=None) if self._set:
                self._set.popleft()
            case RoomChanged(room=room) if "key" in event.change:
                self._keys.pop(room, None)  # the reply to the user's own request follows

    def disconnected(self) -> None:
        """Note that no reply is to come any more."""
        self._given.clear()
        self._set.clear()

    def _joined(self, room: str, name: str) -> None:
        typed = {room.casefold(), name.casefold()}
        given = [key for each, key in self._given.items() if each in typed]
        self._given = {each: key for each, key in self._given.items() if each not in typed}
        self._keys.pop(room, None)
        if given:
            self._keys[room] = given[-1]

    def _replied(self, reply: Ok) -> None:
        key = self._set.popleft() if self._set else None
        room = reply.data.get("room")
        if key is not None and isinstance(room, str) and reply.data.get("key") is True:
            self._keys[room] = key
