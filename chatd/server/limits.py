"""What one connection, and one address, may take of the server (spec section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNKNOWN_MAX_FRAME: Final = 2048
"""The longest frame, in bytes, of who has no name yet: name, password and room need no more."""

# What may be missing from a whole frame after the time for it has passed: sums of times are not exact.
_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class Limits:
    """What the operator chose; 0 is no limit, but for the first two.

    `max_frame` and `send_queue` are bytes, `rate` is frames a second, `burst` frames at once,
    `first_frame` and `idle_timeout` are seconds, the others connections.
    """

    max_frame: int = 16384
    send_queue: int = 1048576
    rate: int = 5
    burst: int = 20
    first_frame: int = 60
    idle_timeout: int = 0
    max_clients: int = 10000
    max_per_address: int = 64

    def frame(self, known: bool) -> int:
        """Return the longest frame accepted."""
        return self.max_frame if known else min(self.max_frame, UNKNOWN_MAX_FRAME)

    def queue(self, known: bool) -> int:
        """Return how much output may wait."""
        return self.send_queue if known else self.send_queue // 2


class Bucket:
    """How many frames of a connection may be served: `burst` at once, `rate` a second on average."""

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def available(self, now: float) -> int:
        """Return how many frames may be served now."""
        # The clock may be set back: then nothing is gained or lost.
        gained = max(now - self._filled_at, 0.0) * self._rate
        self._tokens = min(self._tokens + gained, self._burst)
        self._filled_at = now
        return int(self._tokens + _ROUNDING)

    def take(self, frames: int) -> None:
        """Note that so many are served."""
        self._tokens -= frames

    def wait(self) -> float:
        """Return for how many seconds none may be served."""
        return max(1.0 - self._tokens, 0.0) / self._rate
