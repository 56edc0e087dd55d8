"""How far users have read: IRC has times for it, of any target, where the chat has ids of messages.

The times are kept in memory as clients gave them. Those of an account are noted as ids as well, so
they are shared with all other clients, and are there after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from chatd.protocol.irc.casemapping import folded

MAX_MARKERS: Final = 20_000
"""How many are kept; the one that was used longest ago is forgotten first."""


class _Marker(NamedTuple):
    """A time, and the id of the last message in the room that is not newer, 0 if not known."""

    time: str
    id: int


_NOTHING: Final = _Marker("", 0)


class ReadMarkers:
    """The times up to which users have read, as text, by the owner and the target.

    The case of a target does not matter.
    """

    def __init__(self) -> None:
        self._markers: OrderedDict[tuple[object, str], _Marker] = OrderedDict()

    def get(self, owner: object, target: str) -> str | None:
        """Return the time up to which `owner` has read `target`, None if it is not known."""
        return self._markers.get((owner, folded(target)), _NOTHING).time or None

    def id_of(self, owner: object, target: str) -> int:
        """Return the id of the message up to which the time is known to reach, 0 if of none."""
        return self._markers.get((owner, folded(target)), _NOTHING).id

    def raise_to(self, owner: object, target: str, time: str, message_id: int = 0) -> str:
        """Note a time, unless there is a later one, and the id; return the latest time."""
        key = owner, folded(target)
        former = self._markers.pop(key, _NOTHING)
        latest = _Marker(max(time, former.time), max(message_id, former.id))
        self._markers[key] = latest
        if len(self._markers) > MAX_MARKERS:
            self._markers.popitem(last=False)
        return latest.time
