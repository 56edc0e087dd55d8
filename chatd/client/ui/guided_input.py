"""The meaning of a line typed in guided mode: a word, a command, or a message."""

from __future__ import annotations

from enum import Enum
from typing import Final

from chatd.client.model.state import ClientState
from chatd.client.ui.commands import LINE_COMMANDS, Question, question
from chatd.client.ui.requests import as_sent
from chatd.client.ui.slash import SLASH, as_command, is_login
from chatd.core.errors import ChatError
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.command import Request
from chatd.protocol.error_text import error_text

GUIDED_COMMANDS: Final = {
    name: command
    for name, command in LINE_COMMANDS.items()
    if name not in {"connect", "disconnect"}  # guided mode stays with one server
}
"""The commands that can be typed with a backtick or a slash."""

_LOGIN_NOT_SAID: Final = (
    "This looks like a login, and was not said: you are logged in already. "
    "To say a sentence, begin with a blank."
)


_ENDS: Final = frozenset({"quit", "exit"})
_END_NOT_SAID: Final = (
    "LEAVE leaves the room, and LOGOUT ends the program. To say the word, begin with a blank."
)


class Word(Enum):
    """A word that is a command when it is typed alone, in capitals or not."""

    LIST = "list"
    HELP = "help"
    LEAVE = "leave"
    LOGOUT = "logout"


_PASSWORD_COMMANDS: Final = frozenset({f"{text.COMMAND_PREFIX}password", f"{SLASH}password"})
_WORDS: Final = {word.value: word for word in Word}


class Refused(Exception):  # noqa: N818 -- not a fault of the program
    """A line that is not carried out; the message says why, and what to do."""


def word(line: str) -> Word | None:
    """Return the word that a line consists of if it is a command, else None."""
    return _WORDS.get(line.strip().casefold())


def command(line: str, state: ClientState) -> Request | Question | None:
    """Return the command in a line with a backtick or a slash; None if it begins with neither.

    The command to change the password becomes a question if the passwords are missing. Raises
    `Refused` if the command is unknown or lacks a parameter, and for every line that looks like a
    login.
    """
    typed = sanitize(line).rstrip("\n")
    if typed.strip().casefold() in _PASSWORD_COMMANDS:
        return question(f"{text.COMMAND_PREFIX}password")
    if any(map(is_login, typed.splitlines())):
        raise Refused(_LOGIN_NOT_SAID)
    if typed.rstrip().casefold() in _ENDS:
        raise Refused(_END_NOT_SAID)
    if not typed.startswith((text.COMMAND_PREFIX, SLASH)):
        return None
    try:
        decoded = text.decode(as_command(typed, GUIDED_COMMANDS), GUIDED_COMMANDS)
        return as_sent(decoded, state)
    except ChatError as error:
        raise Refused(error_text(error)) from None
    except ValueError as error:
        raise Refused(str(error)) from None
