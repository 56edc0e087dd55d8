"""The administrator's commands: functions that act on the chat and return the lines of the reply.

Spec section 5. An `AdminContext` has the parts that a command may use. A command does not know
where it was typed. A password is no part of the line: a command asks for it, through the `Prompt`
of the console.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chatd.core.accounts import AccountService
from chatd.core.chat import Chat
from chatd.core.errors import ChatError
from chatd.core.moderation import Moderation
from chatd.core.network import host_of
from chatd.core.ports import IBus
from chatd.core.records import Account, Ban, BanKind
from chatd.core.sanitize import sanitize
from chatd.fanout.fanout import Fanout
from chatd.protocol.commands import CONSOLE_COMMANDS, SUBJECT, Command, help_text
from chatd.protocol.replies import RoomInfo
from chatd.protocol.text import COMMAND_PREFIX, error_text, find_command, room_lines
from chatd.server.session import Session, SessionRegistry
from chatd.storage.space import StoreSize
from chatd.storage.writer import HistoryWriter

Prompt = Callable[[str], Awaitable[str | None]]
"""Asks the administrator for an answer that is not shown; returns None if they cancel."""

_SHOWN_PORT: Final = re.compile(r"',\s+(\d+\))")
"""The blank in an address as it is shown, `('203.0.113.9', 4711)`: it ends no parameter."""

_ADDRESS_START: Final = "('[<"
"""The characters before an address as it is shown, as in `('203.0.113.9', 4711)`."""

_LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The latest time that can be shown; a ban may end later."""


@dataclass
class AdminContext:
    """The parts of the server that the administrator's commands use.

    `set_trace` begins or ends to log frames. `now` returns seconds since the epoch, `seconds` those
    of the clock that measures durations, by which the server was started at `started_at`. `stop`
    begins to stop the server. `stopping` is set by `quit`; after that no command is executed.
    """

    chat: Chat
    accounts: AccountService
    moderation: Moderation
    sessions: SessionRegistry
    fanout: Fanout
    writer: HistoryWriter
    store_size: StoreSize
    bus: IBus
    set_trace: Callable[[bool], None]
    now: Callable[[], float]
    seconds: Callable[[], float]
    started_at: float
    stop: Callable[[], None]
    stopping: bool = False


@dataclass(frozen=True)
class _Call:
    """One command that was typed: the `arguments` by the names of its parameters."""

    context: AdminContext
    arguments: Mapping[str, str]
    prompt: Prompt

    @property
    def now(self) -> float:
        """The time in seconds since the epoch."""
        return self.context.now()


async def _no_prompt(_: str) -> None:
    """Cancel every question."""


async def execute(context: AdminContext, line: str, prompt: Prompt = _no_prompt) -> list[str]:
    """Execute the command in `line`, with or without the backtick; return the lines to print."""
    line = sanitize(line).strip().removeprefix(COMMAND_PREFIX)
    if not line:
        return []
    try:
        command, words = find_command(line, CONSOLE_COMMANDS)
    except ChatError:
        return ["Unknown commands.", *_help_lines()]
    if SUBJECT in command.parameters:
        words = _SHOWN_PORT.sub(r"',\1", words)
    try:
        arguments = command.check_typed(command.split(words))
    except ChatError:
        return _usage_lines(command)
    try:
        return await _HANDLERS[command.name](_Call(context, arguments, prompt))
    except ChatError as error:
        return [_reply(error_text(error))]


def complete(context: AdminContext, line: str) -> list[str]:
    """Return the words that can replace the last word of `line`, which may be empty."""
    *before, typed = line.removeprefix(COMMAND_PREFIX).split(" ")
    words = [word for word in before if word]
    candidates: Iterable[str]
    if not words:
        candidates = CONSOLE_COMMANDS
    else:
        command = CONSOLE_COMMANDS.get(words[0])
        candidates = _candidates(context, command, len(words) - 1) if command else ()
        if command is not None and SUBJECT in command.parameters:
            typed = typed.lstrip(_ADDRESS_START)
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
        return [ban.subject for ban in context.moderation.bans()]
    # A user may have several sessions.
    users = dict.fromkeys(session.user for session in context.sessions)
    if parameter.name in {"chatter_name", "list_of_chatters", SUBJECT.name}:
        names = [user.name for user in users if user.name]
        return [*names, *_hosts(context)] if parameter == SUBJECT else names
    if parameter.name == "username":
        return [user.name for user in users if user.account is not None]
    return parameter.choices


def _hosts(context: AdminContext) -> Iterable[str]:
    """Return the addresses that can be banned, of all sessions."""
    hosts = (host_of(session.address) for session in context.sessions)
    return dict.fromkeys(
        str(host.network_address) for host in hosts if host is not None and not host.is_loopback
    )


def _reply(text: str) -> str:
    return f"Administrator: {text}"


def _shown_time(seconds: float) -> str:
    time = datetime.fromtimestamp(min(seconds, _LAST_TIME.timestamp()), UTC)
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _help_lines() -> list[str]:
    return help_text(CONSOLE_COMMANDS.values()).splitlines()


def _usage_lines(command: Command) -> list[str]:
    return ["Unknown commands.", command.help_line]


async def _help(_: _Call) -> list[str]:
    return ["", *_help_lines(), ""]


