"""Who is let in: how many connections there are, in all and from each address.

One who is not is told so once it is known how, and until then is a connection too. Where there are
as many as the system allows, less some that the server needs for itself, nobody is even told.
"""

from __future__ import annotations

import resource
from collections import Counter
from typing import Final

from chatd.core.addresses import origin_of
from chatd.core.events import Address
from chatd.front.limits import Limits
from chatd.wire.answers import CROWDED, FULL, Closing

SPARE_DESCRIPTORS: Final = 32
"""How many descriptors are kept free: at the limit the store and the log could not be written to."""


class Admission:
    """Counts connections. `descriptors` is how many the process may have open."""

    def __init__(self, limits: Limits, descriptors: int | None = None) -> None:
        self._limits = limits
        self._room = (descriptors or _descriptors()) - SPARE_DESCRIPTORS
        self._open = 0
        self._inside = 0
        self._of_origin: Counter[str] = Counter()

    @property
    def is_open(self) -> bool:
        """Whether there is a descriptor for one more."""
        return self._open < self._room

    def connected(self) -> None:
        """Count a connection."""
        self._open += 1

    def disconnected(self) -> None:
        """Count it no more."""
        self._open -= 1

    def enter(self, address: Address) -> Closing | None:
        """Let a connection in, or return why not."""
        origin = origin_of(address)
        most = self._limits.max_clients
        if most and self._inside >= most:
            return FULL
        most = self._limits.max_per_address
        if origin is not None:
            if most and self._of_origin[origin] >= most:
                return CROWDED
            self._of_origin[origin] += 1
        self._inside += 1
        return None

    def leave(self, address: Address) -> None:
        """Count one less of those who were let in."""
        self._inside -= 1
        origin = origin_of(address)
        if origin is not None:
            self._of_origin[origin] -= 1
            if not self._of_origin[origin]:
                del self._of_origin[origin]


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft
