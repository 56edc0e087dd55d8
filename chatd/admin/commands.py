"""The administrator's commands: functions that act on the chat and return the answer.

Spec section 5. An `AdminContext` has the parts that a command may use. A command does not know
where it was typed. A password is no part of the line: a command asks for it, through the `Prompt`
of the console.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chatd.admin.answer import Answer, done, failure, json_time, refused, reply_line, shown_time
from chatd.core.accounts import AccountService
from chatd.core.chat import Chat
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.moderation import Moderation
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

Confirm = Callable[[str], Awaitable[bool]]
"""Asks the administrator whether to go on, where a person reads the question."""

_SHOWN_PORT: Final = re.compile(r"',\s+(\d+\))")
"""The blank in an address as it is shown, `('203.0.113.9', 4711)`: it ends no parameter."""


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
    confirm: Confirm

    @property
    def now(self) -> float:
        """The time in seconds since the epoch."""
        return self.context.now()


async def _no_prompt(_: str) -> None:
    """Cancel every question."""


async def _no_question(_: str) -> bool:
    """Go on without a question."""
    return True


async def execute(
    context: AdminContext, line: str, prompt: Prompt = _no_prompt, confirm: Confirm = _no_question
) -> Answer:
    """Execute the command in `line`, with or without the backtick; return the answer."""
    line = sanitize(line).strip().removeprefix(COMMAND_PREFIX)
    if not line:
        return Answer()
    try:
        command, words = find_command(line, CONSOLE_COMMANDS)
    except ChatError as error:
        lines = ["Unknown commands.", *_help_lines()]
        return failure(error.code, error_text(error), lines)
    if SUBJECT in command.parameters:
        words = _SHOWN_PORT.sub(r"',\1", words)
    try:
        arguments = command.check_typed(command.split(words))
    except ChatError:
        return _usage(command)
    try:
        return await _HANDLERS[command.name](_Call(context, arguments, prompt, confirm))
    except ChatError as error:
        return refused(error)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _help_lines() -> list[str]:
    return help_text(CONSOLE_COMMANDS.values()).splitlines()


def _usage(command: Command) -> Answer:
    lines = ["Unknown commands.", command.help_line]
    return failure(ErrorCode.USAGE, command.help_line, lines)


async def _help(_: _Call) -> Answer:
    lines = _help_lines()
    return Answer(["", *lines, ""], data=lines)


async def _list(call: _Call) -> Answer:
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


async def _start(call: _Call) -> Answer:
    room_id, name = call.arguments["chatroom_id"], call.arguments["chatroom_name"]
    room = await call.context.chat.create_room(room_id, name)
    return done(f"Chatroom {room.id} started!", room=room.id)


async def _end(call: _Call) -> Answer:
    room = call.context.chat.room(call.arguments["chatroom_id"])
    members = _count(len(room.members), "member")
    if not await call.confirm(f"End chatroom {room.name}@{room.id} with {members}? [y/N] "):
        return _cancelled()
    await call.context.chat.delete_room(room.id, call.now)
    return done(f"chatroom {room.id} closed.", room=room.id)


async def _kick(call: _Call) -> Answer:
    name, room_id = call.arguments["chatter_name"], call.arguments["chatroom_id"]
    user, room = call.context.moderation.kick(name, room_id, call.now)
    text = f"{user.name} was kicked from chatroom {room.id}."
    return done(text, name=user.name, room=room.id)


async def _group(call: _Call) -> Answer:
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


async def _say(call: _Call) -> Answer:
    room = call.context.chat.room(call.arguments["chatroom_id"])
    call.context.chat.announce(room.id, call.arguments["text"], call.now)
    return Answer(data={"room": room.id})


async def _who(call: _Call) -> Answer:
    now = call.context.seconds()
    sessions = list(call.context.sessions)
    lines = [_who_line(session, now) for session in sessions]
    data = [_who_data(session, now) for session in sessions]
    return Answer(lines or [reply_line("Nobody is connected.")], data=data)


def _who_line(session: Session, now: float) -> str:
    user = session.user
    rooms = ",".join(room.id for room in user.rooms)
    account = "-" if user.account is None else user.name
    seconds = int(now - session.connected_at)
    return (
        f"{session.address} name={user.name or '-'} account={account} "
        f"rooms={rooms or '-'} connected={seconds}s queued={session.send_queue.queued}B"
    )


def _who_data(session: Session, now: float) -> object:
    user = session.user
    return {
        "address": str(session.address),
        "name": user.name,
        "account": None if user.account is None else user.name,
        "rooms": [room.id for room in user.rooms],
        "connected_seconds": int(now - session.connected_at),
        "queued_bytes": session.send_queue.queued,
    }


async def _ban(call: _Call) -> Answer:
    minutes = int(call.arguments["minutes"]) if "minutes" in call.arguments else None
    if minutes == 0:
        return _usage(CONSOLE_COMMANDS["ban"])
    ban, connections = await call.context.moderation.ban(
        call.arguments["name_or_address"], minutes, call.context.sessions, call.now
    )
    text = f"{ban.subject} was banned"
    if ban.kind is not BanKind.NAME:
        text += " (1 connection)" if connections == 1 else f" ({connections} connections)"
    return Answer([reply_line(f"{text}.")], data=_ban_data(ban) | {"connections": connections})


async def _unban(call: _Call) -> Answer:
    subject = await call.context.moderation.unban(call.arguments["name_or_address"])
    return done(f"{subject} was unbanned.", subject=subject)


async def _bans(call: _Call) -> Answer:
    bans = call.context.moderation.bans()
    lines = [_ban_line(ban) for ban in bans] or [reply_line("Nobody is banned.")]
    return Answer(lines, data=[_ban_data(ban) for ban in bans])


def _ban_line(ban: Ban) -> str:
    until = "for ever" if ban.until is None else f"until {shown_time(ban.until)}"
    return f"{ban.subject} ({ban.kind}) {until}"


def _ban_data(ban: Ban) -> dict[str, object]:
    until = None if ban.until is None else json_time(ban.until)
    return {"subject": ban.subject, "kind": ban.kind, "until": until}


async def _accounts(call: _Call) -> Answer:
    accounts = await call.context.accounts.accounts()
    lines = [_account_line(account) for account in accounts]
    data = [
        {"name": account.name, "registered": json_time(account.registered_at)}
        for account in accounts
    ]
    return Answer(lines or [reply_line("No account exists!")], data=data)


def _account_line(account: Account) -> str:
    return f"{account.name} registered {shown_time(account.registered_at)}"


async def _register(call: _Call) -> Answer:
    password = await call.prompt("Enter password: ")
    if password is None:
        return _cancelled()
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.create(
        call.arguments["username"], sanitize(password), call.now
    )
    return done(f"{name} was registered.", name=name)


async def _passwd(call: _Call) -> Answer:
    username = call.context.accounts.require_account(call.arguments["username"]).name
    password = await call.prompt("Enter password: ")
    if password is None:
        return _cancelled()
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.set_password(username, sanitize(password), call.now)
    return done(f"Password of {name} changed.", name=name)


def _cancelled() -> Answer:
    return failure("cancelled", "Cancelled.", [reply_line("Cancelled.")])


async def _unregister(call: _Call) -> Answer:
    name = await call.context.accounts.unregister(call.arguments["username"], call.now)
    return done(f"{name} was unregistered.", name=name)


async def _trace(call: _Call) -> Answer:
    trace = call.arguments["trace"]
    call.context.set_trace(trace == "on")
    return done(f"Trace is {trace}.", trace=trace == "on")


async def _stats(call: _Call) -> Answer:
    queues = [session.send_queue.queued for session in call.context.sessions]
    figures: dict[str, int | None] = {
        "uptime_seconds": int(call.context.seconds() - call.context.started_at),
        "connections": len(queues),
        "rooms": sum(1 for _ in call.context.chat.rooms()),
        "messages": call.context.bus.messages,
        "messages_not_stored": call.context.writer.pending,
        "bytes_sent": call.context.fanout.bytes_sent,
        "bytes_queued": sum(queues),
        "bytes_queued_max": max(queues, default=0),
        "store_bytes": call.context.store_size.size,
    }
    return Answer(_stats_lines(figures), data=figures)


def _stats_lines(figures: Mapping[str, int | None]) -> list[str]:
    size = figures["store_bytes"]
    return [
        f"uptime: {figures['uptime_seconds']} s",
        f"connections: {figures['connections']}",
        f"rooms: {figures['rooms']}",
        f"messages: {figures['messages']}",
        f"messages not stored yet: {figures['messages_not_stored']}",
        f"bytes sent: {figures['bytes_sent']}",
        (
            f"bytes queued: {figures['bytes_queued']}, "
            f"at most {figures['bytes_queued_max']} for one connection"
        ),
        *(() if size is None else (f"bytes of the store: {size}",)),
    ]


async def _exit(_: _Call) -> Answer:
    """Tell how to leave the server's own console; a console that is attached leaves by itself."""
    text = "`quit` stops the server. Ctrl-D closes this console, and the server goes on."
    return done(text)


async def _quit(call: _Call) -> Answer:
    users = {session.user for session in call.context.sessions}
    if not await call.confirm(f"Stop the server for {_count(len(users), 'user')}? [y/N] "):
        return _cancelled()
    call.context.stopping = True
    call.context.stop()
    return Answer()


_HANDLERS: Final[dict[str, Callable[[_Call], Awaitable[Answer]]]] = {
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
    "exit": _exit,
    "quit": _quit,
}
