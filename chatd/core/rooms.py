"""Users, rooms, and the membership of a user in a room. `World` has all of them.

A user is not a connection: the user of an account may have several sessions (`Origin`), which share
the user's name and rooms. Nothing here checks a right or tells anybody anything: that is chat.py.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeVar
from weakref import WeakSet

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason, MessageBatch, MessageKind
from chatd.core.ignorelist import GuestNames, IgnoreList
from chatd.core.lookalikes import NameKeys, room_key, room_name_key
from chatd.core.profiles import NO_PROFILE, Profile, UserRef
from chatd.core.records import NO_SETTINGS, RoomSettings
from chatd.core.restrictions import NO_RESTRICTIONS

T = TypeVar("T")


class SessionKey(NamedTuple):
    """A session, as all servers that share one log know it: the server's name and a number."""

    node: str
    number: int


class User:
    """A guest or the holder of an account: a name ("" until the first join or login) and rooms.

    `account` is the identity of the account that the user is logged in to; its name is then the
    user's name. `keys` are those of the name. `address` is that of the oldest of the `sessions`,
    which come in the order in which they became the user's; `origins` are those of this server,
    which the router keeps. `rooms` has the user's membership in each room, in the order of joining.
    `away` is set while the user is away, `ignored` while the user ignores somebody, `guest_names`
    once a guest has had a name. `profile` is what a client has told about the user.
    A `closed` user has no session any more and can do nothing.
    """

    __slots__ = (
        "__weakref__",
        "account",
        "address",
        "away",
        "closed",
        "guest_names",
        "ignored",
        "keys",
        "name",
        "origins",
        "profile",
        "rooms",
        "sessions",
    )

    def __init__(self, address: Address | None) -> None:
        self.name = ""
        self.keys: NameKeys | None = None
        self.sessions: tuple[SessionKey, ...] = ()
        self.origins: tuple[Any, ...] = ()
        self.account: int | None = None
        self.address = address
        self.away: Away | None = None
        self.closed = False
        self.ignored: IgnoreList | None = None
        self.guest_names: GuestNames | None = None
        self.profile: Profile = NO_PROFILE
        self.rooms: dict[Room, Member] = {}

    @property
    def ref(self) -> UserRef:
        """The user, as events name who has done something."""
        return UserRef(self.name, self.account, self.profile)

    def note_name(self, name: str, now: float) -> None:
        """Note the name that the guest has from now on, "" for none."""
        if self.guest_names is not None:
            self.guest_names.change(name, now)
        elif name:
            self.guest_names = GuestNames(name, now)

    def continue_as(self, other: User, now: float) -> None:
        """Let `other` be the same guest, who has come back under the same name."""
        other.away, other.ignored, other.guest_names = self.away, self.ignored, self.guest_names
        if other.guest_names is not None:
            other.guest_names.change(other.name, now)


@dataclass(slots=True, eq=False)
class Away:
    """The message of a user who is away; `told` are the users present who have been told it."""

    text: str
    told: WeakSet[User] = field(default_factory=WeakSet)


class Origin(Protocol):
    """The session that a request comes from, as the rules see it: nothing of its connection.

    `key` is the name of the session in operations: it gets one with the first of them.
    `connected_at` and `last_active` are by the clock that measures durations. `current_room` is the
    room that the session's messages go to. `followed_rooms` are the user's rooms that another
    session joined and this one has not joined itself. Both change with the user's rooms, by way of
    the events. `max_rooms` is how many rooms the user may be in by way of this session, None if the
    gateway has no limit of its own.
    """

    user: User
    address: Address
    closed: bool
    connected_at: float
    last_active: float
    current_room: Room | None
    followed_rooms: frozenset[Room]
    max_rooms: int | None

    @property
    def key(self) -> SessionKey:
        """The name of the session in operations."""

    @property
    def has_key(self) -> bool:
        """Whether an operation has named the session: otherwise no other server knows of it."""

    @property
    def format(self) -> str:
        """The name of the language of the session."""

    def disconnect(self, reason: DisconnectReason, text: str = "", /) -> None:
        """Tell the client why, with the `text` of the administrator, and end the session."""

    async def until_closed(self, work: Coroutine[Any, Any, T], /) -> T:
        """Return the result of `work`, or cancel it and raise `ChatError` if the session ends.

        `work` must be one that can be given up at any point: it changes nothing.
        """


def ensure_active(origin: Origin) -> None:
    """Raise `ChatError` if the session or its user has ended while a request was carried out."""
    if origin.closed or origin.user.closed:
        raise ChatError(ErrorCode.SESSION_CLOSED)


