"""Timeouts of many connections, all of the same length, with one timer of the reactor."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

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
