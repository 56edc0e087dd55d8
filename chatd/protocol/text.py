"""The words of the chat: events and answers as people read them, requests as people type them.

Spec section 4, and the parts of 5 that clients see. Every line after the first of what a user
wrote is indented, so that nobody can forge a line that starts with a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    Address,
    Event,
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    Moved,
    Notice,
    PrivateMessage,
    RoomClosed,
    RoomEvent,
)
from chatd.protocol.commands import MASK, Command, Request
from chatd.protocol.replies import (
    Disconnect,
    Error,
    History,
    Ok,
    Receipt,
    Reply,
    RoomInfo,
    RoomList,
)

COMMAND_PREFIX = "`"

_ERROR_TEXTS: Final = {
    ErrorCode.ALREADY_IN_ROOM: "You must quit your current chatroom {room} first.",
    ErrorCode.BAD_JSON: "Not a request in JSON: {reason}.",
    ErrorCode.BAD_NAME: "Name {name} is not allowed.",
    ErrorCode.BAD_PASSWORD: "Password must have 8 to 1024 bytes.",
    ErrorCode.BAD_ROOM_ID: "Chatroom id {room} is not allowed.",
    ErrorCode.BANNED: "You were banned by the Administrator!",
    ErrorCode.BUSY: "Busy, try again.",
    ErrorCode.CREATION_FORBIDDEN: "You may not start chatrooms.",
    ErrorCode.CREATION_LIMIT: ("You made too many chatrooms or accounts, try again in an hour."),
    ErrorCode.IN_NO_ROOM: "Join a room first!",
    ErrorCode.LOGGED_IN: "You are logged in as {name}, logout first.",
    ErrorCode.LOGIN_FIRST: "Login first!",
    ErrorCode.NAME_IN_USE: "Name {name} is already in use!",
    ErrorCode.NAME_NEEDS_LOGIN: "Name {name} is registered, login first!",
    ErrorCode.NOT_BANNED: "{subject} is not banned.",
    ErrorCode.NOT_IN_ROOM: "Join chatroom {room} first!",
    ErrorCode.NOT_STORED: "Your message could not be stored.",
    ErrorCode.NO_SUCH_ACCOUNT: "Account {name} NOT found!",
    ErrorCode.NO_SUCH_ROOM: "Chatroom {room} NOT exist!",
    ErrorCode.NO_SUCH_SESSION: "There is no such session, join or login again.",
    ErrorCode.NO_SUCH_USER: "Chatter {name} NOT found!",
    ErrorCode.ROOM_EXISTS: "Chatroom {room} exists!",
    ErrorCode.SESSION_CLOSED: "You are no longer here.",
    ErrorCode.TOO_LONG: "Message too long (at most {limit} bytes).",
    ErrorCode.TOO_MANY_ROOMS: "Too many chatrooms (at most {limit}).",
    ErrorCode.UNAVAILABLE: "The server cannot reach its store now, try again later.",
    ErrorCode.UNKNOWN_COMMAND: "Unknown command `{command}. Type `help for usage.",
    ErrorCode.USAGE: "Usage: `{usage}",
    ErrorCode.WRONG_PASSWORD: "Wrong username or password.",
}


def error_text(error: ChatError) -> str:
    """Return the words of a refusal, without `Server: ` (spec section 4)."""
    if error.code is ErrorCode.NO_SUCH_USER and "room" in error.params:
        return "Chatter {name} NOT found in chatroom {room}!".format_map(error.params)
    return _ERROR_TEXTS[error.code].format_map(error.params)


def render(event: Event | Reply, *, show_addresses: bool = True, room_tags: bool = False) -> str:
    """Return the words for `event`; with `room_tags`, what happens in a room starts with `[id] `.

    Between the messages of a burst there is a NUL, which no words contain.
    """
    if type(event) is MessageBatch:  # most are: no search for what they are
        return _burst(event, room_tags=room_tags)
    words = _words(event, show_addresses=show_addresses)
    if room_tags and isinstance(event, RoomEvent) and event.room is not None:
        return f"[{event.room}] {words}"
    return words


def _burst(event: MessageBatch, *, room_tags: bool) -> str:
    start = f"[{event.room}] {event.sender}: " if room_tags else f"{event.sender}: "
    return start + _indent(f"\0{start}".join(event.texts))


def _words(event: Event | Reply, *, show_addresses: bool) -> str:  # noqa: C901, PLR0911, PLR0912 -- a table
    match event:
        case MessageBatch():
            return _burst(event, room_tags=False)
        case Message() | Notice() | Disconnect():
            return f"{event.sender}: {_indent(event.text)}"
        case Joined():
            return f"{event.name}: joined us @chatroom {event.room}."
        case Left(reason=LeaveReason.KICKED):
            return f"{ADMINISTRATOR}: {event.name} was kicked out."
        case Left():
            return f"{SERVER}: {event.name} quitted."
        case RoomClosed():
            return f"{ADMINISTRATOR}: chatroom is being closed by the Administrator."
        case PrivateMessage():
            return f"{event.sender} (secret): {_indent(event.text)}"
        case Kicked() | Moved():
            return f"{SERVER}: {admin_notice(event)}"
        case Ok():
            return f"{SERVER}: {event.text}"
        case Error():
            return f"{SERVER}: {_indent(event.text)}"
        case RoomList(rooms=()):
            return f"{SERVER}: No room exists!"
        case RoomList():
            return f"{SERVER}: \n{room_lines(event.rooms, show_addresses=show_addresses)}"
        case History(messages=()):
            return f"{SERVER}: No messages in chatroom {event.room}!"
        case History():
            return f"{SERVER}: \n{history_lines(event.messages)}"
        case Receipt():
            return f"{SERVER}: Message {event.id} of chatroom {event.room} is stored."


def admin_notice(event: Kicked | Moved) -> str:
    """Return what somebody is told whom the Administrator moved."""
    room = f"{event.room_name}@{event.room}"
    if isinstance(event, Kicked):
        return f"You were kicked out from chatroom {room} by the Administrator!"
    return f"You were grouped into chatroom {room} by the Administrator."


def room_lines(rooms: Iterable[RoomInfo], *, show_addresses: bool = True) -> str:
    """Return the list of rooms: a line each, one space after each chatter."""
    return "".join(f"{_room_line(room, show_addresses=show_addresses)}\n" for room in rooms)


def history_lines(messages: Iterable[Message]) -> str:
    """Return messages of the past: one a line, with its time (UTC) in front."""
    return "".join(
        f"[{utc(said.time)}] {_words(said, show_addresses=False)}\n" for said in messages
    )


def utc(seconds: float) -> str:
    """Return a time as people read it: `2026-11-20 14:51:16`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def decode(text: str, commands: dict[str, Command]) -> Request:
    """Return what somebody typed, a command or a message; raise `ChatError` if it is neither."""
    if not text.startswith(COMMAND_PREFIX):
        return Request("say", {"text": text})
    command, words = find_command(text[1:], commands)
    return Request(command.name, command.check_typed(command.split(words)))


