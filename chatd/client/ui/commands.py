"""What can be typed: the commands of clients, and the line client's own.

`format` is not among them: what is spoken with the server is not the typist's business. Passwords
may be left out; then a `Question` asks for them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatd.client.ui.effects import Prompt
from chatd.core.errors import ChatError
from chatd.protocol import text
from chatd.protocol.commands import CLIENT_COMMANDS, PASSWORD_MASK, Command, Parameter, Request

_OWN = (
    Command(
        "connect",
        "Connect to the server at the given host and port.",
        (Parameter("host"), Parameter("port")),
    ),
    Command("disconnect", "Leave the server, and stay in the client program."),
)


def _passwords(command: Command) -> list[Parameter]:
    return [one for one in command.typed if one.mask == PASSWORD_MASK]


def _asking(command: Command) -> Command:
    """Return a command whose help says that passwords are asked for."""
    if not _passwords(command):
        return command
    words = "What is left out of passwords is asked for, and not shown."
    return replace(command, summary=f"{command.summary} {words}")


LINE_COMMANDS: Final = {
    **{name: _asking(one) for name, one in CLIENT_COMMANDS.items() if name != "format"},
    **{command.name: command for command in _OWN},
}


class Question:
    """A command of whose passwords some were left out and are asked for, one after another."""

    def __init__(self, command: Command, arguments: dict[str, str]) -> None:
        self._command = command
        self._arguments = arguments
        self._missing = [one.name for one in _passwords(command) if one.name not in arguments]

    @property
    def prompt(self) -> Prompt:
        """What is asked next."""
        return Prompt(f"Enter {self._missing[0].replace('_', ' ')}: ", hidden=True)

    def answer(self, line: str) -> Request | None:
        """Take the answer; return the whole request, or None if there is more to ask."""
        self._arguments[self._missing.pop(0)] = line.rstrip("\r\n")  # pasted, it may have its end
        return None if self._missing else Request(self._command.name, self._arguments)


def question(line: str) -> Question | None:
    """Return what is still to be asked about a line: nothing, unless only its passwords are missing."""
    command, words = _command_of(line)
    passwords = {one.name for one in _passwords(command)} if command is not None else set()
    if command is None or not passwords:
        return None
    arguments = command.split(words)
    missing = {one.name for one in command.typed} - arguments.keys()
    return Question(command, arguments) if missing and missing <= passwords else None


def is_to_be_forgotten(line: str) -> bool:
    """Tell whether a line, or one of several pasted together, has passwords in it, or may have."""
    return any(_may_have_passwords(one.strip()) for one in line.splitlines())


def _may_have_passwords(line: str) -> bool:
    command, _ = _command_of(line)
    if command is None:
        return line.startswith(text.COMMAND_PREFIX)  # it may be `login`, misspelt
    return bool(_passwords(command))


def _command_of(line: str) -> tuple[Command | None, str]:
    if not line.startswith(text.COMMAND_PREFIX):
        return None, ""
    try:
        return text.find_command(line[1:], LINE_COMMANDS)
    except ChatError:
        return None, ""
