"""Callers that wait for one event, each with a Deferred of its own."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

_Value = TypeVar("_Value")


class Waiters(Generic[_Value]):
    """The Deferreds that wait for an event."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[_Value]] = []

    def wait(self) -> Deferred[_Value]:
        """Return a Deferred that fires, or fails, at the event."""
        waiting: Deferred[_Value] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def take(self) -> Waiters[_Value]:
        """Return those that wait now; those that come later are left."""
        taken: Waiters[_Value] = Waiters()
        taken._waiting, self._waiting = self._waiting, []
        return taken

    def fire(self, value: _Value) -> None:
        """Fire all Deferreds with a value."""
        for waiting in self._take_all():
            waiting.callback(value)

    def fail(self, error: Exception) -> None:
        """Fail all Deferreds with an error."""
        for waiting in self._take_all():
            waiting.errback(error)

    def _take_all(self) -> list[Deferred[_Value]]:
        # A Deferred that fires may let its caller wait again: for the next event.
        waiting, self._waiting = self._waiting, []
        return waiting
