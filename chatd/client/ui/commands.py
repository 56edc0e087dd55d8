"""The commands that a user can type, those of the protocol and the line client's own; completion.

`format` is not among them: the client speaks JSON with the server, whatever the user types. A user
may leave passwords out; a `Question` then asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from chatd.client.model.state import ClientState
from chatd.client.ui.frontend import Prompt
from chatd.core.errors import ChatError
from chatd.protocol import text
from chatd.protocol.commands import CLIENT_COMMANDS, PASSWORD_MASK, Command, Parameter, Request
from chatd.protocol.text import COMMAND_PREFIX

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


_AGAIN: Final = "_again"
_NEW_PASSWORDS: Final = {"register": "password", "password": "new_password"}
"""The parameters that are new passwords, by the name of their command."""


class Question:
    """A command whose missing passwords the client asks for, one after another.

    With `twice`, a password that is new is asked for twice.
    """

    def __init__(self, command: Command, arguments: dict[str, str], *, twice: bool = False) -> None:
        self._command = command
        self._arguments = arguments
        names = [parameter.name for parameter in _passwords(command)]
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
    """Tell whether a line, or one of several pasted together, contains passwords, or may."""
    return any(_may_have_passwords(each.strip()) for each in line.splitlines())


def _may_have_passwords(line: str) -> bool:
    command, _ = _command_of(line)
    if command is None:
        if text.is_quoted(line):
            return False
        return line.startswith(text.COMMAND_PREFIX)  # it may be `login` with a typing error
    return bool(_passwords(command))


def _command_of(line: str) -> tuple[Command | None, str]:
    if not line.startswith(text.COMMAND_PREFIX):
        return None, ""
    try:
        return text.find_command(line[1:], LINE_COMMANDS)
    except ChatError:
        return None, ""


def complete(before: str, state: ClientState) -> tuple[str, list[str]]:
    """Return the word at the end of `before`, and the words that it can be completed to."""
    words = before.split(" ")
    word = words[-1]
    if not before.startswith(COMMAND_PREFIX):
        ending = ": " if len(words) == 1 else " "
        names = _beginning(word, state.known_names) if word else []
        return word, [name + ending for name in names]
    if len(words) == 1:
        commands = (COMMAND_PREFIX + name for name, c in LINE_COMMANDS.items() if not c.json_only)
        return word, [command + " " for command in _beginning(word, commands)]
    candidates = _candidates(words[0].removeprefix(COMMAND_PREFIX), len(words) - 2, state)
    return word, [candidate + " " for candidate in _beginning(word, candidates)]


def _candidates(command: str, index: int, state: ClientState) -> Iterable[str]:
    """Return the known values of the parameter of a command at `index`."""
    parameters = LINE_COMMANDS[command].typed if command in LINE_COMMANDS else ()
    match parameters[index].name if index < len(parameters) else "message":
        case "chatroom_id" if command in {"quit", "switch", "broadcast"}:
            return state.rooms
        case "chatroom_id" if command in {"join", "enter"}:
            return state.known_rooms
        case "chatter_name" if command in {"join", "enter"}:
            return [state.name] if state.name else []
        case "chatter_name" | "message":
            return state.known_names
        case _:
            return ()


def _beginning(word: str, candidates: Iterable[str]) -> list[str]:
    folded = word.casefold()
    # A name that cannot be typed is not completed either.
    return [
        candidate
        for candidate in candidates
        if candidate.isprintable() and candidate.casefold().startswith(folded)
    ]
