"""Deadlines of many connections, all as far ahead, with one timer for them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

T = TypeVar("T")

_log = Logger(namespace="chatd")


class TimeoutQueue(Generic[T]):
    """Calls `on_late` with who was not heard of for `seconds`; 0: never."""

    def __init__(self, clock: IReactorTime, seconds: float, on_late: Callable[[T], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._on_late = on_late
        # The soonest comes first, as all are as far ahead.
        self._at: dict[T, float] = {}
        self._timer: IDelayedCall | None = None

    def start(self, user: T) -> None:
        """Give `who` the full time, from now on."""
        if self._seconds:
            self._at.pop(user, None)
            self._at[user] = self._clock.seconds() + self._seconds
            if self._timer is None:
                self._timer = self._clock.callLater(self._seconds, self._look)

    def stop(self, user: T) -> None:
        """Expect nothing more of `who`."""
        if self._at.pop(user, None) is not None and not self._at and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        late = []
        for user, at in self._at.items():
            if at > now:
                self._timer = self._clock.callLater(at - now, self._look)
                break
            late.append(user)
        for user in late:
            self.stop(user)
            try:
                self._on_late(user)
            except Exception:  # noqa: BLE001 -- a fault with one is not to keep the others from it
                _log.failure("A timeout failed", Failure())
