"""What the server says to one client as the answer to a request, or about the connection itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chatd.core.errors import BannedError
from chatd.core.events import ADMINISTRATOR, SERVER, Address, Dismissal, Said
from chatd.core.rooms import Room


@dataclass(frozen=True, slots=True)
class Reply:
    """A request was carried out. `data` is what a program needs beside the words."""

    command: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request was refused; `command` is None where no request could be made out.

    `data` is what a program needs beside the words.
    """

    command: str | None
    code: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room in a list, with the name and the address of each who is in it."""

    id: str
    name: str
    chatters: tuple[tuple[str, Address | None], ...] = ()


@dataclass(frozen=True, slots=True)
class RoomList:
    """All rooms and who is in them."""

    rooms: tuple[RoomRow, ...]
    tag: str | None = None

    @classmethod
    def of(cls, rooms: Iterable[Room], tag: str | None = None) -> RoomList:
        """Return the list of `rooms` as they are now."""
        rows = (
            RoomRow(room.id, room.name, tuple((who.name, who.address) for who in room.members))
            for room in rooms
        )
        return cls(tuple(rows), tag)


@dataclass(frozen=True, slots=True)
class History:
    """Messages that were said in a room, oldest first."""

    room: str
    messages: tuple[Said, ...]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message of the one who reads this is in the store: it survives a crash from now on."""

    room: str
    id: int
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """The connection is about to be closed; `retry` tells whether it makes sense to come back."""

    code: str
    text: str
    retry: bool
    sender: str = SERVER


SHUTDOWN = Closing("shutdown", "Chatserver is going to shutdown...", True, ADMINISTRATOR)
FAULT = Closing("fault", "The connection is closed because of a fault of the server.", True)
REPLACED = Closing("replaced", "You logged in from another place.", False)
UNREGISTERED = Closing("unregistered", "Your account was removed by the Administrator.", False)
PASSWORD_SET = Closing("password-set", "Your password was set by the Administrator.", True)
BANNED = Closing("banned", BannedError().text, False)
DISMISSED = {
    Dismissal.REPLACED: REPLACED,
    Dismissal.BANNED: BANNED,
    Dismissal.UNREGISTERED: UNREGISTERED,
    Dismissal.PASSWORD_SET: PASSWORD_SET,
}
FULL = Closing("full", "The server is full, try again later.", True)
CROWDED = Closing("full", "Too many connections from your address.", True)
IDLE = Closing("idle", "You were idle for too long.", False)

Answer = Reply | Refusal | RoomList | History | Stored | Closing
