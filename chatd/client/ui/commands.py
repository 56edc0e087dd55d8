"""The commands that a user can type: those of the protocol, and the line client's own.

`format` is not among them: the client speaks JSON with the server, whatever the user types. A user
may leave passwords out; a `Question` then asks for them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatd.client.ui.actions import Prompt
from chatd.core.errors import ChatError
from chatd.protocol import text
from chatd.protocol.commands import CLIENT_COMMANDS, PASSWORD_MASK, Command, Parameter, Request

_LOCAL = (
    Command(
        "connect",
        "Connect to the server at the given host and port.",
        (Parameter("host"), Parameter("port")),
    ),
    Command("disconnect", "Leave the server, and stay in the client program."),
)


def _passwords(command: Command) -> list[Parameter]:
    return [parameter for parameter in command.typed if parameter.mask == PASSWORD_MASK]


def _with_password_help(command: Command) -> Command:
    """Return a command whose help says that the client asks for missing passwords."""
    if not _passwords(command):
        return command
    words = "What is left out of passwords is asked for, and not shown."
    return replace(command, summary=f"{command.summary} {words}")


LINE_COMMANDS: Final = {
    **{
        name: _with_password_help(command)
        for name, command in CLIENT_COMMANDS.items()
        if name != "format"
    },
    **{command.name: command for command in _LOCAL},
}


class Question:
    """A command whose missing passwords the client asks for, one after another."""

    def __init__(self, command: Command, arguments: dict[str, str]) -> None:
        self._command = command
        self._arguments = arguments
        names = [parameter.name for parameter in _passwords(command)]
        self._missing = [name for name in names if name not in arguments]

    @property
    def prompt(self) -> Prompt:
        """The prompt for the next password."""
        return Prompt(f"Enter {self._missing[0].replace('_', ' ')}: ", hidden=True)

    def answer(self, line: str) -> Request | None:
        """Add the answer; return the complete request, or None if another password is missing."""
        # A pasted line may have its newline.
        self._arguments[self._missing.pop(0)] = line.rstrip("\r\n")
        return None if self._missing else Request(self._command.name, self._arguments)


def question(line: str) -> Question | None:
    """Return the question about a line of which only passwords are missing, else None."""
    command, words = _command_of(line)
    if command is None:
        return None
    passwords = {parameter.name for parameter in _passwords(command)}
    if not passwords:
        return None
    arguments = command.split(words)
    missing = {parameter.name for parameter in command.typed} - arguments.keys()
    return Question(command, arguments) if missing and missing <= passwords else None


def has_password(line: str) -> bool:
    """Tell whether a line, or one of several pasted together, contains passwords, or may."""
    return any(_may_have_passwords(each.strip()) for each in line.splitlines())


def _may_have_passwords(line: str) -> bool:
    command, _ = _command_of(line)
    if command is None:
        return line.startswith(text.COMMAND_PREFIX)  # it may be `login` with a typing error
    return bool(_passwords(command))


def _command_of(line: str) -> tuple[Command | None, str]:
    if not line.startswith(text.COMMAND_PREFIX):
        return None, ""
    try:
        return text.find_command(line[1:], LINE_COMMANDS)
    except ChatError:
        return None, ""