async def _list(call: _Call) -> list[str]:
    rooms = [RoomInfo.of(room) for room in call.context.chat.rooms()]
    if not rooms:
        return [_reply("No chatroom exists!")]
    return ["", *_reply(room_lines(rooms)).split("\n")]


async def _start(call: _Call) -> list[str]:
    room_id, name = call.arguments["chatroom_id"], call.arguments["chatroom_name"]
    room = await call.context.chat.create_room(room_id, name)
    return [_reply(f"Chatroom {room.id} started!")]


async def _end(call: _Call) -> list[str]:
    room = await call.context.chat.delete_room(call.arguments["chatroom_id"], call.now)
    return [_reply(f"chatroom {room.id} closed.")]


async def _kick(call: _Call) -> list[str]:
    name, room_id = call.arguments["chatter_name"], call.arguments["chatroom_id"]
    user, room = call.context.moderation.kick(name, room_id, call.now)
    return [_reply(f"{user.name} was kicked from chatroom {room.id}.")]


async def _group(call: _Call) -> list[str]:
    room = call.context.chat.room(call.arguments["chatroom_id"])
    lines = []
    for name in call.arguments["list_of_chatters"].split():
        try:
            user = call.context.moderation.move_user(name, room, call.now)
            lines.append(_reply(f"{user.name} was grouped into chatroom {room.id}."))
        except ChatError as error:
            lines.append(_reply(error_text(error)))
    return lines


async def _say(call: _Call) -> list[str]:
    call.context.chat.announce(call.arguments["chatroom_id"], call.arguments["text"], call.now)
    return []


async def _who(call: _Call) -> list[str]:
    now = call.context.seconds()
    return [_who_line(session, now) for session in call.context.sessions] or [
        _reply("Nobody is connected.")
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


async def _ban(call: _Call) -> list[str]:
    minutes = int(call.arguments["minutes"]) if "minutes" in call.arguments else None
    if minutes == 0:
        return _usage_lines(CONSOLE_COMMANDS["ban"])
    ban, connections = await call.context.moderation.ban(
        call.arguments["name_or_address"], minutes, call.context.sessions, call.now
    )
    if ban.kind is BanKind.NAME:
        return [_reply(f"{ban.subject} was banned.")]
    ended = "1 connection" if connections == 1 else f"{connections} connections"
    return [_reply(f"{ban.subject} was banned ({ended}).")]


async def _unban(call: _Call) -> list[str]:
    subject = await call.context.moderation.unban(call.arguments["name_or_address"])
    return [_reply(f"{subject} was unbanned.")]


async def _bans(call: _Call) -> list[str]:
    bans = call.context.moderation.bans()
    return [_ban_line(ban) for ban in bans] or [_reply("Nobody is banned.")]


def _ban_line(ban: Ban) -> str:
    until = "for ever" if ban.until is None else f"until {_shown_time(ban.until)}"
    return f"{ban.subject} ({ban.kind}) {until}"


async def _accounts(call: _Call) -> list[str]:
    accounts = await call.context.accounts.accounts()
    return [_account_line(account) for account in accounts] or [_reply("No account exists!")]


def _account_line(account: Account) -> str:
    return f"{account.name} registered {_shown_time(account.registered_at)}"


async def _register(call: _Call) -> list[str]:
    password = await call.prompt("Enter password: ")
    if password is None:
        return [_reply("Cancelled.")]
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.create(
        call.arguments["username"], sanitize(password), call.now
    )
    return [_reply(f"{name} was registered.")]


async def _passwd(call: _Call) -> list[str]:
    username = call.context.accounts.require_account(call.arguments["username"]).name
    password = await call.prompt("Enter password: ")
    if password is None:
        return [_reply("Cancelled.")]
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.set_password(username, sanitize(password), call.now)
    return [_reply(f"Password of {name} changed.")]


async def _unregister(call: _Call) -> list[str]:
    name = await call.context.accounts.unregister(call.arguments["username"], call.now)
    return [_reply(f"{name} was unregistered.")]


async def _trace(call: _Call) -> list[str]:
    call.context.set_trace(call.arguments["trace"] == "on")
    return [_reply(f"Trace is {call.arguments['trace']}.")]


async def _stats(call: _Call) -> list[str]:
    queues = [session.send_queue.queued for session in call.context.sessions]
    size = call.context.store_size.size
    return [
        f"uptime: {int(call.context.seconds() - call.context.started_at)} s",
        f"connections: {len(queues)}",
        f"rooms: {sum(1 for _ in call.context.chat.rooms())}",
        f"messages: {call.context.bus.messages}",
        f"messages not stored yet: {call.context.writer.pending}",
        f"bytes sent: {call.context.fanout.bytes_sent}",
        f"bytes queued: {sum(queues)}, at most {max(queues, default=0)} for one connection",
        *(() if size is None else (f"bytes of the store: {size}",)),
    ]


async def _quit(call: _Call) -> list[str]:
    call.context.stopping = True
    call.context.stop()
    return []


_HANDLERS: Final[dict[str, Callable[[_Call], Awaitable[list[str]]]]] = {
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
    "register": _register,
    "passwd": _passwd,
    "unregister": _unregister,
    "trace": _trace,
    "stats": _stats,
    "quit": _quit,
}
