"""Completion: the words that Tab offers for the one before the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from chatd.client.model.state import ClientState
from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.helptext import ALL, SUBJECTS
from chatd.client.ui.slash import SLASH
from chatd.core.errors import ChatError
from chatd.protocol.command import OFF, Command, Parameter
from chatd.protocol.text import COMMAND_PREFIX, find_command

_OF_OWN_ROOMS: Final = frozenset({"quit", "switch", "broadcast", "who", "end"})
_JOINING: Final = frozenset({"join", "enter"})
_TEXTS: Final = frozenset({"message", "text", "words", "reason"})
"""The parameters that have several words, names of users perhaps."""


def complete(before: str, state: ClientState) -> tuple[str, list[str]]:
    """Return the word at the end of `before`, and the words that it can be completed to."""
    words = before.split(" ")
    word = words[-1]
    if not before.startswith((COMMAND_PREFIX, SLASH)):
        ending = ": " if len(words) == 1 else " "
        names = _beginning(word, state.known_names) if word else []
        return word, [name + ending for name in names]
    if len(words) == 1:
        commands = (before[0] + name for name in _names())
        return word, [command + " " for command in _beginning(word, commands)]
    candidates = _candidates(words[0][1:], words[1:-1], state)
    return word, [candidate + " " for candidate in _beginning(word, candidates)]


def _names() -> Iterable[str]:
    return (name for name, command in LINE_COMMANDS.items() if not command.json_only)


def _candidates(name: str, before: Sequence[str], state: ClientState) -> Iterable[str]:
    """Return the known values of the next parameter of a command, after the words `before`."""
    try:
        command, _ = find_command(name, LINE_COMMANDS)
    except ChatError:
        return ()
    parameters = [each for each in command.typed if not each.prefix]
    if len(before) < len(parameters):
        return _values(command, parameters[len(before)], state)
    is_text = not parameters or parameters[-1].name in _TEXTS
    return state.known_names if is_text else ()


def _values(  # noqa: PLR0911 -- a table
    command: Command, parameter: Parameter, state: ClientState
) -> Iterable[str]:
    match parameter.name:
        case "chatroom_id" if command.name in _OF_OWN_ROOMS:
            return state.rooms
        case "chatroom_id" if command.name in _JOINING:
            return state.known_rooms
        case "chatter_name" if command.name in _JOINING:
            return [state.name] if state.name else []
        case name if name == "chatter_name" or name in _TEXTS:
            return state.known_names
        case "subject":
            return [*SUBJECTS, ALL, *_names()]
        case "key" if command.name == "key":
            return (OFF,)
        case _:
            return (OFF,) if parameter.or_off else parameter.choices


def _beginning(word: str, candidates: Iterable[str]) -> list[str]:
    folded = word.casefold()
    # A name that cannot be typed is not completed either.
    return [
        candidate
        for candidate in candidates
        if candidate.isprintable() and candidate.casefold().startswith(folded)
    ]
