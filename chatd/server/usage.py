"""The usage of connections: messages, bytes, and how long they wait for the limits.

A connection that has sent too many frames or too many bytes has to wait: it is throttled. Nothing
here costs anything for a message alone: a gateway counts what it reads at once. Times are whole
milliseconds, so that sums are exact and a total never goes down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Flag, auto
from typing import Final, NamedTuple

SNAPSHOT_SECONDS: Final = 10.0
"""How often the usage of all connections is noted."""

_MINUTE: Final = 60.0


class Limit(Flag):
    """The limits that a connection may have to wait for, perhaps for both at the same time."""

    NONE = 0
    FRAMES = auto()
    BYTES = auto()


class ThrottledTotals:
    """How many connections wait now, how often any had to, and for how long in all."""

    def __init__(self) -> None:
        self.connections = 0
        self.waits = 0
        self._ended = 0
        self._began = 0  # the sum of the times at which the waits of now began

    def began(self, now: int) -> None:
        """Count a connection that has to wait from `now` on, in milliseconds."""
        self.connections += 1
        self.waits += 1
        self._began += now

    def ended(self, began: int, now: int) -> None:
        """Note that a wait which began at `began` has ended."""
        self.connections -= 1
        self._began -= began
        self._ended += now - began

    def seconds(self, now: float) -> float:
        """Return how many seconds connections have waited in all; `now` is in seconds."""
        return (self._ended + self.connections * _milliseconds(now) - self._began) / 1000


class UsageTotals(NamedTuple):
    """The messages and bytes of a connection, and the milliseconds for which it was throttled."""

    messages: int = 0
    bytes: int = 0
    throttled: int = 0

    @property
    def throttled_seconds(self) -> float:
        """The seconds for which the connection was throttled."""
        return self.throttled / 1000

    def since(self, before: UsageTotals) -> UsageTotals:
        """Return the difference to an earlier state."""
        return UsageTotals(
            self.messages - before.messages,
            self.bytes - before.bytes,
            self.throttled - before.throttled,
        )


_NOTHING: Final = UsageTotals()


class Usage:
    """The usage of one connection: `messages` it has said, and `bytes` that were read from it.

    `seconds` is the clock that measures durations; waits are counted in `totals` as well.
    """

    __slots__ = ("_began", "_seconds", "_throttled", "_totals", "_waits_for", "bytes", "messages")

    def __init__(self, totals: ThrottledTotals, seconds: Callable[[], float]) -> None:
        self.messages = 0
        self.bytes = 0
        self._totals = totals
        self._seconds = seconds
        self._throttled = 0
        self._began = 0
        self._waits_for = Limit.NONE

    def wait_begins(self, limit: Limit) -> None:
        """Note that the connection has to wait for a limit."""
        if not self._waits_for:
            self._began = _milliseconds(self._seconds())
            self._totals.began(self._began)
        self._waits_for |= limit

    def wait_ends(self, limit: Limit = Limit.FRAMES | Limit.BYTES) -> None:
        """Note that the connection does not wait for a limit, or for any, if it has waited."""
        if not self._waits_for:
            return
        self._waits_for &= ~limit
        if not self._waits_for:
            now = _milliseconds(self._seconds())
            self._throttled += now - self._began
            self._totals.ended(self._began, now)

    def now(self) -> UsageTotals:
        """Return what was counted until now; a wait that goes on counts."""
        throttled = self._throttled
        if self._waits_for:
            throttled += _milliseconds(self._seconds()) - self._began
        return UsageTotals(self.messages, self.bytes, throttled)

    def refresh(self, former: UsageTotals) -> UsageTotals:
        """Return `former`, what `now` returned before, if nothing has changed, else what it is now.

        Most connections are silent: this is faster, and one object is enough for them.
        """
        if (
            self.bytes == former.bytes
            and self._throttled == former.throttled
            and self.messages == former.messages
            and not self._waits_for
        ):
            return former
        return self.now()


class RecentUsage:
    """The usage of connections in the last minute, or up to `SNAPSHOT_SECONDS` more."""

    def __init__(self, usages: Callable[[], Iterable[Usage]], seconds: Callable[[], float]) -> None:
        self._usages = usages
        self._seconds = seconds
        self._snapshots: deque[tuple[float, dict[Usage, UsageTotals]]] = deque()

    async def update(self) -> None:
        """Note the usage of all connections; to be called every `SNAPSHOT_SECONDS`."""
        now = self._seconds()
        newest = self._snapshots[-1][1] if self._snapshots else {}
        snapshot = {}
        for usage in self._usages():
            snapshot[usage] = usage.refresh(newest.get(usage, _NOTHING))
        self._snapshots.append((now, snapshot))
        # The newest one that is a minute old is kept, and all after it.
        while len(self._snapshots) > 1 and self._snapshots[1][0] <= now - _MINUTE:
            self._snapshots.popleft()

    def last_minute(self, usage: Usage) -> UsageTotals:
        """Return the usage of a connection in the last minute."""
        before = self._snapshots[0][1].get(usage, _NOTHING) if self._snapshots else _NOTHING
        return usage.now().since(before)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
