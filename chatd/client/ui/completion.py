"""What a word being typed can become: commands, rooms and names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from chatd.client.model.state import Whereabouts
from chatd.client.ui.commands import LINE_COMMANDS
from chatd.protocol.text import COMMAND_PREFIX


def complete(before: str, where: Whereabouts) -> tuple[str, list[str]]:
    """Return the word at the end of `before`, and all that it can become."""
    words = before.split(" ")
    word = words[-1]
    if not before.startswith(COMMAND_PREFIX):
        ending = ": " if len(words) == 1 else " "
        names = _beginning(word, where.known_names) if word else []
        return word, [name + ending for name in names]
    if len(words) == 1:
        commands = (COMMAND_PREFIX + name for name, c in LINE_COMMANDS.items() if not c.json_only)
        return word, [command + " " for command in _beginning(word, commands)]
    known = _known(words[0].removeprefix(COMMAND_PREFIX), len(words) - 2, where)
    return word, [one + " " for one in _beginning(word, known)]


def _known(command: str, place: int, where: Whereabouts) -> Iterable[str]:
    """Return all that is known for one of the parameters of a command."""
    parameters = LINE_COMMANDS[command].parameters if command in LINE_COMMANDS else ()
    match parameters[place].name if place < len(parameters) else "message":
        case "chatroom_id" if command in {"quit", "switch", "broadcast"}:
            return where.rooms
        case "chatroom_id" if command in {"join", "enter"}:
            return where.known_rooms
        case "chatter_name" if command in {"join", "enter"}:
            return [where.name] if where.name else []
        case "chatter_name" | "message":
            return where.known_names
        case _:
            return ()


def _beginning(word: str, known: Iterable[str]) -> list[str]:
    folded = word.casefold()
    # A name that could not be typed is not put into the line either.
    return [one for one in known if one.isprintable() and one.casefold().startswith(folded)]
