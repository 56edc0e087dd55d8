"""How a typed line is understood on a terminal: as commands, as a message, or as neither.

The functions are pure: they know the commands and the line, and nothing of the connection.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.slash import SLASH, as_command, is_login
from chatd.core.errors import ChatError
from chatd.protocol.text import COMMAND_PREFIX, find_command, is_quoted, mask

LOGIN_WORDS: Final = (
    "Not sent: this looks like a login, and others would read the password. "
    "To log in, type `login NAME; the password is asked for."
)

_QUOTED: Final = (f"{SLASH}{SLASH}", f" {SLASH}", f" {COMMAND_PREFIX}")
"""The beginnings of a message that itself begins with a slash or a backtick."""

_LOGIN_COMMANDS: Final = frozenset({"login", "register", "password"})


@dataclass(frozen=True, slots=True)
class Run:
    """Run commands; each begins with a backtick."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Show `words`; an empty line typed next, or the same line again, says the line."""

    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Send nothing, and show `words`; if `restores`, the line stays in the input."""

    words: str
    restores: bool = True


Typed = Run | Say | Confirm | Refused


def understand(line: str, confirmed: str | None = None, limit: int | None = None) -> Typed:
    """Return how a typed line is understood.

    `confirmed` is the line that the user was asked about, if it was the last one; `limit` is how
    many bytes a message may have, if that is known.
    """
    if confirmed is not None and not line.strip():
        line = confirmed
    rows = line.splitlines() or [""]
    if any(is_login(row) and not _is_login_command(row) for row in rows):
        return Refused(LOGIN_WORDS, restores=False)
    if len(rows) > 1 or line.startswith(_QUOTED):
        commands = _as_commands(rows)
        return Run(commands) if commands is not None else _message(line, limit)
    try:
        row = as_command(rows[0], LINE_COMMANDS)
    except ValueError as error:
        # One word is typed again sooner than it is removed from the input.
        return Refused(str(error), restores=len(rows[0].split()) > 1)
    if row.startswith(COMMAND_PREFIX):
        return Run((row,))
    if line != confirmed and _is_command_word(row):
        return Confirm(f"Did you mean `{row.strip()}? Press Enter again to say it.")
    return _message(line, limit)


def may_be_kept(line: str) -> bool:
    """Tell whether a typed line has no password, nor looks as if it had."""
    return not any(is_login(row) or _is_unknown_command(row.strip()) for row in line.splitlines())


def may_be_stored(line: str) -> bool:
    """Tell whether a typed line may go to a file: no password, and no private message."""
    return may_be_kept(line) and not any(map(_is_confidential, line.splitlines()))


def _is_confidential(row: str) -> bool:
    row = row.strip()
    with suppress(ValueError):
        row = as_command(row, LINE_COMMANDS)
    return mask(row, LINE_COMMANDS) != row


def _message(line: str, limit: int | None) -> Typed:
    if line.startswith(_QUOTED):
        line = line[1:]  # the first character is for the client alone
    length = len(line.encode(errors="replace"))
    if limit is None or length <= limit:
        return Say(line)
    return Refused(f"Not sent: the message has {length} bytes, and at most {limit} are allowed.")


def _as_commands(rows: list[str]) -> tuple[str, ...] | None:
    """Return rows that are all commands, with their backticks; else None."""
    commands = []
    for row in filter(str.strip, rows):
        try:
            commands.append(as_command(row, LINE_COMMANDS))
        except ValueError:
            return None
        if not commands[-1].startswith(COMMAND_PREFIX):
            return None
    return tuple(commands) or None


def _is_login_command(row: str) -> bool:
    """Tell whether a row is a command that takes a password, and so is sent to nobody else."""
    return row.startswith((SLASH, COMMAND_PREFIX)) and _command_name(row[1:]) in _LOGIN_COMMANDS


def _is_command_word(row: str) -> bool:
    word = row.strip()
    return len(word.split()) == 1 and _command_name(word) is not None


def _is_unknown_command(row: str) -> bool:
    is_command = row.startswith((SLASH, COMMAND_PREFIX)) and not is_quoted(row)
    return is_command and len(row.split()) > 1 and _command_name(row[1:]) is None


def _command_name(words: str) -> str | None:
    """Return the name of the command that `words` begin with, None if there is none."""
    try:
        command, _ = find_command(words, LINE_COMMANDS)
    except ChatError:
        return None
    return command.name
