"""The operations: every change of the chat's state, as data.

An operation is proposed by one server and applied by all that share a log, each to its own `World`,
in the order of the log. So it has plain values only: a room by its key, a session by its key, a
user by the name that somebody typed. It also has the values that may differ between two machines:
the time (`now`, seconds since the epoch), the keys of names and rooms, which depend on the Unicode
tables of a Python, and the limits, which depend on the configuration.

The type parameter is the type of the outcome of `apply` if the operation is not refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from chatd.core.events import ADMINISTRATOR, Address, MessageBatch, MessageKind, PrivateMessage
from chatd.core.lookalikes import NameKeys
from chatd.core.names import Name
from chatd.core.profiles import Profile
from chatd.core.records import AccountRef, Ban
from chatd.core.rooms import Room, SessionKey

T = TypeVar("T")


class Operation(Generic[T]):
    """A change that is proposed; `T` is the type of its outcome."""

    __slots__ = ()


class By(NamedTuple):
    """The user who acts in a room, by a session, or the administrator under the name `name`.

    Without a session it is the administrator, whom no rule restricts.
    """

    session: SessionKey | None
    name: str = ADMINISTRATOR


# -- messages


@dataclass(frozen=True, slots=True)
class Say(Operation[MessageBatch]):
    """A user sends messages to a room; its outcome has their ids.

    `tags` and `cuts` are as in `MessageBatch`.
    """

    session: SessionKey
    room: str
    texts: tuple[str, ...]
    now: float
    kind: MessageKind = MessageKind.TEXT
    tags: str = ""
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Announce(Operation[None]):
    """The administrator sends a line to a room."""

    room: str
    text: str
    now: float


class SentPrivately(NamedTuple):
    """The recipient of a private message, and the away message that the sender is to be told.

    `message` is what the recipient reads.
    """

    name: str
    away: str | None
    message: PrivateMessage


@dataclass(frozen=True, slots=True)
class Whisper(Operation[SentPrivately]):
    """A user sends a private message; `tags` are as in `MessageBatch`."""

    session: SessionKey
    recipient: Name
    text: str
    now: float
    kind: MessageKind = MessageKind.TEXT
    tags: str = ""


@dataclass(frozen=True, slots=True)
class SendTags(Operation[str]):
    """A user sends tags without a message to a room, or to another user if `room` is None.

    Its outcome is the id of the room or the name of the user.
    """

    session: SessionKey
    room: str | None
    recipient: Name | None
    tags: str
    now: float


@dataclass(frozen=True, slots=True)
class MessageKept(Operation[None]):
    """A private message for the account `recipient` is in the store; its user was not present.

    If the user ignores the sender, it is not there: the message was dropped.
    """

    session: SessionKey
    recipient: int
    text: str
    now: float


# -- users


@dataclass(frozen=True, slots=True)
class Join(Operation[Room]):
    """A user joins a room, a guest under a new `name` if that is not None, with its `key` if given.

    The user may be in `max_rooms` rooms. `room_id` and `current`, the id of the session's current
    room, are for errors.
    """

    session: SessionKey
    address: Address | None
    room: str
    room_id: str
    name: Name | None
    current: str | None
    max_rooms: int
    now: float
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Leave(Operation[None]):
    """A user leaves a room, with last words for its members if they are not ""."""

    session: SessionKey
    room: str
    now: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rename(Operation[str]):
    """A guest gets another name, or a first one; its outcome is the name."""

    session: SessionKey
    address: Address | None
    name: Name
    now: float


@dataclass(frozen=True, slots=True)
class SetAway(Operation[None]):
    """A user is away with a message, or present again if it is None."""

    session: SessionKey
    text: str | None
    now: float


@dataclass(frozen=True, slots=True)
class SetProfile(Operation[None]):
    """A client tells something about its user."""

    session: SessionKey
    address: Address | None
    profile: Profile
    now: float


@dataclass(frozen=True, slots=True)
class SetIgnored(Operation[str]):
    """A user ignores another one, or does so no more; its outcome is the name of the other one.

    `account` is the one to ignore; if it is None, `name` is that of a guest.
    """

    session: SessionKey
    address: Address | None
    name: Name
    account: AccountRef | None
    ignored: bool


# -- moderation


@dataclass(frozen=True, slots=True)
class Move(Operation[str]):
    """The administrator moves a user into a room; its outcome is the user's name.

    A user who may be in no more than `max_rooms` leaves the room `leave`, or the one that they
    joined last.
    """

    name: Name
    room: str
    leave: str | None
    max_rooms: int
    now: float


@dataclass(frozen=True, slots=True)
class EndUser(Operation[str]):
    """The administrator ends a user with all their sessions; its outcome is the user's name.

    Those who share a room with the user read who did it, `by`, and the `reason`.
    """

    name: Name
    by: str
    reason: str
    now: float


@dataclass(frozen=True, slots=True)
class AddBan(Operation[int]):
    """A ban is in the store; its outcome is how many sessions it has ended.

    `keys` are those of the name, None for an address. The ban ends at `ends` by the clock that
    measures durations, None for never.
    """

    ban: Ban
    keys: NameKeys | None
    ends: float | None
    now: float


@dataclass(frozen=True, slots=True)
class RemoveBan(Operation[None]):
    """A ban was removed from the store."""

    ban: Ban
    keys: NameKeys | None


# -- rooms


@dataclass(frozen=True, slots=True)
class StartRoom(Operation[bool]):
    """A room is to be added to the store; until `SettleRoom` its id is taken.

    Its outcome is False while the store adds or removes another room of that id. There may be
    `max_rooms` rooms, and the account `owner` may own `max_owned`, 0 for any number. `node` is the
    server that asks the store. `starter` is the session that asks for it, with its address, None
    for the administrator.
    """

    node: str
    room: str
    room_id: str
    name: str
    name_key: str
    owner: int | None
    permanent: bool
    max_rooms: int
    max_owned: int
    now: float
    starter: SessionKey | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class EndRoom(Operation[bool]):
    """A room ends: its members leave it, and it is to be removed from the store.

    Its outcome is False if the room is needed and `only_unneeded` is set: then nothing has changed.
    `room_id` is for errors. `by` is None if the server itself ends it.
    """

    node: str
    room: str
    room_id: str
    only_unneeded: bool
    now: float
    by: By | None = None


@dataclass(frozen=True, slots=True)
class SettleRoom(Operation[Room | None]):
    """The store has added or removed a room or, if not `stored`, has failed to.

    `last_id` is the last message id of a room that was added. Its outcome is the room that is
    there from now on, if one is.
    """

    room: str
    stored: bool
    last_id: int = 0
