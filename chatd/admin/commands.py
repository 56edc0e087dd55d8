"""The administrator's commands: plain functions over the chat, each returns the lines of its answer.

Spec section 5. What they may touch is in an `Office`; who typed, and where, they do not know. What
is not to be seen as it is typed is no part of the line: a command asks for it, with the `Ask` that
the console gives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chatd.core.accounts import AccountService
from chatd.core.chat import Chat
from chatd.core.errors import ChatError
from chatd.core.moderation import Moderation
from chatd.core.records import Account, Ban
from chatd.core.sanitize import sanitize
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.protocol.commands import CONSOLE_COMMANDS, Command, help_text
from chatd.protocol.replies import RoomList
from chatd.protocol.text import COMMAND_PREFIX, error_text, find_command, room_lines
from chatd.server.eventlog import EventLog
from chatd.server.session import Session
from chatd.server.session_registry import SessionRegistry
from chatd.storage.writer import HistoryWriter

Arguments = Mapping[str, str]
Ask = Callable[[str], Awaitable[str | None]]
"""Asks the administrator for a secret; None if he does not give it."""

_LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last that can be shown; a ban may be until later."""


@dataclass
class AdminContext:
    """What the administrator's commands work with.

    `now` returns seconds since the epoch; `stop` begins to end the server; `stopping` is set by
    `quit`, after which no command is carried out.
    """

    chat: Chat
    accounts: AccountService
    moderation: Moderation
    sessions: SessionRegistry
    fanout: Fanout
    writer: HistoryWriter
    bus: LocalBus
    event_log: EventLog
    now: Callable[[], float]
    started_at: float
    stop: Callable[[], None]
    stopping: bool = False


async def _nobody_answers(_: str) -> None:
    """Ask nobody."""


async def execute(context: AdminContext, line: str, ask: Ask = _nobody_answers) -> list[str]:
    """Carry out what was typed, with or without the backtick; return the lines to print."""
    line = sanitize(line).strip().removeprefix(COMMAND_PREFIX)
    if not line:
        return []
    try:
        command, words = find_command(line, CONSOLE_COMMANDS)
    except ChatError:
        return ["Unknown commands.", *_help_lines()]
    try:
        arguments = command.check_typed(command.split(words))
    except ChatError:
        return _usage_lines(command)
    try:
        if command.name in _ASKING_COMMANDS:
            return await _ASKING_COMMANDS[command.name](context, arguments, ask)
        return await _COMMANDS[command.name](context, arguments)
    except ChatError as error:
        return [_said(error_text(error))]


def complete(context: AdminContext, line: str) -> list[str]:
    """Return the words that can stand where the last word of `line` stands."""
    *before, typed = line.removeprefix(COMMAND_PREFIX).split(" ")
    words = [word for word in before if word]
    candidates: Iterable[str]
    if not words:
        candidates = CONSOLE_COMMANDS
    else:
        command = CONSOLE_COMMANDS.get(words[0])
        candidates = _candidates(context, command, len(words) - 1) if command else ()
    folded = typed.casefold()
    return [word for word in candidates if word.casefold().startswith(folded)]


def _candidates(context: AdminContext, command: Command, index: int) -> Iterable[str]:
    if not command.parameters:
        return ()
    # The last parameter takes the rest of the line.
    parameter = command.parameters[min(index, len(command.parameters) - 1)]
    if parameter.name == "chatroom_id":
        return [room.id for room in context.chat.rooms()]
    if command.name == "unban":
        return [ban.subject for ban in context.moderation.bans(context.now())]
    chatters = [session.user for session in context.sessions]
    if parameter.name in {"chatter_name", "list_of_chatters", "name_or_address"}:
        return [user.name for user in chatters if user.name]
    if parameter.name == "username":
        return [user.name for user in chatters if user.account is not None]
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


async def _help(_: AdminContext, __: Arguments) -> list[str]:
    return ["", *_help_lines(), ""]


async def _list(context: AdminContext, _: Arguments) -> list[str]:
    rooms = RoomList.of(context.chat.rooms()).rooms
    if not rooms:
        return [_said("No chatroom exists!")]
    return ["", *_said(room_lines(rooms)).split("\n")]


async def _start(context: AdminContext, arguments: Arguments) -> list[str]:
    room_id, name = arguments["chatroom_id"], arguments["chatroom_name"]
    room = await context.chat.create_room(room_id, name, context.now())
    return [_said(f"Chatroom {room.id} started!")]


async def _end(context: AdminContext, arguments: Arguments) -> list[str]:
    room = await context.chat.delete_room(arguments["chatroom_id"], context.now())
    return [_said(f"chatroom {room.id} closed.")]


