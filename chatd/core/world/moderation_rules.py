"""The rules of moderation in a room: kick, mute, ban."""

from __future__ import annotations

from typing import NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Kicked, LeaveReason, Muted, Unmuted
from chatd.core.names import Name
from chatd.core.network import limit_key
from chatd.core.records import AccessKind, AccountRef, RoomAccess
from chatd.core.restrictions import Restriction, Restrictions
from chatd.core.room_events import RoomBanned, RoomUnbanned
from chatd.core.rooms import Room, User
from chatd.core.world import access, rights
from chatd.core.world import room_operations as room_ops
from chatd.core.world.effects import Happened, Told
from chatd.core.world.invitations import subject_of
from chatd.core.world.operations import By
from chatd.core.world.rights import Rank
from chatd.core.world.rooms_rules import require_room
from chatd.core.world.world import World

MAX_ENTRIES = 1000
"""How many bans and mutes a room has at most, each."""


class Target(NamedTuple):
    """The account or guest on whom somebody acts: `name` in its spelling, `user` if present.

    It `is_nobody` if the name is that of nobody now.
    """

    name: Name
    account: AccountRef | None
    user: User | None

    @property
    def is_nobody(self) -> bool:
        """Whether no account and no guest has the name."""
        return self.account is None and self.user is None


def find_target(world: World, name: Name) -> Target:
    """Return the user or the account with a name; raise `ChatError` if there is none."""
    user, account = world.names.find(name.keys), world.accounts.find(name.keys)
    if user is not None and user.keys is not None:
        account = None if user.account is None else world.accounts.by_id(user.account)
        return Target(Name(user.name, user.keys), account, user)
    if account is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=name.text)
    return Target(Name(account.name, world.accounts.keys(account.id)), account, None)


def _find_target_or_name(world: World, name: Name) -> Target:
    """Return the user or the account with a name, or the name alone."""
    is_known = world.names.find(name.keys) is not None or world.accounts.find(name.keys) is not None
    return find_target(world, name) if is_known else Target(name, None, None)


def subject_of_target(target: Target) -> int | User:
    """Return the subject that stands for a target in invitations."""
    if target.account is not None:
        return target.account.id
    assert target.user is not None
    return target.user


def check_outranks(world: World, rank: Rank, target: Target, room: Room) -> None:
    """Raise `ChatError` if a user of some rank may not act on another one."""
    other = Rank.NONE
    if target.user is not None:
        other = rights.rank_of(world, target.user, room)
    elif target.account is not None:
        other = rights.rank_of_account(world, target.account.id, room)
    if rank <= other:
        raise ChatError(ErrorCode.OUTRANKED, name=target.name.text)


def kick(world: World, op: room_ops.Kick) -> room_ops.MemberRef:
    """Remove a user from a room; the user and the room read the reason and the author."""
    room, user = world.rooms.by_key(op.room), world.names.find(op.name.keys)
    if room is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.name.text, room=op.room_id)
    rank = rights.check_rank(world, op.by, room, Rank.OPERATOR)
    if user is None or room not in user.rooms:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.name.text, room=room.id)
    check_outranks(world, rank, find_target(world, op.name), room)
    _remove(world, room, user, LeaveReason.KICKED, op.by, op.reason or None, op.now)
    return room_ops.MemberRef(user.name, room.id)


def _remove(
    world: World,
    room: Room,
    user: User,
    reason: LeaveReason,
    by: By,
    text: str | None,
    now: float,
) -> None:
    """Remove a user from a room for good: the user is told, and an invitation ends."""
    access.end_invitation(world, room, subject_of(user))
    name, actor = rights.actor_name(world, by), rights.actor_ref(world, by)
    world.remove_member(user, room, reason, now, by=name, text=text, actor=actor)
    time = max(now, room.last_time)
    is_ban = reason is LeaveReason.BANNED
    kicked = Kicked(room.id, room.name, user.name, user.address, time, name, text, is_ban, actor)
    world.emit(Told(user, kicked))


class Restricting(NamedTuple):
    """A ban or mute of a room that is to be, and the former one of the same subject."""

    room: Room
    target: Target
    entry: RoomAccess
    former: Restriction | None


