"""Events: what happens in the chat, as data that each codec encodes in its own words.

An event knows no codec and no connection: names and ids are text, `time` is seconds since the epoch
(UTC). Events of a room have its id in `room`. Those of roles, settings, bans, invitations, deletion
and reading are in `chatd.core.room_events`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, NamedTuple

from chatd.core.profiles import NO_PROFILE, Profile, UserRef
from chatd.core.room_events import (
    Invited,
    MemberInvited,
    MessageDeleted,
    ReadUpTo,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)

Address = tuple[str, int] | str
"""The address of a client: host and port, or a word such as `unix` where there is no port."""


class PrivateAddress(NamedTuple):
    """An address that other clients are never shown; the administrator and limits know it."""

    host: str
    port: int


def public(address: Address | None) -> Address | None:
    """Return an address as other clients are shown it: None for a private one."""
    return None if isinstance(address, PrivateAddress) else address


ADMINISTRATOR = "Administrator"
SERVER = "Server"


class LeaveReason(StrEnum):
    """Why a user left a room."""

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
    PASSWORD_CHANGED = ("password-changed", True)
    PASSWORD_SET = ("password-set", True)
    REVOKED = ("revoked", False)
    REMOVED = ("removed", False)

    def __init__(self, code: str, retry: bool, _: str = "") -> None:
        self.code = code
        self.retry = retry


class MessageKind(Enum):
    """How a message is meant."""

    TEXT = "text"
    ACTION = "action"  # the text tells what the sender does
    NOTICE = "notice"  # of a program, which no other program answers


class Message(NamedTuple):
    """A message in a room; `id` is the room's own count, from 1 on.

    `account` is the id of the account that `sender` was logged in to, None for a guest. In old
    messages `is_former` tells that the name belongs to another account by now. `is_ignored`: the
    reader ignores the sender. The text of one that `is_deleted` is "". A tuple, because there are
    many: one is made in half the time of a frozen dataclass.
    """

    room: str
    id: int
    sender: str
    text: str
    time: float
    account: int | None = None
    is_former: bool = False
    kind: MessageKind = MessageKind.TEXT
    is_ignored: bool = False
    is_deleted: bool = False


class MessageBatch(NamedTuple):
    """Messages of one sender in a room, one or more, that came together; `id` is the first one's.

    They stay together all the way, so that many messages cost little more than one. `tags` are
    those of the sender's client (`chatd.protocol.irc`); they and `profile` are not stored. `cuts`
    are the places in a text, the only one, at which that client has cut a line of it; nor are they.
    """

    room: str
    id: int
    sender: str
    texts: Sequence[str]
    time: float
    account: int | None = None
    kind: MessageKind = MessageKind.TEXT
    profile: Profile = NO_PROFILE
    tags: str = ""
    cuts: tuple[int, ...] = ()

    @property
    def last_id(self) -> int:
        """The id of the last message."""
        return self.id + len(self.texts) - 1

    def messages(self) -> list[Message]:
        """Return the messages one by one."""
        room, first, sender, texts, time, account, kind, _, _, _ = self
        return [
            Message(room, number, sender, text, time, account, False, kind)
            for number, text in enumerate(texts, first)
        ]


class ReceiptRequest(NamedTuple):
    """Asks that `recipient` be told whether the messages of a batch are stored.

    `recipient` is opaque here: the sender's session. `tag` is that of the client's request. With
    `only_failures` it is told of messages that could not be stored, and of no others.
    """

    recipient: object
    tag: str | None
    only_failures: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A user joined a room; `is_self`: another session of the reader's own user did.

    `is_folded`: readers of text are told by the next `JoinsFolded` instead. `account` is the id of
    the user's account, `role` is as in `RoleChanged`, `away` the message of a user who is away.
    """

    room: str
    name: str
    address: Address | None
    time: float
    is_self: bool = False
    is_folded: bool = False
    account: int | None = None
    profile: Profile = NO_PROFILE
    role: str = "none"
    away: str | None = None


@dataclass(frozen=True, slots=True)
class JoinsFolded:
    """So many users joined a room, for readers of text; `name` and `time` are of the last one.

    Readers of JSON have had a `Joined` for each of them.
    """

    room: str
    count: int
    name: str
    time: float


