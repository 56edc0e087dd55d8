"""The commands that a user can type, those of the protocol and the line client's own.

`format` is not among them: the client speaks JSON with the server, whatever the user types. A user
may leave passwords out; a `Question` then asks for them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Final

from chatd.client.ui.frontend import Prompt
from chatd.client.ui.slash import as_command
from chatd.core.errors import ChatError
from chatd.protocol import text
from chatd.protocol.command import PASSWORD_MASK, Command, Parameter, Request
from chatd.protocol.commands import CLIENT_COMMANDS

_LOCAL = (
    Command(
        "connect",
        "Connect to the server at the given host and port.",
        (Parameter("host"), Parameter("port")),
    ),
    Command("disconnect", "Leave the server, and stay in the client program."),
)


def _passwords(command: Command) -> list[Parameter]:
    """Return the parameters of a command that are asked for where they are missing."""
    return [each for each in command.typed if each.mask == PASSWORD_MASK and not each.optional]


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
    "help": replace(
        CLIENT_COMMANDS["help"], parameters=(Parameter("subject", optional=True),), syntax="help"
    ),
}


_AGAIN: Final = "_again"
_NEW_PASSWORDS: Final = {"register": "password", "password": "new_password"}
"""The parameters that are new passwords, by the name of their command."""


class Question:
    """A command whose missing passwords the client asks for, one after another.

    With `twice`, a password that is new is asked for twice. `also` is the name of an optional
    parameter that is asked for as well.
    """

    def __init__(
        self, command: Command, arguments: dict[str, str], *, twice: bool = False, also: str = ""
    ) -> None:
        self._command = command
        self._arguments = arguments
        names = [*(parameter.name for parameter in _passwords(command)), *filter(None, [also])]
        self._missing = [name for name in names if name not in arguments]
        new = _NEW_PASSWORDS.get(command.name, "")
        if twice and new in self._missing:
            self._missing.insert(self._missing.index(new) + 1, new + _AGAIN)

    @property
    def command(self) -> str:
        """The name of the command."""
        return self._command.name

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments that are known."""
        return self._arguments

    @property
    def prompt(self) -> Prompt:
        """The prompt for the next password."""
        return Prompt(f"Enter {self._missing[0].replace('_', ' ')}: ", hidden=True)

    def answer(self, line: str) -> Request | None:
        """Add the answer; return the complete request, or None if another password is missing.

        Raises `ValueError`, with the words for the user, if a password is not the same twice.
        """
        name, answer = self._missing.pop(0), line.rstrip("\r\n")  # a pasted line may have its end
        if not name.endswith(_AGAIN):
            self._arguments[name] = answer
        elif answer != self._arguments[name.removesuffix(_AGAIN)]:
            raise ValueError("The two passwords differ. Nothing was changed.")
        return None if self._missing else Request(self._command.name, self._arguments)


def question(line: str, *, twice: bool = False) -> Question | None:
    """Return the question about a line of which only passwords are missing, else None.

    With `twice` it asks twice for a new password.
    """
    command, words = _command_of(line)
    if command is None:
        return None
    passwords = {parameter.name for parameter in _passwords(command)}
    if not passwords:
        return None
    arguments = command.split(words)
    missing = {parameter.name for parameter in command.typed} - arguments.keys()
    if not missing or not missing <= passwords:
        return None
    return Question(command, arguments, twice=twice)


def has_password(line: str) -> bool:
    """Tell whether a line, or one of several pasted together, contains passwords, or may.

    The key of a room counts as one.
    """
    return any(_may_have_passwords(each.strip()) for each in line.splitlines())


def _may_have_passwords(line: str) -> bool:
    with suppress(ValueError):
        line = as_command(line, LINE_COMMANDS)
    command, words = _command_of(line)
    if command is None:
        if text.is_quoted(line):
            return False
        return line.startswith(text.COMMAND_PREFIX)  # it may be `login` with a typing error
    given = command.split(words)
    has_key = any(each.mask == PASSWORD_MASK and each.name in given for each in command.typed)
    return has_key or bool(_passwords(command))


def _command_of(line: str) -> tuple[Command | None, str]:
    if not line.startswith(text.COMMAND_PREFIX):
        return None, ""
    try:
        return text.find_command(line[1:], LINE_COMMANDS)
    except ChatError:
        return None, ""
