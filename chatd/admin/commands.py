"""The administrator's commands: functions that act on the chat and return the answer.

Spec section 5. A command does not know where it was typed. A password is no part of the line: a
command asks for it, through the `Prompt` of the console.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from chatd.admin import people_commands, room_commands, server_commands
from chatd.admin.answer import Answer, failure, refused
from chatd.admin.audit import entry_of
from chatd.admin.calls import AdminContext, Call, Confirm, Prompt, usage
from chatd.core.errors import ChatError
from chatd.core.records import CONSOLE, Actor
from chatd.core.sanitize import sanitize
from chatd.protocol.command import help_text
from chatd.protocol.console_commands import CONSOLE_COMMANDS, SUBJECT
from chatd.protocol.error_text import error_text
from chatd.protocol.text import COMMAND_PREFIX, find_command

_SHOWN_PORT: Final = re.compile(r"',\s+(\d+\))")
"""The blank in an address as it is shown, `('203.0.113.9', 4711)`: it ends no parameter."""


async def _no_prompt(_: str) -> None:
    """Cancel every question."""


async def _no_question(_: str) -> bool:
    """Go on without a question."""
    return True


async def execute(
    context: AdminContext,
    line: str,
    prompt: Prompt = _no_prompt,
    confirm: Confirm = _no_question,
    actor: Actor = CONSOLE,
) -> Answer:
    """Execute the command in `line`, with or without the backtick; return the answer.

    What `actor` did, if the command took effect, is in the audit.
    """
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
        return usage(command)
    try:
        answer = await _HANDLERS[command.name](Call(context, arguments, prompt, confirm, actor))
    except ChatError as error:
        return refused(error)
    entry = entry_of(command.name, arguments, answer, actor, context.now())
    if entry is not None:
        context.audit.add(entry)
    return answer


def _help_lines() -> list[str]:
    return help_text(CONSOLE_COMMANDS.values()).splitlines()


async def _help(_: Call) -> Answer:
    lines = _help_lines()
    return Answer(["", *lines, ""], data=lines)


_HANDLERS: Final[dict[str, Callable[[Call], Awaitable[Answer]]]] = {
    "help": _help,
    "list": room_commands.list_rooms,
    "rooms": room_commands.rooms,
    "history": room_commands.history,
    "start": room_commands.start,
    "end": room_commands.end,
    "kick": room_commands.kick,
    "mute": room_commands.mute,
    "unmute": room_commands.unmute,
    "op": room_commands.op,
    "deop": room_commands.deop,
    "group": room_commands.group,
    "say": room_commands.say,
    "who": people_commands.who,
    "ban": people_commands.ban,
    "unban": people_commands.unban,
    "bans": people_commands.bans,
    "accounts": people_commands.accounts,
    "admin": people_commands.admin,
    "register": people_commands.register,
    "passwd": people_commands.passwd,
    "unregister": people_commands.unregister,
    "top": server_commands.top,
    "audit": server_commands.audit,
    "trace": server_commands.trace,
    "stats": server_commands.stats,
    "exit": server_commands.leave,
    "quit": server_commands.stop,
}
