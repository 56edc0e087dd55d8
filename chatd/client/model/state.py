"""The client's knowledge of its user and of the server: name, rooms, members, names to complete.

All of it comes from the server's replies and events; a request changes nothing before its reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chatd.client.model.members import RoomMembers
from chatd.client.model.roomsettings import RoomSettings
from chatd.core.events import Event, Joined, Left, Message, PrivateMessage, Renamed, RoomClosed
from chatd.core.room_events import Invited, RoomChanged
from chatd.protocol.json_kinds import SETTINGS
from chatd.protocol.received import Ok, Reply, RoomList


class ClientState:
    """The user's `name`, "" before the first join or login, their account and rooms.

    `account` is the account that the user is logged in to, `rooms` are ids in the order of joining,
    `current` is the room that messages go to. `members` are those of the user's rooms, without the
    rooms whose members the server has not told yet, `settings` what is known of their topics and
    settings. `known_rooms` and `known_names` are for completion.
    """

    def __init__(self) -> None:
        self.name = ""
        self.account: str | None = None
        self.rooms: list[str] = []
        self.current: str | None = None
        self.members: dict[str, RoomMembers] = {}
        self.settings: dict[str, RoomSettings] = {}
        self.known_rooms: dict[str, None] = {}
        self.known_names: dict[str, None] = {}

    def is_own(self, event: Event | Reply) -> bool:
        """Tell whether `event` says that this user joined or left a room."""
        return isinstance(event, Joined | Left) and event.name == self.name

    def update(self, event: Event | Reply) -> None:
        """Apply an event or a reply of the server."""
        match event:
            case Ok(command="join" | "enter" | "quit" | "switch" | "start" | "rename"):
                self._apply_reply(event)
            case Ok(command="register" | "login" | "recall" | "resume" | "logout"):
                self._apply_login(event)
            case Joined() if self.is_own(event):
                self._add_room(event.room, stays=event.is_self)
            case Left() if self.is_own(event):
                self._remove_room(event.room)
            case RoomClosed():
                self._remove_room(event.room)
                self.known_rooms.pop(event.room, None)
            case RoomList():
                if event.tag is None:  # otherwise it is one room, or a further page
                    self.known_rooms.clear()
                    self.known_names.clear()
                for room in event.rooms:
                    self.known_rooms[room.id] = None
                    names = [name for name, _ in room.chatters]
                    self.known_names.update(dict.fromkeys(names))
                    self._set_members(room.id, names, len(names) + room.more, room.name)
            case Renamed():
                self._rename(event)
            case _:
                self._update_names(event)
                self._update_settings(event)

    def note_room(self, room: str, reply: Ok) -> None:
        """Note what a reply tells of a room that the user is in already."""
        self._note_members(room, reply)
        self._change(room, reply.data)

    def leave_all(self) -> None:
        """Forget the rooms of a lost connection; keep the name, which the client takes back."""
        self.rooms.clear()
        self.members.clear()
        self.settings.clear()
        self.known_names.clear()
        self.current = None

    def _apply_reply(self, reply: Ok) -> None:
        room, name = reply.data.get("room"), reply.data.get("name")
        if isinstance(name, str):
            self._rename_member(self.name, name)
            self.name = name
        if not isinstance(room, str):
            return
        self.known_rooms[room] = None
        if reply.command in {"join", "enter"}:
            self._add_room(room)
            self.note_room(room, reply)
        elif reply.command == "quit":
            self._remove_room(room)
        elif reply.command == "switch":
            self.current = room

    def _note_members(self, room: str, reply: Ok) -> None:
        """Note the members that a reply to a request to join names, if it does."""
        names, count, room_name = map(reply.data.get, ("members", "count", "room_name"))
        if isinstance(names, list) and isinstance(count, int):
            known = [name for name in names if isinstance(name, str)]
            self.known_names.update(dict.fromkeys(known))
            self._set_members(room, known, count, room_name if isinstance(room_name, str) else "")

    def _change(self, room: str, values: Mapping[str, object]) -> None:
        if room in self.rooms:
            self.settings.setdefault(room, RoomSettings()).change(values)

    def _set_members(self, room: str, names: list[str], count: int, room_name: str) -> None:
        if room in self.rooms:
            self.members[room] = RoomMembers(names, count, room_name)

    def _apply_login(self, reply: Ok) -> None:
        if reply.command == "logout":
            self.leave_all()
            self.name, self.account = "", None
            return
        name = reply.data.get("name")
        account = reply.data.get("account") if reply.command == "resume" else name
        if isinstance(name, str) and name:
            self.name = name
            self.account = account if isinstance(account, str) else None
        for room in rooms_of(reply):
            self._add_room(room)

    def _rename_member(self, name: str, new_name: str) -> None:
        for members in self.members.values():
            members.renamed(name, new_name)

    def _rename(self, event: Renamed) -> None:
        self._rename_member(event.name, event.new_name)
        if event.name == self.name:
            self.name = event.new_name
        elif self.known_names.pop(event.name, self) is None:
            self.known_names[event.new_name] = None

    def _update_names(self, event: Event | Reply) -> None:
        match event:
            case Joined():
                self.known_names[event.name] = None
                if event.room in self.members:
                    self.members[event.room].joined(event.name)
            case Left():
                self.known_names.pop(event.name, None)
                if event.room in self.members:
                    self.members[event.room].left(event.name)
            case PrivateMessage(recipient=str(recipient)):
                self.known_names[recipient] = None
            case Message() | PrivateMessage():
                self.known_names[event.sender] = None
            case Invited():
                self.known_rooms[event.room] = None

    def _update_settings(self, event: Event | Reply) -> None:
        match event:
            case RoomChanged(room=room, change=change):
                self._change(room, change)
            case Ok(data={"room": str(room)}) if event.command in SETTINGS:
                self._change(room, event.data)

    def _add_room(self, room: str, *, stays: bool = False) -> None:
        """Add a room, which becomes the current one; with `stays`, only if there is none."""
        if room not in self.rooms:
            self.rooms.append(room)
        if not stays or self.current is None:
            self.current = room

    def _remove_room(self, room: str) -> None:
        self.members.pop(room, None)
        self.settings.pop(room, None)
        if room in self.rooms:
            self.rooms.remove(room)
        if self.current == room:
            # As on the server: of the other rooms the one joined last.
            self.current = self.rooms[-1] if self.rooms else None


def rooms_of(reply: Ok) -> Iterable[str]:
    """Return the ids of the rooms that a reply to a login names: the user is in them already."""
    rooms = reply.data.get("rooms")
    return [room for room in rooms if isinstance(room, str)] if isinstance(rooms, list) else []
