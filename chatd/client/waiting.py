"""Those who wait for something to happen, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

_Told = TypeVar("_Told")


class Waiting(Generic[_Told]):
    """All who wait for the same."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[_Told]] = []

    def wait(self) -> Deferred[_Told]:
        """Return what fires when it happens."""
        waiting: Deferred[_Told] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def tell(self, told: _Told) -> None:
        """Tell all that it has happened."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(told)


class Patience:
    """Calls `over` when nothing has come for so many `seconds`, while it is in use."""

    def __init__(self, clock: IReactorTime, seconds: float, over: Callable[[], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._over = over
        self._timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Begin, or begin anew."""
        self.end()
        self._timer = self._clock.callLater(self._seconds, self._is_over)

    def renew(self) -> None:
        """Take note that something has come."""
        if self._timer is not None:
            self._timer.reset(self._seconds)

    def end(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_over(self) -> None:
        self._timer = None
        self._over()
