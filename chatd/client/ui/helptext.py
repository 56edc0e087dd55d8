"""Help on a terminal: the everyday commands, and all of them by subjects or one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chatd.core.errors import ChatError
from chatd.protocol.command import Command, help_text
from chatd.protocol.error_text import error_text
from chatd.protocol.text import COMMAND_PREFIX, find_command

ALL: Final = "all"

SUBJECTS: Final = {
    "rooms": ("list", "enter", "join", "start", "switch", "quit", "who", "topic", "end"),
    "messages": ("say", "me", "broadcast", "secret", "history", "search", "delete"),
    "people": ("ignore", "unignore", "away", "rename", "invite"),
    "operators": (
        *("op", "deop", "voice", "devoice"),
        *("kick", "mute", "unmute", "ban", "unban", "bans"),
    ),
    "settings": (
        *("private", "invite-only", "unlisted", "moderated", "open-topic"),
        *("key", "limit"),
    ),
    "account": ("register", "login", "password", "sessions", "revoke", "logout", "admin"),
    "client": ("connect", "disconnect", "help", "exit"),
}
"""All commands that can be typed, by subjects."""

_EVERYDAY: Final = (
    ("list", "the rooms, and who is in them"),
    ("enter ROOM NAME", "join a room; it is started if there is none"),
    ("quit", "leave the room"),
    ("switch ROOM", "go to another of your rooms"),
    ("who", "who is here"),
    ("me TEXT", "tell what you do"),
    ("secret NAME TEXT", "write to one person alone"),
    ("history NUMBER", "old messages; `search WORDS finds some"),
    ("login NAME", "log in; `register NAME makes an account"),
    ("exit", "end the client"),
)
"""The commands that are explained at once."""

_WIDTH: Final = 1 + max(len(typed) for typed, _ in _EVERYDAY) + 2
_SUBJECT_WIDTH: Final = max(map(len, SUBJECTS)) + 2


def overview(commands: Mapping[str, Command]) -> str:
    """Return the help on `commands` in less than the rows of a small terminal."""
    everyday = (f"{COMMAND_PREFIX + typed:{_WIDTH}}{words}" for typed, words in _EVERYDAY)
    subjects = (f"{subject:{_SUBJECT_WIDTH}}{_listed(subject, commands)}" for subject in SUBJECTS)
    return "\n".join(
        (
            "A line is said in your room. A line that begins with ` or / is a command:",
            *everyday,
            "",
            *subjects,
            "`help and one of these words tells more, `help all tells all.",
        )
    )


def help_on(word: str, commands: Mapping[str, Command]) -> str:
    """Return the help on a subject, on a command, or on all; or the words for an unknown one."""
    word = word.lower().lstrip("`/")
    if word == ALL:
        return f"\n{help_text(commands.values())}"
    if word in SUBJECTS and word not in commands:
        return help_text(each for each in map(commands.get, SUBJECTS[word]) if each).rstrip("\n")
    try:
        command, _ = find_command(word, dict(commands))
    except ChatError as error:
        return f"Server: {error_text(error)}"
    others = ", ".join(COMMAND_PREFIX + alias for alias in command.aliases)
    return f"{command.help_line}{f' Or {others}.' if others else ''}"


def _listed(subject: str, commands: Mapping[str, Command]) -> str:
    return " ".join(COMMAND_PREFIX + name for name in SUBJECTS[subject] if name in commands)
