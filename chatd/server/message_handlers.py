"""The handlers of the commands about messages: saying, reading, searching, deleting, read marks.

As in `chatd.server.handlers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import MessageKind
from chatd.protocol.command import Request
from chatd.protocol.replies import History, Reply
from chatd.protocol.room_replies import ActDone, Found, ReadNoted
from chatd.server.acts import note_act
from chatd.server.room_handlers import acting_room

if TYPE_CHECKING:  # nativesession.py imports the handlers
    from chatd.server.nativesession import NativeSession as Session

_HISTORY_LENGTH: Final = 20
"""How many messages `history` returns if the request does not tell."""

_MESSAGES_PER_FRAME: Final = 50
"""How many messages of a history or a search count as one frame more for the rate of the client."""


def say(session: Session, request: Request) -> None:
    """Send a message to a room."""
    arguments = request.arguments
    session.say([arguments["text"]], arguments.get("chatroom_id"), request.tag)


def me(session: Session, request: Request) -> None:
    """Tell a room what the user does."""
    arguments = request.arguments
    session.say(
        [arguments["text"]], arguments.get("chatroom_id"), request.tag, kind=MessageKind.ACTION
    )


def broadcast(session: Session, request: Request) -> None:
    """Send a message to one of the user's rooms."""
    session.say([request.arguments["message"]], request.arguments["chatroom_id"], request.tag)


async def history(session: Session, request: Request) -> Reply:
    """Return messages of a room, the last ones or those after or before one."""
    arguments = request.arguments
    room = session.room(arguments.get("chatroom_id"))
    messages = await session.services.messages.history(
        session,
        room,
        _number(request, "since"),
        int(arguments.get("limit", _HISTORY_LENGTH)),
        _number(request, "before"),
    )
    session.extra_cost += len(messages) // _MESSAGES_PER_FRAME
    return History(room.id, tuple(messages))


async def search(session: Session, request: Request) -> Reply:
    """Return the newest messages that have some words.

    They are those of one room; in JSON, without `chatroom_id`, those of all rooms of the user.
    """
    arguments, before = request.arguments, _number(request, "before")
    words, room_id = arguments["words"], arguments.get("chatroom_id")
    in_one_room = session.is_text or room_id is not None
    if before is not None and not in_one_room:
        raise ChatError(ErrorCode.USAGE)
    room = session.room(room_id) if in_one_room else None
    # Readers of text get a whole page without those of ignored users; JSON has these with a mark.
    hidden = session.user.ignored if session.is_text else None
    page = await session.services.messages.search(session, room, words, before, hidden)
    session.extra_cost += len(page.messages) // _MESSAGES_PER_FRAME
    # There is no id before which the messages of several rooms go on.
    return Found(tuple(page.messages), words, page.more and in_one_room)


async def delete(session: Session, request: Request) -> Reply:
    """Delete a message."""
    services, room = session.services, acting_room(session, request)
    wanted = _number(request, "id")
    deleted = await services.messages.delete(session, room, wanted, services.now())
    note_act(session, room, "delete", str(deleted))
    return ActDone("delete", room.id, id=deleted)


async def read(session: Session, request: Request) -> Reply:
    """Note how far the user of an account has read a room."""
    room, wanted = session.room(request.arguments.get("chatroom_id")), request.arguments["id"]
    return ReadNoted(room.id, await session.services.read_marks.mark(session, room, int(wanted)))


def _number(request: Request, parameter: str) -> int | None:
    value = request.arguments.get(parameter)
    return None if value is None else int(value)
