"""The completion of the last word of a command that an administrator types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chatd.admin.calls import AdminContext
from chatd.core.network import host_of
from chatd.protocol.command import Command
from chatd.protocol.console_commands import CONSOLE_COMMANDS, SUBJECT
from chatd.protocol.text import COMMAND_PREFIX

_ADDRESS_START: Final = "('[<"
"""The characters before an address as it is shown, as in `('203.0.113.9', 4711)`."""


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
