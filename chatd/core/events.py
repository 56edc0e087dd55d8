"""What happens in the chat, as plain facts that every kind of client can be told in its own words.

An event knows no dialect and no connection: names and ids are text, `time` is seconds since the
epoch (UTC). Events of a room have its id in `room`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

Address = tuple[str, int] | str
"""Where a chatter is: host and port, or, where there is no port, a word such as `unix`."""

ADMINISTRATOR = "Administrator"
SERVER = "Server"


class LeaveReason(StrEnum):
    """Why somebody left a room."""

    QUIT = "quit"
    LOST = "lost"
    KICKED = "kicked"
    GROUPED = "grouped"
    LOGOUT = "logout"
    BANNED = "banned"


class DisconnectReason(Enum):
    """Why the server closes a connection, other than on the client's request.

    `code` is what a program reads; `retry` tells whether the client may connect again.
    """

    SHUTDOWN = ("shutdown", True)
    INTERNAL_ERROR = ("fault", True)
    FULL = ("full", True)
    ADDRESS_LIMIT = ("full", True, "for the address")
    IDLE = ("idle", False)
    REPLACED = ("replaced", False)
    BANNED = ("banned", False)
    UNREGISTERED = ("unregistered", False)
    PASSWORD_SET = ("password-set", True)

    def __init__(self, code: str, retry: bool, _: str = "") -> None:
        self.code = code
        self.retry = retry


class Message(NamedTuple):
    """Somebody said something in a room; `id` is the room's own count, from 1 on.

    `account` is the id of the account that `sender` was logged in to, None for a guest.

    A tuple, as there are so many: one is made in half the time of a frozen dataclass.
    """

    room: str
    id: int
    sender: str
    text: str
    time: float
    account: int | None = None


class MessageBatch(NamedTuple):
    """What somebody said in a room in one go, a message or more; `id` is that of the first.

    What arrives together stays together all the way, so that many messages cost little more than
    one.
    """

    room: str
    id: int
    sender: str
    texts: Sequence[str]
    time: float
    account: int | None = None

    @property
    def last(self) -> int:
        """The id of the last message."""
        return self.id + len(self.texts) - 1

    def messages(self) -> list[Message]:
        """Return the messages one by one."""
        room, first, sender, texts, time, account = self
        return [
            Message(room, number, sender, text, time, account)
            for number, text in enumerate(texts, first)
        ]


class ReceiptRequest(NamedTuple):
    """Asks that `recipient` be told whether the messages of a batch are stored.

    `recipient` is opaque here: whatever the one who replies can send to. `tag` is that of the
    client's request.
    """

    recipient: object
    tag: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """A user joined a room; `is_self`: another session of the reader's own user did."""

    room: str
    name: str
    address: Address | None
    time: float
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A user left a room; `is_self`: another session of the reader's own user did."""

    room: str
    name: str
    address: Address | None
    reason: LeaveReason
    time: float
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """A room was ended: nobody is in it any more, and nobody is told of each who left."""

    room: str
    time: float


@dataclass(frozen=True, slots=True)
class Notice:
    """The Administrator or the server says something: to a room, or, without `room`, to one client."""

    sender: str
    text: str
    time: float
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Kicked:
    """To the one who was put out of a room: it was the Administrator."""

    room: str
    room_name: str
    name: str
    address: Address | None
    time: float


@dataclass(frozen=True, slots=True)
class Moved:
    """To the one who was brought into a room by the Administrator, out of the room `left`, if any."""

    room: str
    room_name: str
    left: str | None
    name: str
    address: Address | None
    time: float


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A private message; `recipient` is set for the other sessions of its sender."""

    sender: str
    text: str
    time: float
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A guest has another name; every session that shares a room with the guest reads it once."""

    name: str
    new_name: str
    time: float
    room: None = None


UserEvent = Left | Renamed
RoomEvent = MessageBatch | Message | Joined | Left | RoomClosed | Notice | Renamed
Event = RoomEvent | Kicked | Moved | PrivateMessage
