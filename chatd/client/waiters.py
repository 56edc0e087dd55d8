"""Waiting for an event, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

_Value = TypeVar("_Value")


class Waiters(Generic[_Value]):
    """The Deferreds that wait for one event."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[_Value]] = []

    def wait(self) -> Deferred[_Value]:
        """Return a Deferred that fires at the event."""
        waiting: Deferred[_Value] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def fire(self, value: _Value) -> None:
        """Fire all Deferreds."""
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(value)


class IdleTimer:
    """Calls `on_idle` when nothing happened for so many `seconds`, while it runs."""

    def __init__(self, clock: IReactorTime, seconds: float, on_idle: Callable[[], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._on_idle = on_idle
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Start, or start again."""
        self.stop()
        self._timer = self._clock.callLater(self._seconds, self._fire)

    def reset(self) -> None:
        """Note that something happened."""
        if self._timer is not None:
            self._timer.reset(self._seconds)

    def stop(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._on_idle()
