"""The administrator's commands on rooms."""

from __future__ import annotations

from typing import Final, cast

from chatd.admin.answer import Answer, done, json_time, reply_line, shown_time
from chatd.admin.calls import Call, cancelled, counted, usage
from chatd.core.bidi import isolate
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import RoomUsage
from chatd.core.rooms import Role, Room
from chatd.core.world.settings_rules import PRIVATE, SETTINGS, shown_value
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.protocol.error_text import error_text
from chatd.protocol.replies import RoomInfo
from chatd.protocol.text import render, room_lines
from chatd.server.limitedlog import address_fields

HISTORY_LENGTH: Final = 20
"""How many messages `history` shows if the command does not tell."""

_NO_USAGE: Final = RoomUsage(0, 0.0)


async def list_rooms(call: Call) -> Answer:
    """List the rooms and their members."""
    rooms = [RoomInfo.of(room) for room in call.context.chat.rooms()]
    if not rooms:
        return Answer([reply_line("No chatroom exists!")], data=[])
    lines = ["", *reply_line(room_lines(rooms)).split("\n")]
    return Answer(lines, data=[_room_data(room) for room in rooms])


def _room_data(room: RoomInfo) -> object:
    members = [{"name": name, **address_fields(address)} for name, address in room.chatters]
    return {"id": room.id, "name": room.name, "members": members}


async def rooms(call: Call) -> Answer:
    """List the rooms with what the store has of them."""
    context = call.context
    found = list(context.chat.rooms())
    owners: dict[int | None, str] = {}
    if any(room.owner is not None for room in found):
        owners = {account.id: account.name for account in await context.accounts.accounts()}
    await context.writer.drained()
    usages = await context.store.room_usage()
    data = [
        _room_usage(room, usages.get(room.key, _NO_USAGE), owners.get(room.owner)) for room in found
    ]
    lines = [_room_usage_line(item) for item in data]
    return Answer(lines or [reply_line("No chatroom exists!")], data=data)


def _room_usage(room: Room, usage: RoomUsage, owner: str | None) -> dict[str, object]:
    return {
        "id": room.id,
        "name": room.name,
        "owner": owner,
        "settings": _settings_of(room),
        "topic": room.settings.topic or None,
        "members": len(room.members),
        "messages": room.last_id if room.is_used else 0,
        "bytes": usage.size,
        "last_spoken": json_time(usage.last_time) if usage.last_time else None,
    }


def _settings_of(room: Room) -> list[str]:
    """Return the names of the settings that are on; `private` stands for its parts."""
    names = [name for name in SETTINGS if shown_value(room, name)]
    hidden = SETTINGS[PRIVATE] if PRIVATE in names else ()
    return [name for name in names if name == PRIVATE or SETTINGS[name][0] not in hidden]


def _room_usage_line(item: dict[str, object]) -> str:
    settings = cast("list[str]", item["settings"])
    last_spoken = str(item["last_spoken"] or "-").replace("T", " ").replace("Z", " UTC")
    return (
        f"{isolate(str(item['name']))}@{isolate(str(item['id']))} owner={item['owner'] or '-'} "
        f"settings={','.join(settings) or '-'} "
        f"members={item['members']} messages={item['messages']} bytes={item['bytes']} "
        f"last={last_spoken}"
    )


async def history(call: Call) -> Answer:
    """List the last messages of a room."""
    limit = int(call.arguments.get("limit", HISTORY_LENGTH))
    if not limit:
        return usage(CONSOLE_COMMANDS["history"])
    context = call.context
    room = context.chat.room(call.arguments["chatroom_id"])
    messages = context.messages.mark_former(await context.history.read(room, None, limit))
    lines = [
        line
        for said in messages
        for line in f"[{shown_time(said.time)}] {render(said)}".split("\n")
    ]
    data = [
        {"id": said.id, "from": said.sender, "text": said.text, "time": json_time(said.time)}
        for said in messages
    ]
    nothing = reply_line(f"No messages in chatroom {room.id}!")
    return Answer(lines or [nothing], data=data)


async def start(call: Call) -> Answer:
    """Create a room."""
    room_id, name = call.arguments["chatroom_id"], call.arguments["chatroom_name"]
    room = await call.context.chat.create_room(room_id, name, call.now)
    return done(f"Chatroom {room.id} started!", room=room.id)


async def end(call: Call) -> Answer:
    """End a room."""
    room = call.context.chat.room(call.arguments["chatroom_id"])
    members = counted(len(room.members), "member")
    if not await call.confirm(f"End chatroom {room.name}@{room.id} with {members}? [y/N] "):
        return cancelled()
    await call.context.chat.delete_room(room, call.now)
    return done(f"chatroom {room.id} closed.", room=room.id)


async def kick(call: Call) -> Answer:
    """Remove a user from a room."""
    name, room_id = call.arguments["chatter_name"], call.arguments["chatroom_id"]
    reason, context = call.reason, call.context
    try:
        room = context.chat.room(room_id)
    except ChatError:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=name, room=room_id) from None
    name, room_id = await context.room_moderation.kick(call.by, name, room, reason, call.now)
    text = f"{name} was kicked from chatroom {room_id}."
    return done(text, name=name, room=room_id, reason=reason or None)


async def mute(call: Call) -> Answer:
    """Let a user or an account read a room but not talk in it."""
    minutes = int(call.arguments["minutes"]) if "minutes" in call.arguments else None
    if minutes == 0:
        return usage(CONSOLE_COMMANDS["mute"])
    name, room = _member_and_room(call)
    moderation = call.context.room_moderation
    name, room_id = await moderation.mute(call.by, name, room, minutes, call.now)
    span = "" if minutes is None else f" for {counted(minutes, 'minute')}"
    text = f"{name} was muted in chatroom {room_id}{span}."
    return done(text, name=name, room=room_id, minutes=minutes)


async def unmute(call: Call) -> Answer:
    """Let a user or an account talk in a room again."""
    name, room = _member_and_room(call)
    name, room_id = await call.context.room_moderation.unmute(call.by, name, room, call.now)
    return done(f"{name} was unmuted in chatroom {room_id}.", name=name, room=room_id)


async def op(call: Call) -> Answer:
    """Make a user or an account an operator of a room."""
    name, room = _member_and_room(call)
    moderation = call.context.room_moderation
    name, room_id = await moderation.set_role(call.by, name, room, Role.OPERATOR, call.now)
    return done(f"{name} is now an operator of chatroom {room_id}.", name=name, room=room_id)


async def deop(call: Call) -> Answer:
    """Let an operator of a room be none any more."""
    name, room = _member_and_room(call)
    moderation, former = call.context.room_moderation, Role.OPERATOR
    name, room_id = await moderation.set_role(
        call.by, name, room, Role.NONE, call.now, former=former
    )
    return done(f"{name} is no operator of chatroom {room_id} any more.", name=name, room=room_id)


def _member_and_room(call: Call) -> tuple[str, Room]:
    return call.arguments["chatter_name"], call.context.chat.room(call.arguments["chatroom_id"])


async def group(call: Call) -> Answer:
    """Move each user; the answer is a failure if one of them cannot be moved."""
    room = call.context.chat.room(call.arguments["chatroom_id"])
    lines, moved, errors = [], [], []
    for name in call.arguments["list_of_chatters"].split():
        try:
            spelled = await call.context.moderation.move_user(name, room, call.now)
            lines.append(reply_line(f"{spelled} was grouped into chatroom {room.id}."))
            moved.append(spelled)
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
    await call.context.chat.announce(room.id, call.arguments["text"], call.now)
    return Answer(data={"room": room.id})