def check_restrict(world: World, op: room_ops.Restrict, seconds: float) -> Restricting:
    """Return the ban or mute that an operation makes; raise `ChatError` if it is refused.

    `seconds` is the time now, by the clock that measures durations.
    """
    room = require_room(world, op.room, op.room)
    rank = rights.check_rank(world, op.by, room, Rank.OPERATOR)
    target = _find_target_or_name(world, op.name) if op.of_name else find_target(world, op.name)
    check_outranks(world, rank, target, room)
    restrictions = restrictions_of(room, is_ban=op.is_ban).active(seconds)
    account = None if target.account is None else target.account.id
    former = restrictions.of(target.user, account, seconds)
    if former is None and target.is_nobody:
        keys = target.name.keys
        former = next((each for each in restrictions if each.is_of_name(keys)), None)
    if former is None and len(restrictions) >= MAX_ENTRIES:
        raise rights.refusal(ErrorCode.TOO_MANY_ENTRIES, room, limit=MAX_ENTRIES)
    entry = RoomAccess(
        AccessKind.BAN if op.is_ban else AccessKind.MUTE,
        target.name.text,
        account,
        None if target.user is None else limit_key(target.user.address),
        op.until,
        rights.actor_name(world, op.by),
        op.now,
        op.reason,
    )
    return Restricting(room, target, entry, former)


def restrict(world: World, op: room_ops.Restrict) -> room_ops.MemberRef:
    """Mute a user or an account in a room, or ban them from it, in place of a former one."""
    room, target, entry, former = check_restrict(world, op, world.seconds)
    if former is not None:
        access.lift(room, former)
    user = target.user
    guest = user.guest_names if user is not None and target.account is None else None
    access.restrict(world, room, Restriction(entry, target.name.keys, guest, op.ends))
    name, text = target.name.text, op.reason or None
    member = user if user is not None and room in user.rooms else None
    if not op.is_ban:
        muted = Muted(room.id, name, entry.by, op.now, op.minutes, room.name)
        world.emit(Happened(room, room.in_order(muted), member))
        return room_ops.MemberRef(name, room.id)
    if member is not None:
        _remove(world, room, member, LeaveReason.BANNED, op.by, text, op.now)
    else:
        if not target.is_nobody:
            access.end_invitation(world, room, subject_of_target(target))
        actor = rights.actor_ref(world, op.by)
        banned = RoomBanned(room.id, name, entry.by, op.now, op.minutes, text, entry.account, actor)
        world.emit(Happened(room, room.in_order(banned)))
    return room_ops.MemberRef(name, room.id)


class Lifting(NamedTuple):
    """The ban or mute of a room that is going to end, and the name of its user or account."""

    room: Room
    restriction: Restriction
    name: str


def check_lift(world: World, op: room_ops.LiftRestriction) -> Lifting:
    """Return the ban or mute that an operation ends; raise `ChatError` if it is refused.

    Administrators may lift those of each other, and their own.
    """
    room = require_room(world, op.room, op.room)
    rank = rights.check_rank(world, op.by, room, Rank.OPERATOR)
    user, account = world.names.find(op.name.keys), world.accounts.find(op.name.keys)
    identity = None if account is None else account.id
    if user is not None:
        identity = user.account
    restrictions = restrictions_of(room, is_ban=op.is_ban)
    found = restrictions.find(op.name, user, identity, world.seconds)
    if found is None and op.is_ban:
        raise ChatError(ErrorCode.NOT_BANNED, subject=op.name.text)
    if found is None:
        raise ChatError(ErrorCode.NOT_MUTED, name=op.name.text, room=room.id)
    name = user.name if user is not None and found.is_of(user) else found.name
    if rank < Rank.ADMINISTRATOR and rank <= _rank_of_restricted(world, room, found):
        raise ChatError(ErrorCode.OUTRANKED, name=name)
    return Lifting(room, found, name)


def lift(world: World, op: room_ops.LiftRestriction) -> room_ops.MemberRef:
    """Let a user or an account talk in a room again, or join it."""
    room, restriction, name = check_lift(world, op)
    access.lift(room, restriction)
    by = rights.actor_name(world, op.by)
    if op.is_ban:
        account, actor = restriction.entry.account, rights.actor_ref(world, op.by)
        unbanned = RoomUnbanned(room.id, name, by, op.now, account, actor)
        world.emit(Happened(room, room.in_order(unbanned)))
    else:
        unmuted = Unmuted(room.id, name, by, op.now, room.name)
        member = _member(room, restriction)
        world.emit(Happened(room, room.in_order(unmuted), member))
    return room_ops.MemberRef(name, room.id)


def restrictions_of(room: Room, *, is_ban: bool) -> Restrictions:
    """Return the bans or the mutes of a room."""
    return room.bans if is_ban else room.mutes


def _rank_of_restricted(world: World, room: Room, restriction: Restriction) -> Rank:
    """Return the rank of the account or guest who is banned or muted."""
    account, member = restriction.entry.account, _member(room, restriction)
    if member is not None:
        return rights.rank_of(world, member, room)
    return Rank.NONE if account is None else rights.rank_of_account(world, account, room)


def _member(room: Room, restriction: Restriction) -> User | None:
    """Return the member of a room who was banned or muted."""
    return next((user for user in room.members if restriction.is_of(user)), None)
