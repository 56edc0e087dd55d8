"""How far users have read: IRC has times for it, of any target, where the chat has ids of messages.

The times are kept in memory as clients gave them. Those of an account are noted as ids as well, so
they are shared with all other clients, and are there after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from chatd.protocol.irc.casemapping import folded

MAX_MARKERS: Final = 200
"""How many are kept of an owner; the one that was set longest ago is forgotten first."""

MAX_ACCOUNTS: Final = 2000
"""Of how many accounts they are kept; those of the account that set one longest ago are forgotten.

Those of a guest are kept as long as the guest stays.
"""


class _Marker(NamedTuple):
    """A time, and the id of the last message in the room that is not newer, 0 if not known."""

    time: str
    id: int


_NOTHING: Final = _Marker("", 0)
_Markers: TypeAlias = OrderedDict[str, _Marker]


class ReadMarkers:
    """The times up to which users have read, as text, by the owner and the target.

    An owner is the id of an account, or the `User` that is a guest. The case of a target does not
    matter.
    """

    def __init__(self) -> None:
        self._of_accounts: OrderedDict[int, _Markers] = OrderedDict()
        self._of_guests: WeakKeyDictionary[object, _Markers] = WeakKeyDictionary()

    def get(self, owner: object, target: str) -> str | None:
        """Return the time up to which `owner` has read `target`, None if it is not known."""
        return self._find(owner, target).time or None

    def id_of(self, owner: object, target: str) -> int:
        """Return the id of the message up to which the time is known to reach, 0 if of none."""
        return self._find(owner, target).id

    def raise_to(self, owner: object, target: str, time: str, message_id: int = 0) -> str:
        """Note a time, unless there is a later one, and the id; return the latest time."""
        markers, key = self._to_change(owner), folded(target)
        former = markers.pop(key, _NOTHING)
        latest = _Marker(max(time, former.time), max(message_id, former.id))
        markers[key] = latest
        if len(markers) > MAX_MARKERS:
            markers.popitem(last=False)
        return latest.time

    def _find(self, owner: object, target: str) -> _Marker:
        if isinstance(owner, int):
            markers = self._of_accounts.get(owner)
        else:
            markers = self._of_guests.get(owner)
        return _NOTHING if markers is None else markers.get(folded(target), _NOTHING)

    def _to_change(self, owner: object) -> _Markers:
        if not isinstance(owner, int):
            return self._of_guests.setdefault(owner, OrderedDict())
        markers = self._of_accounts.setdefault(owner, OrderedDict())
        self._of_accounts.move_to_end(owner)
        if len(self._of_accounts) > MAX_ACCOUNTS:
            self._of_accounts.popitem(last=False)
        return markers
