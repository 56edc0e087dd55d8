"""Events of rooms that concern roles, settings, bans, invitations, deletion and reading.

They are part of the unions in `chatd.core.events`, whose conventions hold here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatd.core.profiles import NO_PROFILE, Profile, UserRef


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A user has another role in a room: `owner`, `operator`, `voice` or `none`.

    `by` is the name of the user who gave it, or `Administrator`. `is_self`: it is the role of the
    reader; `room_name` is for that user. `former` is the role before. `actor` is the user who gave
    it, None for the administrator. `is_member`: the user is in the room.
    """

    room: str
    name: str
    role: str
    by: str
    time: float
    room_name: str = ""
    is_self: bool = False
    former: str = "none"
    actor: UserRef | None = None
    is_member: bool = True


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """A setting of a room has another value: `change` has its name and the value.

    The values are what programs read: that of `key` tells only whether the room has one, that of
    `limit` is None where there is none. `by` and `actor` are as in `RoleChanged`.
    """

    room: str
    by: str
    time: float
    change: Mapping[str, str | bool | int | None]
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class RoomBanned:
    """A user who is not in a room was banned from it, for some minutes or until `RoomUnbanned`.

    The members read `Left` instead if the user was in the room. `account`, `by`, `text` and `actor`
    are as in `Left`.
    """

    room: str
    name: str
    by: str
    time: float
    minutes: int | None = None
    text: str | None = None
    account: int | None = None
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class RoomUnbanned:
    """A user who was banned from a room may join it again; the fields are those of `RoomBanned`."""

    room: str
    name: str
    by: str
    time: float
    account: int | None = None
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """For the user `name`, who may join a room once, because `by` invited them.

    `account` is the id of the account of `by`, None for a guest; `profile` is that of `by`.
    """

    room: str
    room_name: str
    by: str
    time: float
    account: int | None = None
    name: str = ""
    profile: Profile = NO_PROFILE


@dataclass(frozen=True, slots=True)
class MemberInvited:
    """The user `name` may join a room once, because the member `actor` invited them."""

    room: str
    name: str
    time: float
    actor: UserRef


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The text of the message `id` was removed by the user `by` for a reason, `text`, or "".

    `actor` is that user, if known.
    """

    room: str
    id: int
    by: str
    time: float
    text: str = ""
    actor: UserRef | None = None


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """For a user: another of their sessions has read the messages of a room up to `id`."""

    room: str
    id: int