class Role(Enum):
    """The rights of a member beyond those of every member."""

    OWNER = "owner"
    OPERATOR = "operator"
    VOICE = "voice"
    NONE = "none"


@dataclass(slots=True)
class Member:
    """A user's membership in a room; `joined_at` is seconds since the epoch."""

    role: Role
    joined_at: float


class Room:
    """A room: its id and name in the spelling of its creation, and its members in order of joining.

    `key` is `room_key` of the id, `name_key` is `room_name_key` of the name; both are computed
    unless they are given. `number` is the room's place in the order of creation. `last_id` is the
    id of the newest message, 0 before the first one: ids count from 1. `last_time` is the time of
    the newest event, in seconds since the epoch. `owner` is the id of the account that started the
    room, `starter` the guest who did, until that guest joins it. `roles` has the operators and
    voices among the accounts, by their ids. `restricts_talk`: not all members may talk. A
    `permanent` room never ends by itself. `created` is when the room was created, in seconds since
    the epoch. `used` tells the constructor whether something was said in the room before.
    """

    __slots__ = (
        "_settings",
        "_unused_id",
        "bans",
        "created",
        "id",
        "key",
        "last_id",
        "last_time",
        "members",
        "mutes",
        "name",
        "name_key",
        "number",
        "owner",
        "permanent",
        "restricts_talk",
        "roles",
        "starter",
    )

    def __init__(
        self,
        room_id: str,
        name: str,
        last_id: int = 0,
        last_time: float = 0.0,
        owner: int | None = None,
        permanent: bool = False,
        created: float = 0.0,
        used: bool = False,
        key: str | None = None,
        name_key: str | None = None,
        settings: RoomSettings = NO_SETTINGS,
    ) -> None:
        self.id = room_id
        self.key = room_key(room_id) if key is None else key
        self.name = name
        self.name_key = room_name_key(name) if name_key is None else name_key
        self.number = 0
        self.last_id = last_id
        self.last_time = last_time
        self.owner = owner
        self.permanent = permanent
        self.created = created
        self._unused_id = None if used else last_id
        self.members: dict[User, Member] = {}
        self.roles: dict[int, Role] = {}
        self.starter: User | None = None
        self.bans = self.mutes = NO_RESTRICTIONS
        self.restricts_talk = False
        self.settings = settings

    @property
    def settings(self) -> RoomSettings:
        """The topic, and which users may join, see and talk."""
        return self._settings

    @settings.setter
    def settings(self, settings: RoomSettings) -> None:
        self._settings = settings
        self.note_restrictions()

    def note_restrictions(self) -> None:
        """Note whether all members may talk, after the mutes or the settings have changed."""
        self.restricts_talk = self.settings.moderated or len(self.mutes) > 0

    @property
    def is_used(self) -> bool:
        """Whether something was ever said in the room."""
        return self.last_id != self._unused_id

    @property
    def is_needed(self) -> bool:
        """Whether the room is not to end by itself, though it may be empty."""
        return (
            self.is_used
            or self.permanent
            or self.owner is not None
            or bool(self.members)
            or self.settings != NO_SETTINGS
        )

    def continue_after(self, last_id: int) -> None:
        """Let the messages of a new room have ids above one that was used before."""
        self.last_id = self._unused_id = last_id

    def add(self, user: User, now: float) -> None:
        """Make `user` a member."""
        role = self.role_of(user.account)
        if user is self.starter:
            self.starter, role = None, Role.OPERATOR
        self.members[user] = user.rooms[self] = Member(role, now)

    def role_of(self, account: int | None) -> Role:
        """Return the role that an account has in the room, whether its user is there or not."""
        if account is None:
            return Role.NONE
        return Role.OWNER if account == self.owner else self.roles.get(account, Role.NONE)

    def remove(self, user: User) -> None:
        """End the membership of `user`."""
        del self.members[user], user.rooms[self]

    def number_messages(
        self,
        user: User,
        texts: Sequence[str],
        now: float,
        kind: MessageKind,
        tags: str,
        cuts: tuple[int, ...] = (),
    ) -> MessageBatch:
        """Return messages of a member with the next ids; their time is not before the last one."""
        if now > self.last_time:
            self.last_time = now
        else:
            now = self.last_time
        first = self.last_id + 1
        self.last_id += len(texts)
        return MessageBatch(
            self.id, first, user.name, texts, now, user.account, kind, user.profile, tags, cuts
        )

    def in_order(self, event: Any, earliest: float = 0.0) -> Any:
        """Return an event of the room whose time is not before that of the last one.

        Nor is it before `earliest`. After the clock was set back, it is the time of the last event.
        """
        time = self.last_time = max(event.time, self.last_time, earliest)
        return event if event.time == time else replace(event, time=time)
