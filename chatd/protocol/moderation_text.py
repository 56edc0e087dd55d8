"""The words for users who are kicked, moved or muted, and for the rooms that they are in."""

from __future__ import annotations

from chatd.core.bidi import isolate
from chatd.core.events import ADMINISTRATOR, SERVER, Kicked, Left, Moved, Muted, Unmuted


def kick_line(event: Left) -> str:
    """Return the line for a room out of which a user was kicked."""
    name = isolate(event.name)
    if event.by in {None, ADMINISTRATOR}:
        return f"{ADMINISTRATOR}: {with_reason(f'{name} was kicked out.', event.text)}"
    words = f"{name} was kicked out by {_actor(event.by)}."
    return f"{SERVER}: {with_reason(words, event.text)}"


def admin_notice(event: Kicked | Moved) -> str:
    """Return the words for a user whom an administrator kicked or moved."""
    room = room_label(event.room_name, event.room)
    if isinstance(event, Kicked):
        words = f"You were kicked out from chatroom {room} by {_actor(event.by)}!"
        return with_reason(words, event.text)
    return f"You were grouped into chatroom {room} by the Administrator."


def mute_notice(event: Muted | Unmuted) -> str:
    """Return the words for the user who is muted, or who may talk again."""
    room = room_label(event.room_name, event.room)
    return (
        f"You may not talk in chatroom {room}."
        if isinstance(event, Muted)
        else f"You may talk in chatroom {room} again."
    )


def with_reason(words: str, reason: str | None) -> str:
    """Return `words` with a reason in the place of the mark at their end, if there is a reason."""
    return f"{words[:-1]}: {isolate(reason)}" if reason else words


def room_label(name: str, room_id: str) -> str:
    """Return the name and the id of a room: `Tea house@tea`."""
    return f"{isolate(name)}@{isolate(room_id)}"


def _actor(by: str | None) -> str:
    """Return how a user reads who acted: the name of an account, or `the Administrator`."""
    return "the Administrator" if by in {None, ADMINISTRATOR} else isolate(by or "")
