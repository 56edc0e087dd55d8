"""The words of the chat: events and answers as people read them, requests as people type them.

Spec section 4, and the parts of 5 that clients see. Every line after the first of what a user
wrote is indented, so that nobody can forge a line that starts with a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from chatd.core import errors
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    Address,
    Burst,
    Closed,
    Event,
    Grouped,
    Joined,
    Kicked,
    Left,
    Notice,
    Reason,
    RoomEvent,
    Said,
    Whispered,
)
from chatd.protocol.commands import HIDDEN, Command, Request
from chatd.protocol.replies import (
    Answer,
    Closing,
    History,
    Refusal,
    Reply,
    RoomList,
    RoomRow,
    Stored,
)

COMMAND_SIGN = "`"


def render(event: Event | Answer, *, show_addresses: bool = True, room_tags: bool = False) -> str:
    """Return the words for `event`; with `room_tags`, what happens in a room starts with `[id] `.

    Between the messages of a burst there is a NUL, which no words contain.
    """
    if type(event) is Burst:  # most are: no search for what they are
        return _burst(event, room_tags=room_tags)
    words = _words(event, show_addresses=show_addresses)
    if room_tags and isinstance(event, RoomEvent) and event.room is not None:
        return f"[{event.room}] {words}"
    return words


def _burst(event: Burst, *, room_tags: bool) -> str:
    start = f"[{event.room}] {event.sender}: " if room_tags else f"{event.sender}: "
    return start + _indent(f"\0{start}".join(event.texts))


def _words(event: Event | Answer, *, show_addresses: bool) -> str:  # noqa: C901, PLR0911, PLR0912 -- a table
    match event:
        case Burst():
            return _burst(event, room_tags=False)
        case Said() | Notice() | Closing():
            return f"{event.sender}: {_indent(event.text)}"
        case Joined():
            return f"{event.who}: joined us @chatroom {event.room}."
        case Left(reason=Reason.KICKED):
            return f"{ADMINISTRATOR}: {event.who} was kicked out."
        case Left():
            return f"{SERVER}: {event.who} quitted."
        case Closed():
            return f"{ADMINISTRATOR}: chatroom is being closed by the Administrator."
        case Whispered():
            return f"{event.sender} (secret): {_indent(event.text)}"
        case Kicked() | Grouped():
            return f"{SERVER}: {personal_notice(event)}"
        case Reply():
            return f"{SERVER}: {event.text}"
        case Refusal():
            return f"{SERVER}: {_indent(event.text)}"
        case RoomList(rooms=()):
            return f"{SERVER}: No room exists!"
        case RoomList():
            return f"{SERVER}: \n{room_lines(event.rooms, show_addresses=show_addresses)}"
        case History(messages=()):
            return f"{SERVER}: No messages in chatroom {event.room}!"
        case History():
            return f"{SERVER}: \n{history_lines(event.messages)}"
        case Stored():
            return f"{SERVER}: Message {event.id} of chatroom {event.room} is stored."


def personal_notice(event: Kicked | Grouped) -> str:
    """Return what somebody is told whom the Administrator moved."""
    room = f"{event.room_name}@{event.room}"
    if isinstance(event, Kicked):
        return f"You were kicked out from chatroom {room} by the Administrator!"
    return f"You were grouped into chatroom {room} by the Administrator."


def room_lines(rooms: Iterable[RoomRow], *, show_addresses: bool = True) -> str:
    """Return the list of rooms: a line each, one space after each chatter."""
    return "".join(f"{_room_line(room, show_addresses=show_addresses)}\n" for room in rooms)


def history_lines(messages: Iterable[Said]) -> str:
    """Return messages of the past: one a line, with its time (UTC) in front."""
    return "".join(
        f"[{utc(said.time)}] {_words(said, show_addresses=False)}\n" for said in messages
    )


def utc(seconds: float) -> str:
    """Return a time as people read it: `2026-11-20 14:51:16`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def decode(text: str, commands: dict[str, Command]) -> Request:
    """Return what somebody typed, a command or a message; raise `ChatError` if it is neither."""
    if not text.startswith(COMMAND_SIGN):
        return Request("say", {"text": text})
    command, words = find_command(text[1:], commands)
    return Request(command.name, command.check_typed(command.split(words)))


def find_command(line: str, commands: dict[str, Command]) -> tuple[Command, str]:
    """Return the command that `line` begins with, and the rest; raise `ChatError` if there is none."""
    word, rest = [*line.split(None, 1), "", ""][:2]
    command = commands.get(word)
    if command is None or command.json_only:
        raise errors.unknown_command(word)
    return command, rest


def redact(text: str, commands: dict[str, Command]) -> str:
    """Return what somebody typed with the parameters masked that are nobody else's business."""
    if not text.startswith(COMMAND_SIGN):
        return text
    try:
        command, words = find_command(text[1:], commands)
    except errors.ChatError:
        word, *rest = text.split(None, 1)
        return f"{word} {HIDDEN}" if rest else text  # it may be `login`, misspelt
    arguments = command.split(words)
    shown = command.mask(arguments)
    return text if shown == arguments else _typed(command, shown)


def _typed(command: Command, arguments: Mapping[str, object]) -> str:
    return COMMAND_SIGN + " ".join((command.name, *map(str, arguments.values())))


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ") if "\n" in text else text


def _room_line(room: RoomRow, *, show_addresses: bool) -> str:
    if not room.chatters:
        return f"{room.name}@{room.id}: no chatters!"
    shown = (_chatter(name, address if show_addresses else None) for name, address in room.chatters)
    return f"{room.name}@{room.id}: " + "".join(f"{chatter} " for chatter in shown)


def _chatter(name: str, address: Address | None) -> str:
    return name if address is None else f"{name}@{address}"
