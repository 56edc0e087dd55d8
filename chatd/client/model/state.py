"""Where one is: one's name, rooms and current room, and whom and which rooms one has heard of.

Kept from what the server says, nothing else: no request changes it, only the answer does.
"""

from __future__ import annotations

from chatd.core.events import Event, Joined, Left, Message, PrivateMessage, RoomClosed
from chatd.protocol.received import Ok, Reply, RoomList


class Whereabouts:
    """`name` is "" before the first join or login; `rooms` are ids in the order of joining.

    `account` is the one that one is logged in to. `current` is the room that messages go to. `known_rooms` and `known_names` are for completion.
    """

    def __init__(self) -> None:
        self.name = ""
        self.account: str | None = None
        self.rooms: list[str] = []
        self.current: str | None = None
        self.known_rooms: dict[str, None] = {}
        self.known_names: dict[str, None] = {}

    def is_own(self, event: Event | Reply) -> bool:
        """Tell whether `event` is that one came or went oneself, by the Administrator's hand."""
        return isinstance(event, Joined | Left) and event.name == self.name

    def note(self, event: Event | Reply) -> None:
        """Take note of what the server says."""
        match event:
            case Ok(command="join" | "enter" | "quit" | "switch" | "start"):
                self._note_reply(event)
            case Ok(command="register" | "login" | "resume" | "logout"):
                self._note_login(event)
            case Joined() if self.is_own(event):
                self._enter(event.room)
            case Left() if self.is_own(event):
                self._leave(event.room)
            case RoomClosed():
                self._leave(event.room)
                self.known_rooms.pop(event.room, None)
            case RoomList():
                self.known_rooms = {room.id: None for room in event.rooms}
                names = (name for room in event.rooms for name, _ in room.chatters)
                self.known_names = dict.fromkeys(names)
            case Joined():
                self.known_names[event.name] = None
            case Left():
                self.known_names.pop(event.name, None)
            case Message() | PrivateMessage():
                self.known_names[event.sender] = None

    def leave_all(self) -> None:
        """Be in no room: the connection has ended. The name is kept, to be taken again.

        Who else is there has to be heard anew.
        """
        self.rooms.clear()
        self.known_names.clear()
        self.current = None

    def _note_reply(self, reply: Ok) -> None:
        room, name = reply.data.get("room"), reply.data.get("name")
        if isinstance(name, str):
            self.name = name
        if not isinstance(room, str):
            return
        self.known_rooms[room] = None
        if reply.command in {"join", "enter"}:
            self._enter(room)
        elif reply.command == "quit":
            self._leave(room)
        elif reply.command == "switch":
            self.current = room

    def _note_login(self, reply: Ok) -> None:
        if reply.command == "logout":
            self.leave_all()
            self.name, self.account = "", None
            return
        name = reply.data.get("name")
        account = reply.data.get("account") if reply.command == "resume" else name
        if isinstance(name, str) and name:
            self.name = name
            self.account = account if isinstance(account, str) else None

    def _enter(self, room: str) -> None:
        if room not in self.rooms:
            self.rooms.append(room)
        self.current = room

    def _leave(self, room: str) -> None:
        if room in self.rooms:
            self.rooms.remove(room)
        if self.current == room:
            # As on the server: of the other rooms the one joined last.
            self.current = self.rooms[-1] if self.rooms else None
