"""The rules of roles and invitations in rooms, and of what members do with messages there."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.profiles import UserRef
from chatd.core.records import AccessKind, RoomAccess
from chatd.core.room_events import Invited, MemberInvited, MessageDeleted, ReadUpTo, RoleChanged
from chatd.core.rooms import Role, Room
from chatd.core.world import access, rights
from chatd.core.world import room_operations as room_ops
from chatd.core.world.effects import Happened, HappenedToUser, RoomRead, Told
from chatd.core.world.invitations import Invitation
from chatd.core.world.moderation_rules import (
    MAX_ENTRIES,
    Target,
    check_outranks,
    find_target,
    subject_of_target,
)
from chatd.core.world.rights import Rank
from chatd.core.world.rooms_rules import require_room
from chatd.core.world.world import World

# -- roles


def check_set_role(world: World, op: room_ops.SetRole) -> tuple[Room, Target]:
    """Return the room and the user who gets a role; raise `ChatError` if that is refused.

    Operators and voices may give up their own role.
    """
    room = require_room(world, op.room, op.room)
    gives_up = _is_own(world, op) and op.role is Role.NONE and op.former is not None
    is_operator = Role.OPERATOR in {op.role, op.former}
    least = Rank.OWNER if is_operator else Rank.OPERATOR
    rank = rights.check_rank(world, op.by, room, Rank.NONE if gives_up else least)
    target = find_target(world, op.name)
    if target.account is None and (target.user is None or room not in target.user.rooms):
        raise ChatError(ErrorCode.NO_SUCH_USER, name=target.name.text, room=room.id)
    if not gives_up:
        check_outranks(world, rank, target, room)
    role, name = _role(target, room), target.name.text
    if op.former is not None and role is not op.former:
        raise ChatError(ErrorCode.NO_SUCH_ROLE, name=name, role=op.former.value, room=room.id)
    if op.former is None and rights.RANKS[role] > rights.RANKS[op.role]:
        raise ChatError(ErrorCode.OUTRANKED, name=name)
    return room, target


def set_role(world: World, op: room_ops.SetRole) -> room_ops.MemberRef:
    """Give a user a role in a room; an account keeps it when its user leaves."""
    room, target = check_set_role(world, op)
    former = _role(target, room)
    if target.account is not None:
        if op.role is Role.NONE:
            room.roles.pop(target.account.id, None)
        else:
            room.roles[target.account.id] = op.role
    member = None if target.user is None else target.user.rooms.get(room)
    if member is not None:
        member.role = op.role
    by, name = rights.actor_name(world, op.by), target.name.text
    if target.user is not None and member is not None and op.role is Role.NONE:
        access.admit(world, room, target.user, by, op.now)
    changed = RoleChanged(
        room.id,
        name,
        op.role.value,
        by,
        op.now,
        room.name,
        former=former.value,
        actor=rights.actor_ref(world, op.by),
        is_member=member is not None,
    )
    subject = target.user if member is not None else None
    world.emit(Happened(room, room.in_order(changed), subject))
    return room_ops.MemberRef(name, room.id)


def _is_own(world: World, op: room_ops.SetRole) -> bool:
    """Tell whether the user who acts is the one who gets the role."""
    user = rights.actor(world, op.by)
    return user is not None and world.names.find(op.name.keys) is user


def _role(target: Target, room: Room) -> Role:
    member = None if target.user is None else target.user.rooms.get(room)
    if member is not None:
        return member.role
    return room.role_of(None if target.account is None else target.account.id)


# -- invitations


def check_invite(world: World, op: room_ops.Invite) -> tuple[Room, Target, RoomAccess]:
    """Return an invitation and its subject; raise `ChatError` if it is refused."""
    room = require_room(world, op.room, op.room)
    rights.check_rank(world, op.by, room, Rank.OPERATOR if room.settings.moderated else Rank.NONE)
    target = find_target(world, op.name)
    if target.user is not None and room in target.user.rooms:
        name = target.name.text
        raise rights.refusal(ErrorCode.MEMBER_ALREADY, room, name=name)
    if world.invitations.count(room) >= MAX_ENTRIES:
        raise rights.refusal(ErrorCode.TOO_MANY_ENTRIES, room, limit=MAX_ENTRIES)
    entry = RoomAccess(
        AccessKind.INVITATION,
        target.name.text,
        None if target.account is None else target.account.id,
        None,
        op.until,
        rights.actor_name(world, op.by),
        op.now,
    )
    return room, target, entry


def invite(world: World, op: room_ops.Invite) -> room_ops.MemberRef:
    """Let a user join a room once; one who ignores the user who invites learns nothing."""
    room, target, entry = check_invite(world, op)
    outcome = room_ops.MemberRef(target.name.text, room.id)
    if is_ignored(world, op, target):
        return outcome
    subject = subject_of_target(target)
    former = world.invitations.find(room, subject, world.seconds)
    if former is not None and former.is_used:  # the store has another entry for it
        access.end_invitation(world, room, subject)
    world.invitations.add(room, subject, Invitation(entry, op.ends))
    is_told = former is None or former.is_used or former.entry.by != entry.by
    if target.user is not None and is_told:
        inviting = rights.actor_ref(world, op.by) or UserRef(entry.by)
        invited = Invited(
            room.id,
            room.name,
            entry.by,
            op.now,
            inviting.account,
            target.user.name,
            inviting.profile,
        )
        world.emit(Told(target.user, invited))
        told = room.in_order(MemberInvited(room.id, target.user.name, op.now, inviting))
        author = rights.actor(world, op.by) or target.user
        world.emit(HappenedToUser({room: told}, author, op.by.session))
    return outcome


def is_ignored(world: World, op: room_ops.Invite, target: Target) -> bool:
    """Tell whether the user who is invited ignores the one who invites."""
    inviting = rights.actor(world, op.by)
    if inviting is None:
        return False
    if target.user is not None:
        ignored = target.user.ignored
    else:
        ignored = None if target.account is None else world.accounts.ignored_by(target.account.id)
    if ignored is None:
        return False
    if inviting.account is not None:
        return inviting.account in ignored.accounts
    return inviting.guest_names in ignored.guests


# -- messages


def delete_message(world: World, op: room_ops.DeleteMessage) -> None:
    """Tell a room that the text of a message is gone, whatever has become of the user."""
    room = require_room(world, op.room, op.room)
    deleted = MessageDeleted(room.id, op.id, op.by.name, op.now, op.text, op.by)
    world.emit(Happened(room, room.in_order(deleted)))


def mark_read(world: World, op: room_ops.MarkRead) -> None:
    """Tell the other sessions of an account how far its user has read a room."""
    user, room = world.find_session(op.session), world.rooms.by_key(op.room)
    if user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
    if room is None or room not in user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    world.emit(RoomRead(user.account, room, op.id))
    world.emit(Told(user, ReadUpTo(room.id, op.id), op.session))
