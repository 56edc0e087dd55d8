"""The rules of the administrator: moving users, ending them, banning them from the server."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import ADMINISTRATOR, Address, DisconnectReason, LeaveReason, Moved
from chatd.core.names import Name
from chatd.core.rooms import User
from chatd.core.world import access
from chatd.core.world import operations as ops
from chatd.core.world.effects import BanAdded, Told
from chatd.core.world.invitations import subject_of
from chatd.core.world.rooms_rules import require_room
from chatd.core.world.world import World


def move(world: World, op: ops.Move) -> str:
    """Make a user a member of a room, who leaves another one if they may be in no more."""
    room, user = require_room(world, op.room, op.room), _require_user(world, op.name)
    if room in user.rooms:
        return user.name
    left = None
    if user.rooms and len(user.rooms) >= op.max_rooms:
        left = next((each for each in user.rooms if each.key == op.leave), None)
        left = left or next(reversed(user.rooms))
        access.end_invitation(world, left, subject_of(user))
        world.remove_member(user, left, LeaveReason.GROUPED, op.now)
    time = max(op.now, room.last_time)
    left_id = None if left is None else left.id
    world.emit(Told(user, Moved(room.id, room.name, left_id, user.name, user.address, time)))
    world.add_member(user, room, op.now)
    access.admit(world, room, user, ADMINISTRATOR, op.now)
    return user.name


def end_user(world: World, op: ops.EndUser) -> str:
    """End a user with all their sessions, which cannot be resumed."""
    user = _require_user(world, op.name)
    name, reason = user.name, DisconnectReason.REMOVED
    for session in user.sessions:
        world.revoke_token(session)
    world.disconnect_user(user, LeaveReason.KICKED, reason, op.now, op.reason, by=op.by)
    return name


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


def _require_user(world: World, name: Name) -> User:
    user = world.names.find(name.keys)
    if user is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=name.text)
    return user
