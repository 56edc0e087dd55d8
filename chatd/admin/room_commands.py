"""The administrator's commands on rooms."""

from __future__ import annotations

from chatd.admin.answer import Answer, done, reply_line
from chatd.admin.calls import Call, cancelled, counted
from chatd.core.errors import ChatError
from chatd.protocol.replies import RoomInfo
from chatd.protocol.text import error_text, room_lines


async def list_rooms(call: Call) -> Answer:
    """List the rooms and their members."""
    rooms = [RoomInfo.of(room) for room in call.context.chat.rooms()]
    if not rooms:
        return Answer([reply_line("No chatroom exists!")], data=[])
    lines = ["", *reply_line(room_lines(rooms)).split("\n")]
    return Answer(lines, data=[_room_data(room) for room in rooms])


def _room_data(room: RoomInfo) -> object:
    members = [
        {"name": name, "address": None if address is None else str(address)}
        for name, address in room.chatters
    ]
    return {"id": room.id, "name": room.name, "members": members}


async def start(call: Call) -> Answer:
    """Create a room."""
    room_id, name = call.arguments["chatroom_id"], call.arguments["chatroom_name"]
    room = await call.context.chat.create_room(room_id, name)
    return done(f"Chatroom {room.id} started!", room=room.id)


async def end(call: Call) -> Answer:
    """End a room."""
    room = call.context.chat.room(call.arguments["chatroom_id"])
    members = counted(len(room.members), "member")
    if not await call.confirm(f"End chatroom {room.name}@{room.id} with {members}? [y/N] "):
        return cancelled()
    await call.context.chat.delete_room(room.id, call.now)
    return done(f"chatroom {room.id} closed.", room=room.id)


async def kick(call: Call) -> Answer:
    """Remove a user from a room."""
    name, room_id = call.arguments["chatter_name"], call.arguments["chatroom_id"]
    user, room = call.context.moderation.kick(name, room_id, call.now)
    text = f"{user.name} was kicked from chatroom {room.id}."
    return done(text, name=user.name, room=room.id)


async def group(call: Call) -> Answer:
    """Move each user; the answer is a failure if one of them cannot be moved."""
    room = call.context.chat.room(call.arguments["chatroom_id"])
    lines, moved, errors = [], [], []
    for name in call.arguments["list_of_chatters"].split():
        try:
            user = call.context.moderation.move_user(name, room, call.now)
            lines.append(reply_line(f"{user.name} was grouped into chatroom {room.id}."))
            moved.append(user.name)
        except ChatError as error:
            text = error_text(error)
            lines.append(reply_line(text))
            errors.append({"name": name, "code": error.code, "text": text})
    data: dict[str, object] = {"room": room.id, "names": moved}
    if errors:
        data |= {"code": errors[0]["code"], "text": errors[0]["text"], "errors": errors}
    return Answer(lines, failed=bool(errors), data=data)


async def say(call: Call) -> Answer:
    """Send the administrator's words to a room."""
    room = call.context.chat.room(call.arguments["chatroom_id"])
    call.context.chat.announce(room.id, call.arguments["text"], call.now)
    return Answer(data={"room": room.id})
