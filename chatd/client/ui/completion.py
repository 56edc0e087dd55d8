"""Completion of the word before the cursor: commands, rooms and names."""

from __future__ import annotations

from collections.abc import Iterable

from chatd.client.model.state import ClientState
from chatd.client.ui.commands import LINE_COMMANDS
from chatd.protocol.text import COMMAND_PREFIX


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
    parameters = LINE_COMMANDS[command].parameters if command in LINE_COMMANDS else ()
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
