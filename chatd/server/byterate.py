"""Limits on the bytes that are read, for each connection and for each origin (`limit_key`).

All input counts, whatever it is. A connection over a limit has to wait: it is not read from, what
was read is not processed, and the rest stays in the buffers of the system. Nothing is dropped.
Connections that wait for their origin go on one after another, those first that sent least lately:
a client that says a word now and then does not wait for another one that sends without end, and
none waits for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatd.config import Limits
from chatd.core.ratelimit import MAX_KEYS, TokenBucket
from chatd.server.epoll import READ_BYTES
from chatd.server.usage import Limit, Usage

ORIGIN_FACTOR: Final = 4
"""How many times as much as a connection an origin may send."""

FRAME_BYTES: Final = 512
"""How many bytes a frame counts beside its own once it is processed: what it takes in the store."""

LIMITED_READ_BYTES: Final = 4096
"""How many bytes are read at once where there is a limit.

An origin may have many connections, and each may be read from once before it waits.
"""

_IN_DEBT: Final = -1.0
"""A bucket that lacks less than a byte lacks nothing: sums of floats are not exact."""


class ByteLimits:
    """Makes the meters of connections, and has the buckets of their origins.

    A bucket is kept after the last connection of its origin until it is full, so that a client
    gains nothing by connecting again. At most `max_unused` buckets without connections are kept.
    """

    def __init__(self, clock: IReactorTime, limits: Limits, max_unused: int = MAX_KEYS) -> None:
        self.clock = clock
        self._limits = limits
        self._max_unused = max_unused
        self._used: dict[str, Origin] = {}
        self._unused: OrderedDict[str, Origin] = OrderedDict()

    @property
    def read_bytes(self) -> int:
        """How many bytes of a connection are read at once."""
        return LIMITED_READ_BYTES if self._limits.bytes_per_second else READ_BYTES

    @property
    def origins(self) -> list[str]:
        """The origins whose buckets are kept."""
        return [*self._used, *self._unused]

    def meter(self, on_resume: Callable[[], None], usage: Usage) -> Meter | None:
        """Return the meter of a new connection, or None if there is no limit.

        The meter calls `on_resume` whenever the connection need not wait any longer, and notes in
        `usage` for how long it has to.
        """
        if not self._limits.bytes_per_second:
            return None
        return Meter(self, self._bucket(1), on_resume, usage)

    def enter(self, key: str) -> Origin:
        """Return an origin, which has a connection more from now on."""
        origin = self._used.get(key)
        if origin is None:
            origin = self._unused.pop(key, None)
            if origin is None:
                origin = Origin(key, self.clock, self._bucket(ORIGIN_FACTOR))
            self._used[key] = origin
        origin.connections += 1
        return origin

    def leave(self, origin: Origin) -> None:
        """Note that a connection has left its origin; drop buckets that need not be kept."""
        origin.connections -= 1
        if origin.connections:
            return
        del self._used[origin.key]
        unused = self._unused
        unused[origin.key] = origin
        now, burst = self.clock.seconds(), ORIGIN_FACTOR * self._limits.byte_burst
        while unused:
            oldest = next(iter(unused.values()))
            is_full = oldest.bucket.spend(0, now) > burst + _IN_DEBT
            if not is_full and len(unused) <= self._max_unused:
                break
            del unused[oldest.key]

    def _bucket(self, factor: int) -> TokenBucket:
        limits = self._limits
        rate, burst = factor * limits.bytes_per_second, factor * limits.byte_burst
        return TokenBucket(rate, burst, self.clock.seconds())


class Origin:
    """The bucket that all connections of an origin share, and those that wait for it."""

    def __init__(self, key: str, clock: IReactorTime, bucket: TokenBucket) -> None:
        self.key = key
        self.bucket = bucket
        self.connections = 0
        self._clock = clock
        self._order = count()
        # Sorted by the time at which the connection's own bucket is full. A meter that waits no
        # longer, or not here, stays in until its turn comes.
        self._waiting: list[tuple[float, int, Meter]] = []
        self._timer: IDelayedCall | None = None

    def is_exhausted(self) -> bool:
        """Return whether a connection that is not read from has to wait."""
        return bool(self._waiting) or self.bucket.spend(0, self._clock.seconds()) <= _IN_DEBT

    def add(self, meter: Meter, full_at: float) -> None:
        """Let `meter` wait until its turn; its own bucket is full at `full_at`."""
        heappush(self._waiting, (full_at, next(self._order), meter))
        self._schedule()

    def _schedule(self) -> None:
        if self._waiting and self._timer is None:
            self._timer = self._clock.callLater(self.bucket.wait(0), self._resume_next)

    def _resume_next(self) -> None:
        """Let one connection go on: what is read from it may exhaust the bucket again."""
        self._timer = None
        waiting = self._waiting
        while waiting and not waiting[0][2].waits_for(self):
            heappop(waiting)
        if waiting and self.bucket.spend(0, self._clock.seconds()) > _IN_DEBT:
            heappop(waiting)[2].resume()
        self._schedule()


class Meter:
    """Counts the input of one connection. `is_waiting` while it must not be read or processed."""

    def __init__(
        self, limits: ByteLimits, bucket: TokenBucket, on_resume: Callable[[], None], usage: Usage
    ) -> None:
        self.is_waiting = False
        self._limits = limits
        self._clock = limits.clock
        self._bucket = bucket
        self._on_resume = on_resume
        self._usage = usage
        self._origin: Origin | None = None
        self._timer: IDelayedCall | None = None  # runs while it waits for its own bucket

    def move(self, key: str | None) -> None:
        """Count for the origin `key` from now on, None for none: it is known, or has changed."""
        self._leave_origin()
        if key is not None:
            self._origin = self._limits.enter(key)
            if self._origin.is_exhausted() and not self.is_waiting:
                self._wait()
                return
        if self.is_waiting and self._timer is None:
            self._wait_for_origin()

    def count(self, size: int) -> None:
        """Count bytes that were read, and wait if they are too many."""
        now = self._clock.seconds()
        left = self._bucket.spend(size, now)
        if self._origin is not None:
            left = min(left, self._origin.bucket.spend(size, now))
        if left <= _IN_DEBT and not self.is_waiting:
            self._wait()

    def count_frames(self, frames: int) -> None:
        """Count `FRAME_BYTES` for each frame that was processed, beside its own bytes."""
        self.count(FRAME_BYTES * frames)

    def waits_for(self, origin: Origin) -> bool:
        """Return whether it is the turn of `origin` that the connection waits for."""
        return self.is_waiting and self._timer is None and self._origin is origin

    def resume(self) -> None:
        """End the wait."""
        self.is_waiting = False
        self._usage.wait_ends(Limit.BYTES)
        self._on_resume()

    def close(self) -> None:
        """End the wait for good: the connection is closed, or is not read from any more."""
        self.is_waiting = False
        self._usage.wait_ends(Limit.BYTES)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._leave_origin()

    def _leave_origin(self) -> None:
        if self._origin is not None:
            self._limits.leave(self._origin)
            self._origin = None

    def _wait(self) -> None:
        self.is_waiting = True
        self._usage.wait_begins(Limit.BYTES)
        wait = self._bucket.wait(0)
        if wait:
            self._timer = self._clock.callLater(wait, self._own_wait_over)
        else:
            self._wait_for_origin()

    def _own_wait_over(self) -> None:
        self._timer = None
        self._wait_for_origin()

    def _wait_for_origin(self) -> None:
        origin = self._origin
        if origin is None or not origin.is_exhausted():
            self.resume()
        else:
            full_at = self._clock.seconds() + self._bucket.wait(inf)
            origin.add(self, full_at)
