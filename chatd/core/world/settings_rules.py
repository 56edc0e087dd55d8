"""The rules of the settings of rooms: the topic, and which users may see, join and talk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.room_events import RoomChanged
from chatd.core.rooms import Room
from chatd.core.world import access, rights
from chatd.core.world import room_operations as room_ops
from chatd.core.world.effects import Happened
from chatd.core.world.operations import By
from chatd.core.world.rights import Rank
from chatd.core.world.rooms_rules import require_room
from chatd.core.world.world import World

SettingValue = bool | int | str

PRIVATE: Final = "private"
KEY: Final = "key"
LIMIT: Final = "limit"
SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    PRIVATE: ("invite_only", "unlisted"),
    "invite-only": ("invite_only",),
    "unlisted": ("unlisted",),
    "moderated": ("moderated",),
    "open-topic": ("open_topic",),
    KEY: ("key",),
    LIMIT: ("limit",),
}
"""The settings by their names, and the fields of `RoomSettings` that each of them sets."""

MAX_TOPIC: Final = 390
"""How many bytes a topic has at most: IRC servers allow as many."""


def check_set_topic(world: World, op: room_ops.SetTopic) -> Room:
    """Return the room whose topic is to be set; raise `ChatError` if that is refused."""
    room = require_room(world, op.room, op.room)
    least = Rank.NONE if room.settings.open_topic else Rank.OPERATOR
    rights.check_rank(world, op.by, room, least)
    user = rights.actor(world, op.by)
    if user is not None:
        rights.check_can_talk(world, user, room, world.seconds)
    if len(op.text.encode()) > MAX_TOPIC:
        raise ChatError(ErrorCode.TOPIC_TOO_LONG, limit=MAX_TOPIC)
    return room


def set_topic(world: World, op: room_ops.SetTopic) -> None:
    """Set or remove the topic of a room."""
    room = check_set_topic(world, op)
    room.settings = replace(room.settings, **topic_changes(op, rights.actor_name(world, op.by)))
    _tell(world, room, op.by, op.now, "topic", op.text)


def topic_changes(op: room_ops.SetTopic, by: str) -> dict[str, Any]:
    """Return the fields of `RoomSettings` that the user `by` sets: without a topic, empty ones."""
    if not op.text:
        return {"topic": "", "topic_by": "", "topic_time": 0.0}
    return {"topic": op.text, "topic_by": by, "topic_time": op.now}


def check_set_setting(world: World, op: room_ops.SetSetting) -> Room:
    """Return the room that is to be changed; raise `ChatError` if that is refused."""
    room = require_room(world, op.room, op.room)
    rights.check_rank(world, op.by, room, Rank.OPERATOR)
    return room


def set_setting(world: World, op: room_ops.SetSetting) -> None:
    """Change a setting of a room."""
    room = check_set_setting(world, op)
    was_invite_only = room.settings.invite_only
    room.settings = replace(room.settings, **changes(op))
    world.rooms.note_settings(room)
    if room.settings.invite_only and not was_invite_only:
        for member in room.members:
            access.admit(world, room, member, rights.actor_name(world, op.by), op.now)
    _tell(world, room, op.by, op.now, op.setting, shown_value(room, op.setting))


def changes(op: room_ops.SetSetting) -> dict[str, Any]:
    """Return the fields of `RoomSettings` that an operation sets."""
    return dict.fromkeys(SETTINGS[op.setting], op.value)


def shown_value(room: Room, setting: str) -> bool | int | None:
    """Return the value of a setting as members read it: whether there is a key, for example."""
    settings = room.settings
    if setting == KEY:
        return bool(settings.key)
    if setting == LIMIT:
        return settings.limit or None
    return all(bool(getattr(settings, field)) for field in SETTINGS[setting])


def _tell(
    world: World, room: Room, by: By, now: float, setting: str, value: str | bool | int | None
) -> None:
    name, actor = rights.actor_name(world, by), rights.actor_ref(world, by)
    changed = RoomChanged(room.id, name, now, {setting: value}, actor)
    world.emit(Happened(room, room.in_order(changed)))