def find_command(line: str, commands: dict[str, Command]) -> tuple[Command, str]:
    """Return the command that `line` begins with, and the rest; raise `ChatError` if there is none."""
    word, rest = [*line.split(None, 1), "", ""][:2]
    command = commands.get(word)
    if command is None or command.json_only:
        raise ChatError(ErrorCode.UNKNOWN_COMMAND, command=word)
    return command, rest


def mask(text: str, commands: dict[str, Command]) -> str:
    """Return what somebody typed with the parameters masked that are nobody else's business."""
    if not text.startswith(COMMAND_PREFIX):
        return text
    try:
        command, words = find_command(text[1:], commands)
    except ChatError:
        word, *rest = text.split(None, 1)
        return f"{word} {MASK}" if rest else text  # it may be `login`, misspelt
    arguments = command.split(words)
    shown = command.mask(arguments)
    return text if shown == arguments else _typed(command, shown)


def _typed(command: Command, arguments: Mapping[str, object]) -> str:
    return COMMAND_PREFIX + " ".join((command.name, *map(str, arguments.values())))


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ") if "\n" in text else text


def _room_line(room: RoomInfo, *, show_addresses: bool) -> str:
    if not room.chatters:
        return f"{room.name}@{room.id}: no chatters!"
    shown = (_chatter(name, address if show_addresses else None) for name, address in room.chatters)
    return f"{room.name}@{room.id}: " + "".join(f"{chatter} " for chatter in shown)


def _chatter(name: str, address: Address | None) -> str:
    return name if address is None else f"{name}@{address}"
