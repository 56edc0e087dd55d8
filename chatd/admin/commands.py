"""The administrator's commands: plain functions over the chat, each returns the lines of its answer.

Spec section 5. What they may touch is in an `Office`; who typed, and where, they do not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from chatd.bus import LocalBus
from chatd.core import errors
from chatd.core.chat import Chat
from chatd.core.safety import clean
from chatd.delivery import Delivery
from chatd.journal import Journal
from chatd.session import Session, Sessions
from chatd.wire.answers import RoomList
from chatd.wire.commands import CONSOLE_COMMANDS, Command, help_text
from chatd.wire.text import COMMAND_SIGN, find_command, room_lines

Arguments = Mapping[str, str]


@dataclass(frozen=True)
class Office:
    """What the administrator's commands work with.

    `now` returns seconds since the epoch; `stop` begins to end the server.
    """

    chat: Chat
    sessions: Sessions
    delivery: Delivery
    bus: LocalBus
    journal: Journal
    now: Callable[[], float]
    started_at: float
    stop: Callable[[], None]


async def execute(office: Office, line: str) -> list[str]:
    """Carry out what was typed, with or without the backtick; return the lines to print."""
    line = clean(line).strip().removeprefix(COMMAND_SIGN)
    if not line:
        return []
    try:
        command, words = find_command(line, CONSOLE_COMMANDS)
    except errors.ChatError:
        return ["Unknown commands.", *_help_lines()]
    try:
        arguments = command.check(command.split(words))
    except errors.ChatError:
        return ["Unknown commands.", command.help_line]
    try:
        return await _COMMANDS[command.name](office, arguments)
    except errors.ChatError as error:
        return [_said(error.text)]


def complete(office: Office, line: str) -> list[str]:
    """Return the words that can stand where the last word of `line` stands."""
    *before, typed = line.removeprefix(COMMAND_SIGN).split(" ")
    words = [word for word in before if word]
    candidates: Iterable[str]
    if not words:
        candidates = CONSOLE_COMMANDS
    else:
        command = CONSOLE_COMMANDS.get(words[0])
        candidates = _candidates(office, command, len(words) - 1) if command else ()
    folded = typed.casefold()
    return [word for word in candidates if word.casefold().startswith(folded)]


def _candidates(office: Office, command: Command, index: int) -> Iterable[str]:
    if not command.parameters:
        return ()
    # The last parameter takes the rest of the line.
    parameter = command.parameters[min(index, len(command.parameters) - 1)]
    if parameter.name == "chatroom_id":
        return [room.id for room in office.chat.rooms()]
    if parameter.name in {"chatter_name", "list_of_chatters"}:
        return [session.chatter.name for session in office.sessions if session.chatter.name]
    return parameter.choices


def _said(text: str) -> str:
    return f"Administrator: {text}"


def _help_lines() -> list[str]:
    return help_text(CONSOLE_COMMANDS.values()).splitlines()


async def _help(_: Office, __: Arguments) -> list[str]:
    return ["", *_help_lines(), ""]


async def _list(office: Office, _: Arguments) -> list[str]:
    rooms = RoomList.of(office.chat.rooms()).rooms
    if not rooms:
        return [_said("No chatroom exists!")]
    return ["", *_said(room_lines(rooms)).split("\n")]


async def _start(office: Office, arguments: Arguments) -> list[str]:
    room = await office.chat.start(arguments["chatroom_id"], arguments["chatroom_name"])
    return [_said(f"Chatroom {room.id} started!")]


async def _end(office: Office, arguments: Arguments) -> list[str]:
    room = await office.chat.end(arguments["chatroom_id"], office.now())
    return [_said(f"chatroom {room.id} closed.")]


async def _kick(office: Office, arguments: Arguments) -> list[str]:
    name, room_id = arguments["chatter_name"], arguments["chatroom_id"]
    who, room = office.chat.kick(name, room_id, office.now())
    return [_said(f"{who.name} was kicked from chatroom {room.id}.")]


async def _group(office: Office, arguments: Arguments) -> list[str]:
    room = office.chat.room(arguments["chatroom_id"])
    lines = []
    for name in arguments["list_of_chatters"].split():
        try:
            who = office.chat.group(name, room, office.now())
            lines.append(_said(f"{who.name} was grouped into chatroom {room.id}."))
        except errors.ChatError as error:
            lines.append(_said(error.text))
    return lines


async def _say(office: Office, arguments: Arguments) -> list[str]:
    office.chat.announce(arguments["chatroom_id"], arguments["text"], office.now())
    return []


async def _who(office: Office, _: Arguments) -> list[str]:
    now = office.now()
    return [_who_line(session, now) for session in office.sessions] or [
        _said("Nobody is connected.")
    ]


def _who_line(session: Session, now: float) -> str:
    chatter = session.chatter
    rooms = ",".join(room.id for room in chatter.rooms.values())
    seconds = int(now - session.connected_at)
    return (
        f"{session.address} name={chatter.name or '-'} rooms={rooms or '-'} "
        f"connected={seconds}s queued={session.outlet.queued}B"
    )


async def _trace(office: Office, arguments: Arguments) -> list[str]:
    on = arguments["trace"] == "on"
    office.delivery.trace = office.journal.sent if on else None
    return [_said(f"Trace is {arguments['trace']}.")]


async def _stats(office: Office, _: Arguments) -> list[str]:
    queues = [session.outlet.queued for session in office.sessions]
    return [
        f"uptime: {int(office.now() - office.started_at)} s",
        f"connections: {len(queues)}",
        f"rooms: {sum(1 for _ in office.chat.rooms())}",
        f"messages: {office.bus.messages}",
        f"bytes sent: {office.delivery.bytes_sent}",
        f"bytes queued: {sum(queues)}, at most {max(queues, default=0)} for one connection",
    ]


async def _quit(office: Office, _: Arguments) -> list[str]:
    office.stop()
    return []


_COMMANDS: dict[str, Callable[[Office, Arguments], Awaitable[list[str]]]] = {
    "help": _help,
    "list": _list,
    "start": _start,
    "end": _end,
    "kick": _kick,
    "group": _group,
    "say": _say,
    "who": _who,
    "trace": _trace,
    "stats": _stats,
    "quit": _quit,
}
