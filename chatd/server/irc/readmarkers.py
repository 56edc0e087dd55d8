"""How far users have read: IRC has times for it, of any target, where the chat has ids of messages.

The times are kept in memory as clients gave them. Those of an account are noted as ids as well, so
they are shared with all other clients, and are there after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_MARKERS: Final = 20_000
"""How many are kept; the one that was used longest ago is forgotten first."""


class ReadMarkers:
    """The times up to which users have read, as text, by the owner and the target."""

    def __init__(self) -> None:
        self._times: OrderedDict[tuple[object, str], str] = OrderedDict()

    def get(self, owner: object, target: str) -> str | None:
        """Return the time up to which `owner` has read `target`, None if it is not known."""
        return self._times.get((owner, target))

    def raise_to(self, owner: object, target: str, time: str) -> str:
        """Note a time, unless there is a later one; return the latest."""
        latest = max(time, self._times.pop((owner, target), ""))
        self._times[owner, target] = latest
        if len(self._times) > MAX_MARKERS:
            self._times.popitem(last=False)
        return latest