async def _kick(context: AdminContext, arguments: Arguments) -> list[str]:
    name, room_id = arguments["chatter_name"], arguments["chatroom_id"]
    user, room = context.moderation.kick(name, room_id, context.now())
    return [_said(f"{user.name} was kicked from chatroom {room.id}.")]


async def _group(context: AdminContext, arguments: Arguments) -> list[str]:
    room = context.chat.room(arguments["chatroom_id"])
    lines = []
    for name in arguments["list_of_chatters"].split():
        try:
            user = context.moderation.move_user(name, room, context.now())
            lines.append(_said(f"{user.name} was grouped into chatroom {room.id}."))
        except ChatError as error:
            lines.append(_said(error_text(error)))
    return lines


async def _say(context: AdminContext, arguments: Arguments) -> list[str]:
    context.chat.announce(arguments["chatroom_id"], arguments["text"], context.now())
    return []


async def _who(context: AdminContext, _: Arguments) -> list[str]:
    now = context.now()
    return [_who_line(session, now) for session in context.sessions] or [
        _said("Nobody is connected.")
    ]


def _who_line(session: Session, now: float) -> str:
    user = session.user
    rooms = ",".join(room.id for room in user.rooms)
    account = "-" if user.account is None else user.name
    seconds = int(now - session.connected_at)
    return (
        f"{session.address} name={user.name or '-'} account={account} "
        f"rooms={rooms or '-'} connected={seconds}s queued={session.send_queue.queued}B"
    )


async def _ban(context: AdminContext, arguments: Arguments) -> list[str]:
    minutes = int(arguments["minutes"]) if "minutes" in arguments else None
    if minutes == 0:
        return _usage_lines(CONSOLE_COMMANDS["ban"])
    subject = await context.moderation.ban(
        arguments["name_or_address"], minutes, context.sessions, context.now()
    )
    return [_said(f"{subject} was banned.")]


async def _unban(context: AdminContext, arguments: Arguments) -> list[str]:
    subject = await context.moderation.unban(arguments["name_or_address"], context.now())
    return [_said(f"{subject} was unbanned.")]


async def _bans(context: AdminContext, _: Arguments) -> list[str]:
    bans = context.moderation.bans(context.now())
    return [_ban_line(ban) for ban in bans] or [_said("Nobody is banned.")]


def _ban_line(ban: Ban) -> str:
    until = "for ever" if ban.until is None else f"until {_shown_time(ban.until)}"
    return f"{ban.subject} ({ban.kind}) {until}"


async def _accounts(context: AdminContext, _: Arguments) -> list[str]:
    accounts = await context.accounts.accounts()
    return [_account_line(account) for account in accounts] or [_said("No account exists!")]


def _account_line(account: Account) -> str:
    return f"{account.name} registered {_shown_time(account.registered_at)}"


async def _passwd(context: AdminContext, arguments: Arguments, ask: Ask) -> list[str]:
    username = context.accounts.require_account(arguments["username"]).name
    password = await ask("Enter password: ")
    if password is None:
        return [_said("Cancelled.")]
    # As one is that a client sends.
    name = await context.accounts.set_password(username, sanitize(password), context.now())
    return [_said(f"Password of {name} changed.")]


async def _unregister(context: AdminContext, arguments: Arguments) -> list[str]:
    name = await context.accounts.unregister(arguments["username"], context.now())
    return [_said(f"{name} was unregistered.")]


async def _trace(context: AdminContext, arguments: Arguments) -> list[str]:
    on = arguments["trace"] == "on"
    context.fanout.trace = context.event_log.sent if on else None
    return [_said(f"Trace is {arguments['trace']}.")]


async def _stats(context: AdminContext, _: Arguments) -> list[str]:
    queues = [session.send_queue.queued for session in context.sessions]
    return [
        f"uptime: {int(context.now() - context.started_at)} s",
        f"connections: {len(queues)}",
        f"rooms: {sum(1 for _ in context.chat.rooms())}",
        f"messages: {context.bus.messages}",
        f"messages not stored yet: {context.writer.pending}",
        f"bytes sent: {context.fanout.bytes_sent}",
        f"bytes queued: {sum(queues)}, at most {max(queues, default=0)} for one connection",
    ]


async def _quit(context: AdminContext, _: Arguments) -> list[str]:
    context.stopping = True
    context.stop()
    return []


_COMMANDS: dict[str, Callable[[AdminContext, Arguments], Awaitable[list[str]]]] = {
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

_ASKING_COMMANDS: dict[str, Callable[[AdminContext, Arguments, Ask], Awaitable[list[str]]]] = {
    "passwd": _passwd,
}
