"""What has to be done every now and then, while the server runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import StoreUnavailableError

EVERY_SECONDS: Final = 3600.0

_log = Logger(namespace="chatd")


class PeriodicTasks:
    """Does some `tasks`, one after the other, every hour from `start` to `stop`."""

    def __init__(self, clock: IReactorTime, *tasks: Callable[[], Awaitable[None]]) -> None:
        self._clock = clock
        self._tasks = tasks
        self._running: Deferred[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._running = Deferred.fromCoroutine(self._run())
        self._running.addErrback(lambda failure: failure.trap(CancelledError))

    def stop(self) -> None:
        """End."""
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        while True:
            for task in self._tasks:
                try:
                    with suppress(StoreUnavailableError):  # an hour later is soon enough
                        await task()
                except CancelledError:
                    raise
                except Exception:  # noqa: BLE001 -- one that fails is not to end the others
                    _log.failure("A task of the house met a fault", Failure())
            await deferLater(self._clock, EVERY_SECONDS)
