"""The words of the chat: events and replies as users read them, requests as users type them.

Spec section 4, and the parts of 5 that clients see. Every line after the first of a user's text is
indented, so that nobody can forge a line that starts with a name; names and texts from right to
left are isolated, so that they do not change the order of a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from chatd.core.bidi import is_right_to_left, isolate
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    Address,
    DisconnectReason,
    Event,
    Joined,
    JoinsFolded,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    MessageKind,
    Moved,
    NewsOfUsers,
    Notice,
    PrivateMessage,
    Renamed,
    RoomClosed,
    RoomEvent,
)
from chatd.core.room_events import ReadUpTo
from chatd.core.suggest import nearest
from chatd.protocol.command import MASK, Command, Request, help_text
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.error_text import error_text
from chatd.protocol.message_text import history_lines, private_words, said_words
from chatd.protocol.moderation_text import admin_notice, removal_line, room_label, with_reason
from chatd.protocol.people_replies import MemberList, OthersHere
from chatd.protocol.people_text import RESULT_WORDS, and_more, away_words, indent, people_words
from chatd.protocol.received import Disconnect, Error, Ok
from chatd.protocol.received import Reply as ReceivedReply
from chatd.protocol.replies import (
    AdminAnswer,
    Disconnecting,
    EnteredRoom,
    ErrorReply,
    FormatSet,
    Goodbye,
    Help,
    History,
    JoinedRoom,
    LeftRoom,
    LoggedIn,
    LoggedOut,
    NameChanged,
    PasswordChanged,
    Pong,
    Receipt,
    Registered,
    Reply,
    Result,
    Resumed,
    RoomInfo,
    RoomList,
    RoomStarted,
    RoomSwitched,
    SecretSent,
)
from chatd.protocol.room_text import (
    RoomNews,
    RoomResult,
    is_told_by_event,
    news_words,
    result_words,
)
from chatd.protocol.session_text import SESSION_WORDS

COMMAND_PREFIX = "`"
_ACTION: Final = MessageKind.ACTION
"""For the hot path: in Python 3.11, `MessageKind.ACTION` is a call."""

_RESULT_TEXTS: Final = {
    AdminAnswer: "{0.text}",
    EnteredRoom: "You join @chatroom {0.room}",
    FormatSet: "You now speak {0.format}.",
    Goodbye: "Goodbye!",
    Help: f"\n{help_text(CLIENT_COMMANDS.values())}",
    JoinedRoom: "You join @chatroom {0.room}",
    LeftRoom: "You quitted from chatroom {0.room_name}@{0.room}",
    LoggedIn: "Welcome back, {0.name}.",
    LoggedOut: "Bye, {0.name}",
    NameChanged: "You are now known as {0.name}.",
    PasswordChanged: "Password changed.",
    Pong: "pong",
    Registered: "Registered successfully.",
    Resumed: "Welcome back, {0.name}.",
    RoomStarted: "Chatroom {0.room} started!",
    RoomSwitched: "You are now in chatroom {0.room_name}@{0.room}",
    SecretSent: "Secret sent to {0.name}.",
}

_DISCONNECT_TEXTS: Final = {
    DisconnectReason.ADDRESS_LIMIT: "Too many connections from your address.",
    DisconnectReason.BANNED: "You were banned by the Administrator!",
    DisconnectReason.FULL: "The server is full, try again later.",
    DisconnectReason.IDLE: "You were idle for too long.",
    DisconnectReason.INTERNAL_ERROR: ("The connection is closed because of a fault of the server."),
    DisconnectReason.PASSWORD_CHANGED: "Your password was changed in another session.",
    DisconnectReason.PASSWORD_SET: "Your password was set by the Administrator.",
    DisconnectReason.REMOVED: "Your connection was ended by an administrator.",
    DisconnectReason.REPLACED: "You logged in from another place.",
    DisconnectReason.REVOKED: "Your session was ended from another session.",
    DisconnectReason.SHUTDOWN: "Chatserver is going to shutdown...",
    DisconnectReason.UNREGISTERED: "Your account was removed by the Administrator.",
}


def result_text(result: Result) -> str:
    """Return the words of the reply to a request that was carried out, without `Server: `."""
    if isinstance(result, RoomResult):
        return result_words(result)
    words = RESULT_WORDS.get(type(result)) or SESSION_WORDS.get(type(result))
    if words is not None:
        return words(result)
    if isinstance(result, SecretSent) and result.away is not None:
        return f"Secret sent to {result.name}. {away_words(result.name, result.away)}"
    return _RESULT_TEXTS[type(result)].format(result)


def disconnect_words(reason: DisconnectReason, text: str = "") -> tuple[str, str]:
    """Return the name under which the end of a connection is announced, and the words.

    The words end with `text`, the reason that the administrator gave, if there is one.
    """
    sender = ADMINISTRATOR if reason is DisconnectReason.SHUTDOWN else SERVER
    return sender, with_reason(_DISCONNECT_TEXTS[reason], text)


def last_line(reason: DisconnectReason | None, seconds: float, text: str = "") -> bytes:
    """Return what a client is sent before it is disconnected that has not sent its first frame.

    It is a line, for a user of `nc`: nothing is known of the framing. `reason` is why the client is
    not let in, `text` what the administrator gave as the reason of a ban; without `reason` all it
    did was to send nothing for so many seconds.
    """
    if reason is None:
        words = f"You sent no line for {seconds:g} s. Connect again, and type `help."
        return f"{SERVER}: {words}\n".encode()
    return ": ".join(disconnect_words(reason, text)).encode() + b"\n"


def encode(event: Event | Reply, show_addresses: bool, room_tags: bool) -> str:
    """Return the frames for an event or a reply, with a NUL, which no text contains, between them.

    A batch has one frame for each message, a login one more for each room that the user is in, a
    private message to a user who is away another one, everything else one frame. With `room_tags`,
    frames of an event in a room start with the room's id, as in `[2] Bob: hi`. An event without
    words is "". The frames of a batch are made at once, as one by one takes far longer.
    """
    if type(event) is MessageBatch:  # the most frequent by far: no search for its type
        start = f"* {event.sender} " if event.kind is _ACTION else f"{event.sender}: "
        if room_tags:
            start = f"[{event.room}] {start}"
        words = start + f"\0{start}".join(event.texts)
        if not words.isascii() and is_right_to_left(words):
            return _encode_isolated(event, room_tags)
        return words.replace("\n", "\n  ") if "\n" in words else words
    if isinstance(event, SecretSent) and event.away is not None:
        note = away_words(event.name, event.away, isolate)
        return f"{render(replace(event, away=None))}\0{SERVER}: {note}"
    words = render(event, show_addresses=show_addresses, room_tags=room_tags)
    if isinstance(event, LoggedIn | Registered | Resumed):
        rooms = (
            f"{SERVER}: You are in chatroom {room_label(room.name, room.id)}"
            for room in event.rooms
        )
        return "\0".join((words, *rooms))
    return words


def _encode_isolated(batch: MessageBatch, room_tags: bool) -> str:
    """Return the frames for messages that have words from right to left, which are isolated."""
    sender = isolate(batch.sender)
    start = f"* {sender} " if batch.kind is _ACTION else f"{sender}: "
    if room_tags:
        start = f"[{isolate(batch.room)}] {start}"
    return indent(start + f"\0{start}".join(map(isolate, batch.texts)))


def render(
    event: Event | Reply | ReceivedReply, *, show_addresses: bool = True, room_tags: bool = False
) -> str:
    """Return the words for one event or reply, other than a batch of messages; "" for no words."""
    words = _words(event, show_addresses=show_addresses)
    if room_tags and words and isinstance(event, RoomEvent) and event.room is not None:
        return f"[{isolate(event.room)}] {words}"
    return words


def _words(event: Event | Reply | ReceivedReply, *, show_addresses: bool) -> str:  # noqa: C901, PLR0911, PLR0912 -- a table
    if isinstance(event, NewsOfUsers):
        return ""
    if isinstance(event, RoomNews):
        return f"{SERVER}: {news_words(event)}"
    if isinstance(event, RoomResult):
        is_shown = not is_told_by_event(event)
        return f"{SERVER}: {result_words(event, isolate)}" if is_shown else ""
    match event:
        case Message():
            return said_words(event)
        case Notice() | Disconnect():
            return f"{isolate(event.sender)}: {indent(isolate(event.text))}"
        case Joined(is_folded=True) | ReadUpTo():  # of reads, programs alone are told
            return ""
        case Joined() | JoinsFolded(count=1):
            return f"{isolate(event.name)}: joined us @chatroom {isolate(event.room)}."
        case JoinsFolded():
            return f"{SERVER}: {event.count} others joined us @chatroom {isolate(event.room)}."
        case Left(reason=LeaveReason.KICKED) | Left(reason=LeaveReason.BANNED, by=str()):
            return removal_line(event)
        case Left():
            return f"{SERVER}: {isolate(event.name)} quitted."
        case RoomClosed():
            return f"{ADMINISTRATOR}: chatroom is being closed by the Administrator."
        case PrivateMessage():
            return private_words(event)
        case Renamed():
            former, name = isolate(event.name), isolate(event.new_name)
            return f"{SERVER}: {former} is now known as {name}."
        case Kicked() | Moved():
            return f"{SERVER}: {admin_notice(event)}"
        case ErrorReply():
            return f"{SERVER}: {indent(isolate(error_text(event)))}"
        case Disconnecting():
            return ": ".join(disconnect_words(event.reason, event.text))
        case Ok():
            return f"{SERVER}: {isolate(event.text)}"
        case Error():
            return f"{SERVER}: {indent(isolate(event.text))}"
        case RoomList(rooms=()):
            return f"{SERVER}: No room exists!"
        case RoomList():
            lines = room_lines(event.rooms, show_addresses=show_addresses)
            return f"{SERVER}: \n{lines}{and_more(event.more)}"
        case History(messages=()):
            return f"{SERVER}: No messages in chatroom {isolate(event.room)}!"
        case History():
            return f"{SERVER}: \n{history_lines(event.messages)}"
        case MemberList() | OthersHere():
            return f"{SERVER}: {people_words(event, isolate)}"
        case Receipt():
            return f"{SERVER}: Message {event.id} of chatroom {event.room} is stored."
        case MessageBatch():
            raise TypeError("a batch is encoded as several frames")
        case _:
            return f"{SERVER}: {isolate(result_text(event))}"


def room_lines(rooms: Iterable[RoomInfo], *, show_addresses: bool = True) -> str:
    """Return the list of rooms: a line for each, with one space after each member."""
    return "".join(f"{_room_line(room, show_addresses=show_addresses)}\n" for room in rooms)


def decode(text: str, commands: dict[str, Command]) -> Request:
    """Return the request that was typed: a command, or a message as the command `say`.

    Raises `ChatError` if the command is unknown, or if a parameter is missing or not allowed.
    """
    if not text.startswith(COMMAND_PREFIX):
        return Request("say", {"text": text})
    if is_quoted(text):
        return Request("say", {"text": text[1:]})
    command, words = find_command(text[1:], commands)
    return Request(command.name, command.check_typed(command.split(words)))


def is_quoted(text: str) -> bool:
    """Tell whether a typed line is a message that begins with a backtick, which is doubled."""
    return text.startswith(2 * COMMAND_PREFIX)


def find_command(line: str, commands: dict[str, Command]) -> tuple[Command, str]:
    """Return the command that `line` begins with, and the rest.

    The name or alias of the command may be in any case. Raises `ChatError` if it is unknown, with
    the nearest name or alias as `suggestion` if one is near.
    """
    word, rest = [*line.split(None, 1), "", ""][:2]
    typed = [command for command in commands.values() if not command.json_only]
    folded = word.lower()
    for command in typed:
        if folded == command.name or folded in command.aliases:
            return command, rest
    names = [name for command in typed for name in (command.name, *command.aliases)]
    near = nearest(word, names)
    suggestion = {} if near is None else {"suggestion": near}
    raise ChatError(ErrorCode.UNKNOWN_COMMAND, command=word, **suggestion)


def mask(text: str, commands: dict[str, Command]) -> str:
    """Return a typed line for the trace: passwords and private messages are masked."""
    if not text.startswith(COMMAND_PREFIX):
        return text
    try:
        command, words = find_command(text[1:], commands)
    except ChatError:
        word, *rest = text.split(None, 1)
        return f"{word} {MASK}" if rest else text  # a misspelt `login`, perhaps
    arguments = command.split(words)
    shown = command.mask(arguments)
    return text if shown == arguments else _typed(command, shown)


def _typed(command: Command, arguments: Mapping[str, object]) -> str:
    return COMMAND_PREFIX + " ".join((command.name, *map(str, arguments.values())))


def _room_line(room: RoomInfo, *, show_addresses: bool) -> str:
    shown_room = room_label(room.name, room.id)
    if not room.chatters:
        return f"{shown_room}: no chatters!"
    shown = (_chatter(name, address if show_addresses else None) for name, address in room.chatters)
    members = "".join(f"{member} " for member in shown)
    return f"{shown_room}: {members}{and_more(room.more).rstrip()}"


def _chatter(name: str, address: Address | None) -> str:
    return isolate(name) if address is None else f"{isolate(name)}@{address}"