@dataclass(frozen=True, slots=True)
class Left:
    """A user left a room; `is_self`: another session of the reader's own user did.

    `by` is the name under which somebody kicked the user out, `text` the reason that was given, or
    the last words of the user. `actor` is the user who did it, None for the administrator.
    `has_ended`: the user has left all rooms and the server.
    """

    room: str
    name: str
    address: Address | None
    reason: LeaveReason
    time: float
    is_self: bool = False
    by: str | None = None
    text: str | None = None
    account: int | None = None
    profile: Profile = NO_PROFILE
    has_ended: bool = False
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """A room was closed with all its members in it: no `Left` follows."""

    room: str
    time: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Words of the administrator or the server, to a room or, without `room`, to one client."""

    sender: str
    text: str
    time: float
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Kicked:
    """For the user who was removed from a room; `by`, `text` and `actor` as in `Left`.

    `is_ban`: the user was banned from the room.
    """

    room: str
    room_name: str
    name: str
    address: Address | None
    time: float
    by: str | None = None
    text: str | None = None
    is_ban: bool = False
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """For the user whom the administrator moved into a room, out of the room `left`, if any."""

    room: str
    room_name: str
    left: str | None
    name: str
    address: Address | None
    time: float


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A private message; `recipient` is set for the other sessions of its sender.

    `account` is the id of the sender's account, `is_ignored`: the reader ignores the sender.
    `is_kept`: it was sent while nobody was logged in to the reader's account. `reader` is the name
    of the user who reads it. `tags` are as in `MessageBatch`. No other message of the sender that
    has the same `time` has the same `serial`, unless they were kept.
    """

    sender: str
    text: str
    time: float
    recipient: str | None = None
    account: int | None = None
    is_ignored: bool = False
    is_kept: bool = False
    reader: str = ""
    kind: MessageKind = MessageKind.TEXT
    profile: Profile = NO_PROFILE
    tags: str = ""
    serial: int = 0


@dataclass(frozen=True, slots=True)
class TagMessage:
    """Tags without a message (IRC's TAGMSG), such as that a user is typing; they are not stored.

    `room` is None for those to one user, whose name is `reader`; else the fields are those of
    `PrivateMessage` and `MessageBatch`.
    """

    room: str | None
    sender: str
    tags: str
    time: float
    account: int | None = None
    profile: Profile = NO_PROFILE
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A guest has another name; every session that shares a room with the guest reads it once."""

    name: str
    new_name: str
    time: float
    profile: Profile = NO_PROFILE
    room: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class AwayChanged:
    """A user is away with the message `text`, or present again if it is None."""

    name: str
    text: str | None
    time: float
    account: int | None = None
    profile: Profile = NO_PROFILE
    room: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """The data that a client tells about its user is `profile` from now on; it was `former`."""

    name: str
    time: float
    account: int | None
    profile: Profile
    former: Profile = NO_PROFILE
    room: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Muted:
    """A user may not talk in a room any more, for some minutes or until `Unmuted`.

    `by` is the name of the administrator's account, or `Administrator`. `is_self`: it is the reader
    who is muted; `room_name` is for that user.
    """

    room: str
    name: str
    by: str
    time: float
    minutes: int | None = None
    room_name: str = ""
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class Unmuted:
    """A user who was muted may talk in a room again; the fields are those of `Muted`."""

    room: str
    name: str
    by: str
    time: float
    room_name: str = ""
    is_self: bool = False


UserEvent = Left | Renamed | AwayChanged | ProfileChanged | TagMessage | MemberInvited
"""A fact about a user, or an act, that concerns rooms of that user."""

TargetedEvent = Muted | Unmuted | RoleChanged
"""An event of a room that the user whom it is about reads in other words (`is_self`)."""

RoomEvent = (
    MessageBatch
    | Message
    | Joined
    | JoinsFolded
    | RoomClosed
    | Notice
    | UserEvent
    | TargetedEvent
    | RoomChanged
    | RoomBanned
    | RoomUnbanned
    | MessageDeleted
)
NewsOfUsers = AwayChanged | ProfileChanged | TagMessage | MemberInvited
"""Events of which neither text nor JSON tell."""

Event = RoomEvent | Kicked | Moved | PrivateMessage | Invited | ReadUpTo
