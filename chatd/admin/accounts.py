"""The administrator's commands in a session of an account that is an administrator.

They are those of the console, without some that are for the console alone. Nobody acts on another
administrator here.
"""

from __future__ import annotations

from typing import Final

from chatd.admin.answer import PREFIX
from chatd.admin.calls import AdminContext
from chatd.admin.commands import execute
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import Actor, ActorKind
from chatd.core.rooms import User
from chatd.core.sanitize import sanitize
from chatd.protocol.command import Command, help_text
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.protocol.replies import AdminAnswer
from chatd.protocol.text import COMMAND_PREFIX, find_command

CONSOLE_ONLY: Final = frozenset({"admin", "exit", "passwd", "quit", "register", "trace"})
"""The commands that change the server or who is an administrator, or ask for a password."""

_ACT_ON_USERS: Final = frozenset({"ban", "deop", "group", "kick", "mute", "unregister"})

_USERS: Final = ("chatter_name", "list_of_chatters", "name_or_address", "username")
"""The parameters of these commands that name users."""


async def execute_for(context: AdminContext, user: User, line: str) -> AdminAnswer:
    """Execute the command in `line` for `user`; return the answer.

    Raises `ChatError` if the user is no administrator, or if the command is none for an account.
    """
    if not context.admins.includes(user):
        raise ChatError(ErrorCode.NOT_ADMIN)
    line = sanitize(line).strip().removeprefix(COMMAND_PREFIX)
    command, words = find_command(line, CONSOLE_COMMANDS)
    if command.name in CONSOLE_ONLY:
        raise ChatError(ErrorCode.CONSOLE_ONLY, command=command.name)
    if command.name == "help":
        return _help()
    if command.name in _ACT_ON_USERS:
        _check_subjects(context, command, words, user)
    answer = await execute(context, line, actor=Actor(ActorKind.ACCOUNT, user.name))
    lines = tuple(shown.removeprefix(PREFIX) for shown in answer.lines if shown)
    code = answer.data["code"] if answer.failed and isinstance(answer.data, dict) else None
    return AdminAnswer(lines, code)


def _check_subjects(context: AdminContext, command: Command, words: str, user: User) -> None:
    """Raise `ChatError` if a command names an administrator other than `user`."""
    arguments = command.split(words)
    for name in " ".join(arguments.get(users, "") for users in _USERS).split():
        admin = context.admins.find(name)
        if admin is not None and admin.id != user.account:
            raise ChatError(ErrorCode.IS_ADMIN, name=admin.name)


def _help() -> AdminAnswer:
    allowed = [each for each in CONSOLE_COMMANDS.values() if each.name not in CONSOLE_ONLY]
    return AdminAnswer(tuple(help_text(allowed).splitlines()))
