"""The requests for typed commands: some words are written in another way in JSON."""

from __future__ import annotations

from typing import Final

from chatd.client.model.state import ClientState
from chatd.client.ui.commands import LINE_COMMANDS
from chatd.protocol.command import Request

NOTHING: Final = "-"
"""Typed in place of a topic it removes the topic, in place of a name one's name stays."""

DEPENDING_ON_ROOMS: Final = frozenset({"search", "kick", "ban"})
"""The commands whose requests depend on the rooms that the user is in."""


def as_sent(request: Request, state: ClientState) -> Request:
    """Return the request for a command that was typed.

    Raises `ChatError` if the first word of a reason is the id of a room of the user: another
    program, and the administrator's console, would understand it as the room.
    """
    arguments = request.arguments
    match request.command:
        case "topic" if arguments.get("text") == NOTHING:
            return request._replace(arguments={**arguments, "text": ""})
        case "join" | "enter" if arguments.get("chatter_name") == NOTHING:
            named = {name: value for name, value in arguments.items() if name != "chatter_name"}
            return request._replace(arguments=named)
        case "kick" | "ban" if arguments.get("reason", "").split(None, 1)[:1] in _each(state.rooms):
            raise LINE_COMMANDS[request.command].usage_error()
        case "search" if state.current is not None:  # otherwise all rooms are searched
            return request._replace(arguments={**arguments, "chatroom_id": state.current})
        case _:
            return request


def _each(rooms: list[str]) -> list[list[str]]:
    return [[room] for room in rooms]
