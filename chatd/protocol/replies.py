"""What the server says to one client as the answer to a request, or about the connection itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chatd.core.events import ADMINISTRATOR, SERVER, Address, DisconnectReason, Message
from chatd.core.rooms import Room


@dataclass(frozen=True, slots=True)
class Ok:
    """A request was carried out. `data` is what a program needs beside the words."""

    command: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error:
    """A request was refused; `command` is None where no request could be made out.

    `data` is what a program needs beside the words.
    """

    command: str | None
    code: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room in a list, with the name and the address of each who is in it."""

    id: str
    name: str
    chatters: tuple[tuple[str, Address | None], ...] = ()


@dataclass(frozen=True, slots=True)
class RoomList:
    """All rooms and who is in them."""

    rooms: tuple[RoomInfo, ...]
    tag: str | None = None

    @classmethod
    def of(cls, rooms: Iterable[Room], tag: str | None = None) -> RoomList:
        """Return the list of `rooms` as they are now."""
        rows = (
            RoomInfo(room.id, room.name, tuple((user.name, user.address) for user in room.members))
            for room in rooms
        )
        return cls(tuple(rows), tag)


@dataclass(frozen=True, slots=True)
class History:
    """Messages that were said in a room, oldest first."""

    room: str
    messages: tuple[Message, ...]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message of the one who reads this is in the store: it survives a crash from now on."""

    room: str
    id: int
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection is about to be closed; `retry` tells whether it makes sense to come back."""

    code: str
    text: str
    retry: bool
    sender: str = SERVER


SHUTDOWN = Disconnect("shutdown", "Chatserver is going to shutdown...", True, ADMINISTRATOR)
INTERNAL_ERROR = Disconnect(
    "fault", "The connection is closed because of a fault of the server.", True
)
REPLACED = Disconnect("replaced", "You logged in from another place.", False)
UNREGISTERED = Disconnect("unregistered", "Your account was removed by the Administrator.", False)
PASSWORD_SET = Disconnect("password-set", "Your password was set by the Administrator.", True)
BANNED = Disconnect("banned", "You were banned by the Administrator!", False)
DISCONNECT_REPLIES = {
    DisconnectReason.REPLACED: REPLACED,
    DisconnectReason.BANNED: BANNED,
    DisconnectReason.UNREGISTERED: UNREGISTERED,
    DisconnectReason.PASSWORD_SET: PASSWORD_SET,
}
FULL = Disconnect("full", "The server is full, try again later.", True)
TOO_MANY_FROM_ADDRESS = Disconnect("full", "Too many connections from your address.", True)
IDLE = Disconnect("idle", "You were idle for too long.", False)

Reply = Ok | Error | RoomList | History | Receipt | Disconnect
