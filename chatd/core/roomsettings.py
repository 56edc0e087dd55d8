"""The settings of rooms, which their operators change: the topic, and who may see, join and talk.

A change is in the store before it takes effect. The rules are in
`chatd.core.world.settings_rules`.
"""

from __future__ import annotations

from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ports import ILog, StoredAccess
from chatd.core.rooms import Origin, Room
from chatd.core.world import settings_rules
from chatd.core.world.operations import By
from chatd.core.world.room_operations import SetSetting, SetTopic
from chatd.core.world.settings_rules import SettingValue
from chatd.core.world.world import World

MAX_KEY: Final = 32
"""How many characters the key of a room has at most."""

_NO_KEYS: Final = frozenset({"-", "off"})
"""Words that stand for no key where a key is typed."""


class SettingsService:
    """Changes the settings of rooms; a call raises `ChatError` if it is refused."""

    def __init__(self, world: World, log: ILog, stored: StoredAccess) -> None:
        self._world = world
        self._log = log
        self._stored = stored

    async def set_topic(self, origin: Origin, room: Room, text: str, now: float) -> None:
        """Set the topic of a room, on one line, or remove it if it is blank."""
        text = " ".join(text.split("\n")).strip()
        operation = SetTopic(By(origin.key), room.key, text, now)
        settings_rules.check_set_topic(self._world, operation)
        changes = settings_rules.topic_changes(operation, origin.user.name)
        await self._stored.change_settings(room, operation, changes, origin)

    async def set(
        self, origin: Origin, room: Room, setting: str, value: SettingValue, now: float
    ) -> None:
        """Change a setting of a room: `setting` is one of `SETTINGS`; 0 is no limit, "" no key."""
        if setting == settings_rules.KEY:
            _check_key(str(value))
        operation = SetSetting(By(origin.key), room.key, setting, value, now)
        settings_rules.check_set_setting(self._world, operation)
        changes = settings_rules.changes(operation)
        await self._stored.change_settings(room, operation, changes, origin)


def _check_key(key: str) -> None:
    if key in _NO_KEYS or len(key) > MAX_KEY or any(map(str.isspace, key)):
        raise ChatError(ErrorCode.BAD_KEY, limit=MAX_KEY)
