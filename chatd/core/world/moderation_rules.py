"""The rules of moderation: kick, move, mute and ban."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import (
    Address,
    DisconnectReason,
    Kicked,
    LeaveReason,
    Moved,
    Muted,
    Unmuted,
)
from chatd.core.mutes import Mute, RoomMutes
from chatd.core.names import Name
from chatd.core.rooms import Room, User
from chatd.core.world import operations as ops
from chatd.core.world.effects import BanAdded, Happened, Told
from chatd.core.world.rooms_rules import require_room
from chatd.core.world.world import World


def kick(world: World, op: ops.Kick) -> ops.MemberRef:
    """Remove a user from a room; the user and the room read the reason and the author."""
    room, user = world.rooms.by_key(op.room), world.names.find(op.name.keys)
    if room is None or user is None or room not in user.rooms:
        room_id = op.room_id if room is None else room.id
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.name.text, room=room_id)
    text = op.reason or None
    world.remove_member(user, room, LeaveReason.KICKED, op.now, by=op.by, text=text)
    time = max(op.now, room.last_time)
    kicked = Kicked(room.id, room.name, user.name, user.address, time, op.by, text)
    world.emit(Told(user, kicked))
    return ops.MemberRef(user.name, room.id)


def move(world: World, op: ops.Move) -> str:
    """Make a user a member of a room, who leaves another one if they may be in no more."""
    room, user = require_room(world, op.room, op.room), _require_user(world, op.name)
    if room in user.rooms:
        return user.name
    left = None
    if user.rooms and len(user.rooms) >= op.max_rooms:
        left = next((each for each in user.rooms if each.key == op.leave), None)
        left = left or next(reversed(user.rooms))
        world.remove_member(user, left, LeaveReason.GROUPED, op.now)
    time = max(op.now, room.last_time)
    left_id = None if left is None else left.id
    world.emit(Told(user, Moved(room.id, room.name, left_id, user.name, user.address, time)))
    world.add_member(user, room, op.now)
    return user.name


def mute(world: World, op: ops.Mute) -> str:
    """Mute a user or an account in a room; one who is muted already gets the new time."""
    room = require_room(world, op.room, op.room)
    mute = _mute_on(world, op)
    mutes = room.mutes or RoomMutes()
    former = _find(world, mutes, Name(mute.name, mute.keys))
    if former is not None:
        mutes.remove(former)
    mutes.add(mute)
    room.mutes = world.muted_rooms[room] = mutes
    muted = Muted(room.id, mute.name, op.by, op.now, op.minutes, room.name)
    world.emit(Happened(room, room.in_order(muted), _member(mute, room)))
    return mute.name


def unmute(world: World, op: ops.Unmute) -> str:
    """Let a user or an account talk in a room again."""
    room = require_room(world, op.room, op.room)
    mutes = room.mutes
    mute = None if mutes is None else _find(world, mutes, op.name)
    if mutes is None or mute is None:
        raise ChatError(ErrorCode.NOT_MUTED, name=op.name.text, room=room.id)
    mutes.remove(mute)
    world.end_mutes(room)
    unmuted = Unmuted(room.id, mute.name, op.by, op.now, room.name)
    world.emit(Happened(room, room.in_order(unmuted), _member(mute, room)))
    return mute.name


def add_ban(world: World, op: ops.AddBan) -> int:
    """Add a ban; the users whom it concerns are disconnected and read the reason."""
    world.bans.add(op.ban, op.keys, op.ends)
    ended = 0
    for session, user in list(world.sessions.items()):
        is_here = session in world.sessions
        if is_here and _is_banned(world, user, world.address_of(session)):
            ended += _count_banned(world, user)
            reason, text = DisconnectReason.BANNED, op.ban.reason
            world.disconnect_user(user, LeaveReason.BANNED, reason, op.now, text)
    world.emit(BanAdded(op.ban))
    return ended


def remove_ban(world: World, op: ops.RemoveBan) -> None:
    """Remove a ban."""
    if world.bans.find(op.ban, op.keys) == op.ban:  # it was not renewed meanwhile
        world.bans.remove(op.ban)


def _is_banned(world: World, user: User, address: Address | None) -> bool:
    bans, seconds = world.bans, world.seconds
    if user.keys is not None and bans.name_ban(user.keys, seconds) is not None:
        return True
    return bans.address_ban(address, seconds) is not None


def _count_banned(world: World, user: User) -> int:
    addresses = map(world.address_of, user.sessions)
    return sum(_is_banned(world, user, address) for address in addresses)


def _mute_on(world: World, op: ops.Mute) -> Mute:
    user = world.names.find(op.name.keys)
    if user is not None and user.keys is not None:
        guest = user if user.account is None else None
        return Mute(user.name, user.keys, user.account, guest, op.ends)
    account = world.accounts.find(op.name.keys)
    if account is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.name.text)
    return Mute(account.name, world.accounts.keys(account.id), account.id, None, op.ends)


def _find(world: World, mutes: RoomMutes, name: Name) -> Mute | None:
    """Return the mute of the user or the account `name`, or of a guest who had that name."""
    user, account = world.names.find(name.keys), world.accounts.find(name.keys)
    for mute in mutes.active(world.seconds):
        if user is not None and mute.is_on(user):
            return mute
        if account is not None and mute.account == account.id:
            return mute
        if mute.guest is not None and mute.keys.same_as(name.keys):
            return mute
    return None


def _member(mute: Mute, room: Room) -> User | None:
    """Return the user who is muted, if that is a member of `room`."""
    return next((user for user in room.members if mute.is_on(user)), None)


def _require_user(world: World, name: Name) -> User:
    user = world.names.find(name.keys)
    if user is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=name.text)
    return user
