"""How much guests may make: a number an hour for each address. Pure: times are given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.network import limit_key

MAX_AN_HOUR: Final = 20
"""How many times in an hour."""

_HOUR: Final = 3600.0

MAX_ADDRESSES: Final = 100_000
"""How many addresses are counted at a time, in some 30 MB; the oldest go first."""


class CreationLimit:
    """Counts what was made from each address in the last hour; this machine itself has no limit."""

    def __init__(self) -> None:
        # The address that made something last comes last.
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    @contextmanager
    def consume(self, address: Address | None, now: float) -> Iterator[None]:
        """Count something being made; take it back if it is refused.

        Raises `ChatError` if it is one too many. It counts from the beginning, so that a hundred
        at once are not free.
        """
        origin = limit_key(address)
        if origin is None:
            yield
            return
        self._forget(now)
        times = self._times.setdefault(origin, [])
        self._times.move_to_end(origin)
        times[:] = [time for time in times if _counts(time, now)]
        if len(times) >= MAX_AN_HOUR:
            raise ChatError(ErrorCode.CREATION_LIMIT)
        times.append(now)
        try:
            yield
        except ChatError:
            with suppress(ValueError):  # an hour may have passed since
                times.remove(now)
            raise

    def _forget(self, now: float) -> None:
        while self._times:
            oldest = next(iter(self._times))
            times = self._times[oldest]
            if times and _counts(times[-1], now) and len(self._times) <= MAX_ADDRESSES:
                break
            del self._times[oldest]


def _counts(time: float, now: float) -> bool:
    # Either way: the clock may be set back.
    return abs(now - time) < _HOUR


# What may be missing from a whole token after the time for it has passed: sums of times are not exact.
_ROUNDING: Final = 1e-6


class TokenBucket:
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
