"""Replies to one client: results of requests, errors, receipts, the end of a connection.

Data without words: `chatd.protocol.text` has the texts for users, `json_encoder` makes objects for
programs. The forms that a client reads are in `chatd.protocol.received`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar, Final

from chatd.core.errors import ErrorCode
from chatd.core.events import Address, DisconnectReason, Message, public
from chatd.core.rooms import Room

MAX_MEMBERS: Final = 50
"""How many members of a room are named in the reply to `join` and `enter`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a request that was carried out, other than a list.

    `command` is the request's; the session adds the tag that the request carried.
    """

    command: ClassVar[str]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class RoomRef:
    """The id and the name of a room."""

    id: str
    name: str


# -- rooms


@dataclass(frozen=True, slots=True)
class RoomStarted(Result):
    """A room was created."""

    command: ClassVar[str] = "start"
    room: str


@dataclass(frozen=True, slots=True)
class JoinedRoom(Result):
    """The user is in a room under `name`; `last` is the id of its newest message.

    `members` has the names of its first `MAX_MEMBERS` members in the order of joining, for JSON
    only; `count` is the number of all of them. `read` is the id up to which the user of an account
    has read the room.
    """

    command: ClassVar[str] = "join"
    room: str
    name: str
    last: int
    room_name: str = ""
    members: tuple[str, ...] = ()
    count: int = 0
    topic: str = ""
    read: int | None = None


@dataclass(frozen=True, slots=True)
class EnteredRoom(JoinedRoom):
    """The user is in a room, which was created if it did not exist."""

    command: ClassVar[str] = "enter"


@dataclass(frozen=True, slots=True)
class LeftRoom(Result):
    """The user has left a room."""

    command: ClassVar[str] = "quit"
    room: str
    room_name: str


@dataclass(frozen=True, slots=True)
class RoomSwitched(Result):
    """Another room is the session's current one."""

    command: ClassVar[str] = "switch"
    room: str
    room_name: str


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room in a list, with name and address of each member but the last `more` of them."""

    id: str
    name: str
    chatters: tuple[tuple[str, Address | None], ...] = ()
    more: int = 0

    @classmethod
    def of(cls, room: Room) -> RoomInfo:
        """Return a room as it is now, for the administrator."""
        return cls(room.id, room.name, tuple((user.name, user.address) for user in room.members))

    @classmethod
    def for_clients(cls, room: Room, max_chatters: int) -> RoomInfo:
        """Return a room as it is now, with at most `max_chatters` of its members."""
        members = islice(room.members, max_chatters)
        chatters = tuple((user.name, public(user.address)) for user in members)
        return cls(room.id, room.name, chatters, len(room.members) - len(chatters))


@dataclass(frozen=True, slots=True)
class RoomList:
    """Rooms and their members, in the order of their creation; `more` rooms follow.

    Many clients may get the same list: `encoded` has the bytes that a codec made of it.
    """

    rooms: tuple[RoomInfo, ...]
    tag: str | None = None
    more: int = 0
    encoded: dict[object, bytes] = field(default_factory=dict, compare=False, repr=False)


# -- messages


@dataclass(frozen=True, slots=True)
class SecretSent(Result):
    """A private message was sent to the user `name`, who is away with the message `away`.

    `away` is None if the user is not away, or the sender has been told the message before.
    """

    command: ClassVar[str] = "secret"
    name: str
    away: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Messages that were said in a room, oldest first."""

    room: str
    messages: tuple[Message, ...]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message of the reader is in the store: it survives a crash from now on."""

    room: str
    id: int
    tag: str | None = None


# -- names and accounts


@dataclass(frozen=True, slots=True)
class Registered(Result):
    """The user has registered an account, and is logged in to it."""

    command: ClassVar[str] = "register"
    name: str
    rooms: tuple[RoomRef, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedIn(Result):
    """The session is logged in to an account, whose user is in `rooms`, the current one last."""

    command: ClassVar[str] = "login"
    name: str
    rooms: tuple[RoomRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Resumed(Result):
    """The session continues one whose connection was lost; a guest has no `account`.

    `session` is the resume token of this session; the one that was used is not valid any more.
    """

    command: ClassVar[str] = "resume"
    name: str
    account: str | None
    rooms: tuple[RoomRef, ...] = ()
    session: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedOut(Result):
    """The session is no longer logged in to the account `name`."""

    command: ClassVar[str] = "logout"
    name: str


@dataclass(frozen=True, slots=True)
class PasswordChanged(Result):
    """The account has a new password."""

    command: ClassVar[str] = "password"


@dataclass(frozen=True, slots=True)
class NameChanged(Result):
    """The user has a new name."""

    command: ClassVar[str] = "rename"
    name: str


# -- the connection


@dataclass(frozen=True, slots=True)
class Help(Result):
    """The usage of all commands is asked for."""

    command: ClassVar[str] = "help"


@dataclass(frozen=True, slots=True)
class Pong(Result):
    """The connection works."""

    command: ClassVar[str] = "ping"


@dataclass(frozen=True, slots=True)
class FormatSet(Result):
    """The session uses another format; `session` is a resume token, for JSON only.

    `server` is the program and its version; `room_count` and `user_count` are the numbers of rooms
    and of names in use; `max_message` is how many bytes a message may have.
    """

    command: ClassVar[str] = "format"
    format: str
    session: str | None = None
    server: str = ""
    room_count: int = 0
    user_count: int = 0
    max_message: int = 0


@dataclass(frozen=True, slots=True)
class AdminAnswer(Result):
    """The answer to a command of the administrator; `code` is set if the command has failed."""

    command: ClassVar[str] = "admin"
    lines: tuple[str, ...] = ()
    code: str | None = None

    @property
    def text(self) -> str:
        """A line alone as it is, several as a list."""
        return "\n".join(self.lines) if len(self.lines) == 1 else f"\n{self._list()}"

    def _list(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Goodbye(Result):
    """The server closes the connection because the client asks for it."""

    command: ClassVar[str] = "exit"


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A request was refused; `command` is None if the frame names none."""

    code: ErrorCode
    params: Mapping[str, object] = field(default_factory=dict)
    command: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnecting:
    """The server is about to close the connection; `text` is the reason given for a ban."""

    reason: DisconnectReason
    text: str = ""


Reply = Result | RoomList | History | ErrorReply | Receipt | Disconnecting
