"""Which messages are too old to be kept (`--keep`), and their removal, a few at a time.

No step of the wall clock removes messages, only time that has passed. While the server runs, the
monotonic clock says how much that is. Across a restart only the wall clock can say it, which may
be wrong at a start: the time since the last removal, which is in the store, counts when the wall
clock has run evenly for `CONFIRM_SECONDS`. Messages are kept longer where there is doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.store import IStore

CONFIRM_SECONDS: Final = 12 * 3600.0
"""For how long the wall clock must not be set after a start until it is trusted.

A clock that is wrong at a start is usually set in the first minutes. A server that is restarted
every night still gets there.
"""

CONFIRM_TOLERANCE: Final = 60.0
"""By how many seconds the wall clock may run apart from the monotonic one meanwhile."""

_PAUSE_SECONDS: Final = 0.1
"""The pause between two removals, in which new messages can be written."""

_SECONDS_PER_DAY: Final = 86400.0


class PruneLog(Protocol):
    """Logs for the operator what was removed."""

    def pruned(self, messages: int, days: int) -> None:
        """Log that messages older than `days` were removed."""


class Retention:
    """Keeps messages for `days`, or for ever if that is 0."""

    def __init__(
        self,
        store: IStore,
        clock: IReactorTime,
        wall_time: Callable[[], float],
        log: PruneLog,
        days: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._wall_time = wall_time
        self._log = log
        self._days = days
        self.start(None)

    def start(self, pruned_at: float | None) -> None:
        """Begin to count the time that passes since `pruned_at`, the last removal before this.

        A store from which nothing was ever removed is new, and `pruned_at` is None.
        """
        self._started, self._wall_started = self._clock.seconds(), self._wall_time()
        self._base = self._wall_started if pruned_at is None else pruned_at
        # How long the server was off, as the wall clock says.
        self._unconfirmed = max(self._wall_started - self._base, 0.0)

    def oldest_kept(self) -> float:
        """Return the time before which messages are too old."""
        return self._now() - self._days * _SECONDS_PER_DAY if self._days else 0.0

    async def prune(self) -> None:
        """Remove the messages that are too old, and what is left of rooms that were closed.

        Raises `StoreUnavailableError`.
        """
        now, before = self._now(), self.oldest_kept()
        removed = 0
        try:
            while (count := await self._store.prune(before)) is not None:
                removed += count
                await deferLater(self._clock, _PAUSE_SECONDS)
        finally:
            if removed:
                self._log.pruned(removed, self._days)
        await self._store.set_pruned_at(now)

    def _now(self) -> float:
        """Return the wall time, but not more than the last removal and the time since explain."""
        elapsed, wall = self._clock.seconds() - self._started, self._wall_time()
        if self._unconfirmed:
            if abs(wall - self._wall_started - elapsed) > CONFIRM_TOLERANCE:
                self._unconfirmed = 0.0
            elif elapsed >= CONFIRM_SECONDS:
                self._base += self._unconfirmed
                self._unconfirmed = 0.0
        return min(wall, self._base + elapsed)
