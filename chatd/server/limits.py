"""Limits on connections: how many are admitted, and how long they may be silent.

A client that is refused is told why, once the framing is known; until then its connection is open,
too. When the process has almost as many open descriptors as the system allows, a connection is
closed without a word. Timeouts of one length share one timer of the reactor.
"""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.config import Limits
from chatd.core.events import Address, DisconnectReason
from chatd.core.network import limit_key

SPARE_DESCRIPTORS: Final = 32
"""How many descriptors are kept free: without any the store and the log could not be written to."""

MAX_PENDING_REFUSALS: Final = 256
"""How many refused connections stay open to be told why; the others are closed at once."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The counts that a connection is part of.

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


_log = Logger(namespace="chatd")

Callback = Callable[[], None]


class TimeoutQueue:
    """Calls each callback `seconds` after its start; 0 is no timeout.

    Equal callbacks are one timeout: a connection starts and stops its own with its bound method.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        # Sorted by time, as all timeouts have the same length: the one started last comes last.
        self._due: dict[Callback, float] = {}
        self._timer: IDelayedCall | None = None

    def start(self, callback: Callback) -> None:
        """Call `callback` in `seconds` from now, and not when it was due before."""
        if self._seconds:
            self._due.pop(callback, None)
            self._due[callback] = self._clock.seconds() + self._seconds
            if self._timer is None:
                self._timer = self._clock.callLater(self._seconds, self._call_due)

    def stop(self, callback: Callback) -> None:
        """Do not call `callback` any more."""
        if self._due.pop(callback, None) is not None and not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _call_due(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        due = []
        for callback, time in self._due.items():
            if time > now:
                self._timer = self._clock.callLater(time - now, self._call_due)
                break
            due.append(callback)
        for callback in due:
            self.stop(callback)
            try:
                callback()
            except Exception:  # noqa: BLE001 -- it must not keep the others from being called
                _log.failure("A timeout failed", Failure())
