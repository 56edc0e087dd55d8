"""The topic and the settings of a room, as far as the client knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PRIVATE: Final = "private"
_PARTS: Final = ("invite-only", "unlisted")
"""The settings that make a room private together."""

_FLAGS: Final = (*_PARTS, "moderated")


class RoomSettings:
    """`topic` is "" if there is none, or none is known."""

    def __init__(self, topic: str = "") -> None:
        self.topic = topic
        self._flags: dict[str, bool] = dict.fromkeys(_FLAGS, False)

    @property
    def flags(self) -> tuple[str, ...]:
        """The names of what is known to be turned on: `private` for both of its parts."""
        on = [flag for flag in _FLAGS if self._flags[flag]]
        if all(map(self._flags.get, _PARTS)):
            on = [_PRIVATE, *(flag for flag in on if flag not in _PARTS)]
        return tuple(on)

    def change(self, values: Mapping[str, object]) -> None:
        """Note values as an event or a reply of the server has them; unknown ones are ignored."""
        for name, value in values.items():
            if name == "topic" and isinstance(value, str):
                self.topic = value
            elif name == _PRIVATE and isinstance(value, bool):
                self._flags |= dict.fromkeys(_PARTS, value)
            elif name in self._flags and isinstance(value, bool):
                self._flags[name] = value
