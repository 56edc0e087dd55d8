"""The lines that say what to do after an answer of the server, for users on a terminal."""

from __future__ import annotations

from chatd.client.model.state import ClientState
from chatd.client.ui.frontend import Line
from chatd.core.bidi import isolate
from chatd.core.events import Event, Left
from chatd.core.room_events import Invited
from chatd.core.sanitize import sanitize
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Reply


def advice(event: Event | Reply, state: ClientState) -> list[Line]:
    """Return the lines that follow an event or a reply: what to do now, if that is not obvious.

    Errors with a tag answer requests that the client sent by itself, on its way back for example.
    """
    match event:
        case Error(code="in-a-room", tag=None):
            return [leave_first(state)]
        case Error(code="no-such-room", command="join", tag=None, data=data) if (
            "suggestion" not in data
        ):
            return [Line("Type `enter and the name of a room to start it, or `list to see all.")]
        case Error(code="name-in-use", command="join" | "enter" | "rename", tag=None):
            return [Line("Take another name, or `login if it is the name of your account.")]
        case Invited(room=room):
            return [Line(f"Type `join {isolate(sanitize(room))} to join.")]
        case Left(room=room, is_self=True, name=name) if name == state.name:
            return [Line(f"You left chatroom {isolate(sanitize(room))} in another session.")]
        case _:
            return []


def leave_first(state: ClientState) -> Line:
    """Return the line that says how to leave the rooms that the user is in."""
    *others, last = [isolate(room) for room in state.rooms] or ["it"]
    rooms = f"{', '.join(others)} and {last}" if others else last
    each = ", once in each" if others else ""
    return Line(f"To leave {rooms}, type `quit{each}; then try again.")


def known_room(request: Request, state: ClientState) -> str | None:
    """Return the id of the room that a request asks to join, if the user is in it already.

    A request for another name is left to the server, which refuses it.
    """
    if request.command not in {"join", "enter"}:
        return None
    if request.arguments.get("chatter_name", state.name).casefold() != state.name.casefold():
        return None
    folded = request.arguments["chatroom_id"].casefold()
    return next((known for known in state.members if known.casefold() == folded), None)
