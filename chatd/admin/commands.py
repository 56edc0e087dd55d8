"""The administrator's commands: plain functions over the chat, each returns the lines of its answer.

Spec section 5. What they may touch is in an `Office`; who typed, and where, they do not know. What
is not to be seen as it is typed is no part of the line: a command asks for it, with the `Ask` that
the console gives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chatd.core import errors
from chatd.core.accounts import People
from chatd.core.chat import Chat
from chatd.core.records import Account, Ban
from chatd.core.rooms import Chatter
from chatd.core.sanitize import clean
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Delivery
from chatd.protocol.commands import CONSOLE_COMMANDS, Command, help_text
from chatd.protocol.replies import RoomList
from chatd.protocol.text import COMMAND_SIGN, find_command, room_lines
from chatd.server.eventlog import Journal
from chatd.server.session import Session, Sessions
from chatd.storage.writer import Recorder

Arguments = Mapping[str, str]
Ask = Callable[[str], Awaitable[str | None]]
"""Asks the administrator for a secret; None if he does not give it."""

_LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last that can be shown; a ban may be until later."""


@dataclass
class Office:
    """What the administrator's commands work with.

    `now` returns seconds since the epoch; `stop` begins to end the server; `stopping` is set by
    `quit`, after which no command is carried out.
    """

    chat: Chat
    people: People
    sessions: Sessions
    delivery: Delivery
    recorder: Recorder
    bus: LocalBus
    journal: Journal
    now: Callable[[], float]
    started_at: float
    stop: Callable[[], None]
    stopping: bool = False


async def _nobody_answers(_: str) -> None:
    """Ask nobody."""


async def execute(office: Office, line: str, ask: Ask = _nobody_answers) -> list[str]:
    """Carry out what was typed, with or without the backtick; return the lines to print."""
    line = clean(line).strip().removeprefix(COMMAND_SIGN)
    if not line:
        return []
    try:
        command, words = find_command(line, CONSOLE_COMMANDS)
    except errors.ChatError:
        return ["Unknown commands.", *_help_lines()]
    try:
        arguments = command.check_typed(command.split(words))
    except errors.ChatError:
        return _usage_lines(command)
    try:
        if command.name in _ASKING_COMMANDS:
            return await _ASKING_COMMANDS[command.name](office, arguments, ask)
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
    if command.name == "unban":
        return [ban.subject for ban in office.people.bans(office.now())]
    chatters = [session.chatter for session in office.sessions]
    if parameter.name in {"chatter_name", "list_of_chatters", "name_or_address"}:
        return [who.name for who in chatters if who.name]
    if parameter.name == "username":
        return [who.account for who in chatters if who.account is not None]
    return parameter.choices


def _said(text: str) -> str:
    return f"Administrator: {text}"


def _shown_time(seconds: float) -> str:
    time = datetime.fromtimestamp(min(seconds, _LAST_TIME.timestamp()), UTC)
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _help_lines() -> list[str]:
    return help_text(CONSOLE_COMMANDS.values()).splitlines()


def _usage_lines(command: Command) -> list[str]:
    return ["Unknown commands.", command.help_line]


async def _help(_: Office, __: Arguments) -> list[str]:
    return ["", *_help_lines(), ""]


async def _list(office: Office, _: Arguments) -> list[str]:
    rooms = RoomList.of(office.chat.rooms()).rooms
    if not rooms:
        return [_said("No chatroom exists!")]
    return ["", *_said(room_lines(rooms)).split("\n")]


async def _start(office: Office, arguments: Arguments) -> list[str]:
    room_id, name = arguments["chatroom_id"], arguments["chatroom_name"]
    room = await office.chat.start(room_id, name, office.now())
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
        f"{session.address} name={chatter.name or '-'} account={chatter.account or '-'} "
        f"rooms={rooms or '-'} connected={seconds}s queued={session.outlet.queued}B"
    )


async def _ban(office: Office, arguments: Arguments) -> list[str]:
    minutes = int(arguments["minutes"]) if "minutes" in arguments else None
    if minutes == 0:
        return _usage_lines(CONSOLE_COMMANDS["ban"])
    subject = await office.people.ban(
        arguments["name_or_address"], minutes, _present(office), office.now()
    )
    return [_said(f"{subject} was banned.")]


def _present(office: Office) -> Iterator[Chatter]:
    """Yield who is here when this is looked at: somebody may come while a ban is being stored."""
    for session in office.sessions:
        yield session.chatter


async def _unban(office: Office, arguments: Arguments) -> list[str]:
    subject = await office.people.unban(arguments["name_or_address"], office.now())
    return [_said(f"{subject} was unbanned.")]


async def _bans(office: Office, _: Arguments) -> list[str]:
    bans = office.people.bans(office.now())
    return [_ban_line(ban) for ban in bans] or [_said("Nobody is banned.")]


def _ban_line(ban: Ban) -> str:
    until = "for ever" if ban.until is None else f"until {_shown_time(ban.until)}"
    return f"{ban.subject} ({ban.kind}) {until}"


async def _accounts(office: Office, _: Arguments) -> list[str]:
    accounts = await office.people.accounts()
    return [_account_line(account) for account in accounts] or [_said("No account exists!")]


def _account_line(account: Account) -> str:
    return f"{account.name} registered {_shown_time(account.registered_at)}"


async def _passwd(office: Office, arguments: Arguments, ask: Ask) -> list[str]:
    username = office.people.account_named(arguments["username"])
    password = await ask("Enter password: ")
    if password is None:
        return [_said("Cancelled.")]
    # As one is that a client sends.
    name = await office.people.set_password(username, clean(password), office.now())
    return [_said(f"Password of {name} changed.")]


async def _unregister(office: Office, arguments: Arguments) -> list[str]:
    name = await office.people.unregister(arguments["username"], office.now())
    return [_said(f"{name} was unregistered.")]


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
        f"messages not stored yet: {office.recorder.unstored}",
        f"bytes sent: {office.delivery.bytes_sent}",
        f"bytes queued: {sum(queues)}, at most {max(queues, default=0)} for one connection",
    ]


async def _quit(office: Office, _: Arguments) -> list[str]:
    office.stopping = True
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
    "ban": _ban,
    "unban": _unban,
    "bans": _bans,
    "accounts": _accounts,
    "unregister": _unregister,
    "trace": _trace,
    "stats": _stats,
    "quit": _quit,
}

_ASKING_COMMANDS: dict[str, Callable[[Office, Arguments, Ask], Awaitable[list[str]]]] = {
    "passwd": _passwd,
}
