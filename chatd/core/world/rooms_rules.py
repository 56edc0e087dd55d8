"""The rules of rooms: joining, leaving, talking, and the creation and end of rooms."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode, NameFlaw
from chatd.core.events import ADMINISTRATOR, LeaveReason, MessageBatch, Notice
from chatd.core.rooms import Room
from chatd.core.world import access, rights
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.effects import Happened, Said, StoredUpTo
from chatd.core.world.invitations import subject_of
from chatd.core.world.world import World


def say(world: World, op: ops.Say) -> MessageBatch:
    """Give messages the next ids of a room."""
    user = world.find_session(op.session)
    room = world.rooms.by_key(op.room)
    if room is None or room not in user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    rights.check_can_talk(world, user, room, world.seconds)
    messages = room.number_messages(user, op.texts, op.now, op.kind, op.tags, op.cuts)
    world.emit(Said(room, messages, op.session))
    return messages


def announce(world: World, op: ops.Announce) -> None:
    """Send the administrator's words to a room."""
    room = require_room(world, op.room, op.room)
    notice = Notice(ADMINISTRATOR, op.text, op.now, room.id)
    world.emit(Happened(room, room.in_order(notice)))


def join(world: World, op: ops.Join) -> Room:
    """Make a user a member of a room."""
    user = world.session_user(op.session, op.address)
    room = world.rooms.by_key(op.room)
    if room is None or not rights.sees(world, user, room):
        # A suggestion would depend on the tables of Unicode; the chat has made one before.
        raise ChatError(ErrorCode.NO_SUCH_ROOM, room=op.room_id)
    rights.check_can_join(
        world,
        user,
        room,
        op.key,
        op.current,
        op.max_rooms,
        world.seconds,
        renames=op.name is not None,
        name=op.name,
    )
    if op.name is not None:
        if user.account is not None:
            raise ChatError(ErrorCode.ACCOUNT_NAME)
        world.check_name(op.name, op.session, world.seconds, user)
        world.assign_name(user, op.name, op.now)
    elif not user.name:
        raise ChatError(ErrorCode.USAGE)
    access.use_invitation(world, user, room)
    world.add_member(user, room, op.now, op.session)
    return room


def leave(world: World, op: ops.Leave) -> None:
    """End the membership of a user in a room."""
    user = world.find_session(op.session)
    room = world.rooms.by_key(op.room)
    if room is None or room not in user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    access.end_invitation(world, room, subject_of(user))
    world.remove_member(user, room, LeaveReason.QUIT, op.now, op.session, text=op.text or None)


def start(world: World, op: ops.StartRoom) -> bool:
    """Take the id of a new room."""
    user = None if op.starter is None else world.session_user(op.starter, op.address)
    known = world.rooms.by_key(op.room)
    is_admin = user is None or world.accounts.is_admin(user.account)
    if known is None and not is_admin and world.rooms.is_reserved(op.room, op.owner):
        raise not_allowed(op)
    if known is not None and not rights.sees(world, user, known):
        raise not_allowed(op)
    return world.rooms.start(op, user)


def not_allowed(op: ops.StartRoom) -> ChatError:
    """Return the error for an id that is, or was, that of a room which the user does not see.

    It is the same as for an id that nobody can have.
    """
    return ChatError(ErrorCode.BAD_ROOM_ID, room=op.room_id, reason=NameFlaw.RESERVED)


def end(world: World, op: ops.EndRoom) -> bool:
    """End a room with its members in it, unless it is needed and only one that is not may end."""
    room = require_room(world, op.room, op.room_id)
    if op.by is not None:
        rights.check_rank(world, op.by, room, rights.Rank.OWNER)
    if op.only_unneeded and room.is_needed:
        return False
    world.close_room(room, op.node, op.now)
    return True


def settle(world: World, op: ops.SettleRoom) -> Room | None:
    """Open a new room, or forget one that was removed."""
    return access.settle_room(world, op.room, stored=op.stored, last_id=op.last_id)


def messages_stored(world: World, op: account_ops.MessagesStored) -> None:
    """Note how far the messages are stored."""
    world.emit(StoredUpTo(op.node, op.position, op.lost))


def require_room(world: World, key: str, room_id: str) -> Room:
    """Return the room with a key; raise `ChatError` with `room_id` if there is none."""
    room = world.rooms.by_key(key)
    if room is None:
        raise ChatError(ErrorCode.NO_SUCH_ROOM, room=room_id)
    return room
