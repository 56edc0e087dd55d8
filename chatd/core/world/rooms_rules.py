"""The rules of rooms: joining, leaving, talking, and the creation and end of rooms."""

from __future__ import annotations

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import ADMINISTRATOR, LeaveReason, MessageBatch, Notice
from chatd.core.rooms import Room, User
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.effects import Happened, RoomSettled, Said, StoredUpTo
from chatd.core.world.world import World


def say(world: World, op: ops.Say) -> MessageBatch:
    """Give messages the next ids of a room."""
    user = world.find_session(op.session)
    room = world.rooms.by_key(op.room)
    if room is None or room not in user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    if room.mutes is not None:
        room.mutes.check(user, room, world.seconds)
    messages = room.number_messages(user, op.texts, op.now, op.action)
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
    room = require_room(world, op.room, op.room_id)
    check_can_join(user, room, op.current, op.max_rooms, renames=op.name is not None)
    if op.name is not None:
        if user.account is not None:
            raise ChatError(ErrorCode.ACCOUNT_NAME)
        world.check_name(op.name, op.session, world.seconds, user)
        world.assign_name(user, op.name, op.now)
    elif not user.name:
        raise ChatError(ErrorCode.USAGE)
    world.add_member(user, room, op.now, op.session)
    return room


def check_can_join(
    user: User, room: Room | None, current: str | None, max_rooms: int, *, renames: bool
) -> None:
    """Raise `ChatError` unless `user` may join `room` (None: a new one).

    In a room users keep their name. `current` is the id of the session's current room.
    """
    if room is not None and room in user.rooms:
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=room.id)
    if user.rooms and (renames or len(user.rooms) >= max_rooms):
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=current or next(reversed(user.rooms)).id)


def leave(world: World, op: ops.Leave) -> None:
    """End the membership of a user in a room."""
    user = world.find_session(op.session)
    room = world.rooms.by_key(op.room)
    if room is None or room not in user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    world.remove_member(user, room, LeaveReason.QUIT, op.now, op.session)


def start(world: World, op: ops.StartRoom) -> bool:
    """Take the id of a new room."""
    return world.rooms.start(op)


def end(world: World, op: ops.EndRoom) -> bool:
    """End a room with its members in it, unless it is needed and only one that is not may end."""
    room = require_room(world, op.room, op.room_id)
    if op.only_unneeded and room.is_needed:
        return False
    world.close_room(room, op.node, op.now)
    return True


def settle(world: World, op: ops.SettleRoom) -> Room | None:
    """Open a new room, or forget one that was removed."""
    world.emit(RoomSettled(op.room))
    room = world.rooms.settle(op.room, op.stored, op.last_id)
    if room is not None and room.mutes is not None:
        world.muted_rooms[room] = room.mutes
    return room


def messages_stored(world: World, op: account_ops.MessagesStored) -> None:
    """Note how far the messages are stored."""
    world.emit(StoredUpTo(op.node, op.position, op.lost))


def require_room(world: World, key: str, room_id: str) -> Room:
    """Return the room with a key; raise `ChatError` with `room_id` if there is none."""
    room = world.rooms.by_key(key)
    if room is None:
        raise ChatError(ErrorCode.NO_SUCH_ROOM, room=room_id)
    return room
