"""The words for users who are kicked, banned, moved or muted, and for the rooms concerned."""

from __future__ import annotations

from typing import Final

from chatd.core import bidi
from chatd.core.bidi import isolate
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    Kicked,
    LeaveReason,
    Left,
    Moved,
    Muted,
    Unmuted,
)
from chatd.core.room_events import RoomBanned, RoomUnbanned
from chatd.protocol.people_text import Isolate

KICKED: Final = "{} was kicked out."
BANNED: Final = "{} was banned."
UNBANNED: Final = "{} was unbanned."
MUTED: Final = "{} was muted."
UNMUTED: Final = "{} was unmuted."
"""The words for a user and what was done: the texts of replies in JSON.

Those for a room have the user who acted and the reason as well, where members are told these.
"""


def removal_line(event: Left) -> str:
    """Return the line for a room out of which a user was kicked or banned."""
    if event.reason is LeaveReason.BANNED:
        return f"{SERVER}: {ban_words(event)}"
    if event.by in {None, ADMINISTRATOR}:
        words = KICKED.format(isolate(event.name))
        return f"{ADMINISTRATOR}: {with_reason(words, event.text)}"
    return f"{SERVER}: {with_reason(_with_actor(KICKED, event), event.text)}"


def ban_words(event: Left | RoomBanned) -> str:
    """Return the words for a room from which a user was banned."""
    return with_reason(_with_actor(BANNED, event), event.text)


def unban_words(event: RoomUnbanned) -> str:
    """Return the words for a room that a user may join again."""
    return _with_actor(UNBANNED, event)


def admin_notice(event: Kicked | Moved) -> str:
    """Return the words for a user whom somebody kicked, banned or moved."""
    room = room_label(event.room_name, event.room)
    match event:
        case Kicked(is_ban=True):
            return with_reason(f"You are banned from chatroom {room}.", event.text)
        case Kicked():
            words = f"You were kicked out from chatroom {room} by {actor(event.by)}!"
            return with_reason(words, event.text)
        case Moved():
            return f"You were grouped into chatroom {room} by the Administrator."


def mute_words(event: Muted | Unmuted) -> str:
    """Return the words for a user who is muted or may talk again, and for the room."""
    is_mute = isinstance(event, Muted)
    if not event.is_self:
        return (MUTED if is_mute else UNMUTED).format(isolate(event.name))
    room = room_label(event.room_name, event.room)
    if is_mute:
        return f"You may not talk in chatroom {room}."
    return f"You may talk in chatroom {room} again."


def _with_actor(words: str, event: Left | RoomBanned | RoomUnbanned) -> str:
    return f"{words.format(isolate(event.name))[:-1]} by {actor(event.by)}."


def with_reason(words: str, reason: str | None) -> str:
    """Return `words` with a reason in the place of the mark at their end, if there is a reason."""
    return f"{words[:-1]}: {isolate(reason)}" if reason else words


def room_label(name: str, room_id: str) -> str:
    """Return the name and the id of a room: `Tea house@tea`."""
    return f"{isolate(name)}@{isolate(room_id)}"


def actor(by: str | None, isolate: Isolate = bidi.isolate) -> str:
    """Return how a user reads who acted: the name of a user, or `the Administrator`."""
    return "the Administrator" if by in {None, ADMINISTRATOR} else isolate(by or "")
