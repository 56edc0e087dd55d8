"""Who is let in: how many connections there are, in all and from each address.

One who is not is told so once it is known how, and until then is a connection too. Where there are
as many as the system allows, less some that the server needs for itself, nobody is even told.
"""

from __future__ import annotations

import resource
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Final

from chatd.config import Limits
from chatd.core.events import Address, DisconnectReason
from chatd.core.network import limit_key

SPARE_DESCRIPTORS: Final = 32
"""How many descriptors are kept free: at the limit the store and the log could not be written to."""

MAX_REFUSED: Final = 256
"""How many who are refused are waited for, to be told why: the others are closed at once."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a connection counts for: `origin` is whom, `refusal` why it is not let in, None if it is."""

    origin: str | None
    refusal: DisconnectReason | None


class Admission:
    """Counts connections. `descriptors` is how many the process may have open."""

    def __init__(self, limits: Limits, descriptors: int | None = None) -> None:
        self._limits = limits
        self._room = (descriptors or _descriptors()) - SPARE_DESCRIPTORS
        self._open = 0
        self._inside = 0
        self._refused = 0
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

    @property
    def can_explain(self) -> bool:
        """Whether there is time to tell who is refused why: not for a crowd of them."""
        return self._refused <= MAX_REFUSED

    def enter(self, address: Address | None) -> Slot:
        """Let a connection in, or refuse it; where its address is not known, only all are counted."""
        origin = limit_key(address)
        refusal = self._refusal(origin)
        if refusal is not None:
            self._refused += 1
        else:
            self._inside += 1
            if origin is not None:
                self._of_origin[origin] += 1
        return Slot(origin, refusal)

    def leave(self, slot: Slot) -> None:
        """Take back what `enter` gave."""
        if slot.refusal is not None:
            self._refused -= 1
            return
        self._inside -= 1
        if slot.origin is not None:
            self._of_origin[slot.origin] -= 1
            if not self._of_origin[slot.origin]:
                del self._of_origin[slot.origin]

    def _refusal(self, origin: str | None) -> DisconnectReason | None:
        limits = self._limits
        if limits.max_clients and self._inside >= limits.max_clients:
            return DisconnectReason.FULL
        if origin is None or not limits.max_per_address:
            return None
        return (
            DisconnectReason.ADDRESS_LIMIT
            if self._of_origin.get(origin, 0) >= limits.max_per_address
            else None
        )


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
