"""Which connections are admitted: limits on connections in all, and from each address.

A client that is refused is told why, once the framing is known; until then its connection is open,
too. When the process has almost as many open descriptors as the system allows, a connection is
closed without a word.
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
"""How many descriptors are kept free: without any the store and the log could not be written to."""

MAX_PENDING_REFUSALS: Final = 256
"""How many refused connections stay open to be told why; the others are closed at once."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a connection counts for.

    `origin` is the key of its address (`limit_key`); `refusal` is None if it is admitted.
    """

    origin: str | None
    refusal: DisconnectReason | None


class Admission:
    """Counts connections; `descriptors` is how many the process may have open.

    `open` is the number of connections, `admitted` that of the slots without a refusal.
    """

    def __init__(self, limits: Limits, descriptors: int | None = None) -> None:
        self._limits = limits
        self._max_open = (descriptors or _descriptor_limit()) - SPARE_DESCRIPTORS
        self.open = 0
        self.admitted = 0
        self._refused = 0
        self._by_origin: Counter[str] = Counter()

    @property
    def has_descriptor(self) -> bool:
        """Whether there is a descriptor for another connection."""
        return self.open < self._max_open

    @property
    def can_explain(self) -> bool:
        """Whether few enough connections are refused that they may stay open to be told why."""
        return self._refused <= MAX_PENDING_REFUSALS

    @property
    def by_origin(self) -> dict[str, int]:
        """How many connections are admitted from each origin."""
        return dict(self._by_origin)

    def connected(self) -> None:
        """Count an open connection."""
        self.open += 1

    def disconnected(self) -> None:
        """Stop counting a connection that is closed."""
        self.open -= 1

    def enter(self, address: Address | None) -> Slot:
        """Return a slot; `address` is None if a proxy has not told it yet."""
        origin = limit_key(address)
        refusal = self._refusal(origin)
        if refusal is not None:
            self._refused += 1
        else:
            self.admitted += 1
            if origin is not None:
                self._by_origin[origin] += 1
        return Slot(origin, refusal)

    def leave(self, slot: Slot) -> None:
        """Free a slot."""
        if slot.refusal is not None:
            self._refused -= 1
            return
        self.admitted -= 1
        if slot.origin is not None:
            self._by_origin[slot.origin] -= 1
            if not self._by_origin[slot.origin]:
                del self._by_origin[slot.origin]

    def _refusal(self, origin: str | None) -> DisconnectReason | None:
        limits = self._limits
        if limits.max_clients and self.admitted >= limits.max_clients:
            return DisconnectReason.FULL
        if origin is None or not limits.max_per_address:
            return None
        if self._by_origin[origin] >= limits.max_per_address:
            return DisconnectReason.ADDRESS_LIMIT
        return None


def _descriptor_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
