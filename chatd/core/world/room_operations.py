"""The operations on the roles, settings, bans and mutes of rooms.

operations.py explains operations. A user is meant by the name that somebody typed: one who is
present or, else, an account. `room` is the key of a room. Most of these are in the store before
they are submitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chatd.core.names import Name
from chatd.core.profiles import UserRef
from chatd.core.rooms import Role, SessionKey
from chatd.core.world.operations import By, Operation


class MemberRef(NamedTuple):
    """The name of a user and the id of a room."""

    name: str
    room: str


@dataclass(frozen=True, slots=True)
class SetTopic(Operation[None]):
    """The topic of a room is set, or removed if it is ""."""

    by: By
    room: str
    text: str
    now: float


@dataclass(frozen=True, slots=True)
class SetSetting(Operation[None]):
    """A setting of a room is changed: `setting` is one of `settings_rules.SETTINGS`."""

    by: By
    room: str
    setting: str
    value: bool | int | str
    now: float


@dataclass(frozen=True, slots=True)
class SetRole(Operation[MemberRef]):
    """A user gets a role in a room, or has none any more; its outcome is both.

    If `former` is given, the user must have that role; else they must have no higher one than
    `role`. A guest has a role as long as they stay.
    """

    by: By
    room: str
    name: Name
    role: Role
    former: Role | None
    now: float


@dataclass(frozen=True, slots=True)
class Kick(Operation[MemberRef]):
    """A user is removed from a room for a `reason` or ""; its outcome is both.

    `room_id` is the room as it was typed, for errors.
    """

    by: By
    room: str
    room_id: str
    name: Name
    reason: str
    now: float


@dataclass(frozen=True, slots=True)
class Restrict(Operation[MemberRef]):
    """A user or an account is muted in a room or, if `is_ban`, banned from it; its outcome is both.

    For some minutes, up to `ends` by the clock that measures durations and `until` by the wall
    clock, or for ever. `of_name`: whoever takes the name is restricted, if nobody has it now.
    """

    by: By
    room: str
    name: Name
    is_ban: bool
    minutes: int | None
    ends: float | None
    until: float | None
    reason: str
    now: float
    of_name: bool = False


@dataclass(frozen=True, slots=True)
class LiftRestriction(Operation[MemberRef]):
    """A mute or, if `is_ban`, a ban of a user or an account ends; its outcome is both."""

    by: By
    room: str
    name: Name
    is_ban: bool
    now: float


@dataclass(frozen=True, slots=True)
class Invite(Operation[MemberRef]):
    """A user or an account may join a room once, up to `ends` and `until` as in `Restrict`."""

    by: By
    room: str
    name: Name
    ends: float
    until: float
    now: float


@dataclass(frozen=True, slots=True)
class DeleteMessage(Operation[None]):
    """The text of the message `id` was removed from the store by a user, for a reason or ""."""

    by: UserRef
    room: str
    id: int
    now: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class MarkRead(Operation[None]):
    """The user of an account has read the messages of a room up to `id`, by way of a session."""

    session: SessionKey
    room: str
    id: int
