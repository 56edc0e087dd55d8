"""The effects of operations: a server carries them out after it has applied one.

All servers get the same effects in the same order, and each acts on those that concern the sessions
it has: the router brings events to them, the others are for the parts that keep something beside
the `World`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatd.core.events import DisconnectReason, Event, MessageBatch, RoomEvent, UserEvent
from chatd.core.records import Ban, RoomAccess
from chatd.core.rooms import Room, SessionKey, User


@dataclass(frozen=True, slots=True)
class Said:
    """Messages were said in a room: all its sessions but `session` read them."""

    room: Room
    messages: MessageBatch
    session: SessionKey


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened in a room: all members read it except `user`, the user it is about.

    If `session` is given, the other sessions of `user` read it too, and `session` gets a reply
    instead. If it is None, no session of `user` reads it.
    """

    room: Room
    event: RoomEvent
    user: User | None = None
    session: SessionKey | None = None


@dataclass(frozen=True, slots=True)
class HappenedToUser:
    """One fact about a user happened in several rooms: a session in several reads it once.

    Where a codec encodes the events of the rooms differently, the session reads each of them.
    """

    events: Mapping[Room, UserEvent]
    user: User
    session: SessionKey | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All sessions of a user but `skip` are sent an event."""

    user: User
    event: Event
    skip: SessionKey | None = None


@dataclass(frozen=True, slots=True)
class SessionMoved:
    """A session is one of another user from now on."""

    session: SessionKey
    user: User


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session is told why it ends, with the `text` of the administrator, and disconnected."""

    session: SessionKey
    reason: DisconnectReason
    text: str = ""


@dataclass(frozen=True, slots=True)
class NameChanged:
    """A user has another name than `former`, or a first one if that is "", or none any more.

    Or a guest is logged in to an account of the same name from now on.
    """

    user: User
    former: str


@dataclass(frozen=True, slots=True)
class UserChanged:
    """Something about a user has changed, by way of `session`, whether they are in rooms or not."""

    user: User
    event: UserEvent
    session: SessionKey | None = None


@dataclass(frozen=True, slots=True)
class IgnoresChanged:
    """A user ignores other users than before."""

    user: User


@dataclass(frozen=True, slots=True)
class KeptMessagesDue:
    """The oldest session of a user is sent the private messages that the store keeps for them.

    It is another session than before, or a message was added to the store.
    """

    user: User


@dataclass(frozen=True, slots=True)
class RoomRead:
    """An account has read a room up to the message `id`."""

    account: int
    room: Room
    id: int


@dataclass(frozen=True, slots=True)
class InvitationChanged:
    """The invitation of an account, or of a guest, to the room with the id `room` was used.

    Or, if it `is_over`, has ended.
    """

    room: str
    entry: RoomAccess
    is_over: bool


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """The resume token of an account is invalid; the server `node` removes it from the store."""

    digest: str
    node: str


@dataclass(frozen=True, slots=True)
class RoomSettled:
    """The store has added or removed the room with this key, or has failed to."""

    room: str


@dataclass(frozen=True, slots=True)
class BanAdded:
    """A ban is active: sessions without a name, which the world does not know, may be banned."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class StoredUpTo:
    """The messages up to a position of the log are in the store, but for those of `lost`."""

    node: str
    position: int
    lost: tuple[tuple[str, int], ...] = ()


Effect = (
    Said
    | Happened
    | HappenedToUser
    | Told
    | SessionMoved
    | SessionEnded
    | NameChanged
    | UserChanged
    | IgnoresChanged
    | KeptMessagesDue
    | RoomRead
    | InvitationChanged
    | TokenRevoked
    | RoomSettled
    | BanAdded
    | StoredUpTo
)
