"""Typed lines that are no message: commands with a backtick or a slash, and attempts to log in.

Other chat programs begin a command with `/`, and some let users log in by a message to a service.
A line that was meant so must not be said to a room, where it could publish a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chatd.core.bidi import isolate
from chatd.core.errors import ChatError
from chatd.protocol.command import Command
from chatd.protocol.text import COMMAND_PREFIX, find_command

SLASH: Final = "/"

_PREFIXES: Final = (SLASH, COMMAND_PREFIX)
_LOGINS: Final = frozenset({"login", "identify", "register", "password", "pass", "auth"})
_SERVICES: Final = frozenset({"nickserv", "ns"})
_PRIVATE: Final = frozenset({"msg", "whisper", "secret", "query", "notice", "squery", "privmsg"})
_MOST_WORDS_OF_LOGIN: Final = 3


def is_login(line: str) -> bool:
    """Tell whether a line looks like a login of this or of another chat program.

    With a slash or a backtick the first words decide, also behind blanks. Without, the line has to
    be short too: `login ann password` is one, a sentence that begins with `register` is none.
    """
    words = line.split()
    first, *rest = [word.casefold() for word in words] or [""]
    if first.startswith(_PREFIXES):
        name = first[1:]
        if name in _PRIVATE and rest:
            return rest[0].partition("@")[0] in _SERVICES
        return name in _LOGINS | _SERVICES
    is_short = 1 < len(words) <= _MOST_WORDS_OF_LOGIN
    return first in {"login", "identify", "register"} and is_short and line[:1] == words[0][0]


def as_command(line: str, commands: Mapping[str, Command]) -> str:
    """Return a line with its slash, if it has one, replaced by a backtick.

    Raises `ValueError`, with the words for the user, if it begins with a slash and no command.
    """
    if not line.startswith(SLASH):
        return line
    try:
        find_command(line[1:], dict(commands))
    except ChatError:
        word = isolate(line.split(None, 1)[0])
        raise ValueError(f"Unknown command {word}. To say it, begin with a blank.") from None
    return COMMAND_PREFIX + line[1:]
