"""Tasks that run at fixed intervals while the server runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import StoreUnavailableError

HOUR: Final = 3600.0

_log = Logger(namespace="chatd")


class PeriodicTasks:
    """Runs `tasks` one after the other: at the start, and then every `interval` seconds.

    A run that takes longer than the interval delays the next one. A task that fails is logged and
    does not keep the other tasks from running; a store that is unavailable is tried again in the
    next run, and is not logged here.
    """

    def __init__(
        self, clock: IReactorTime, interval: float, *tasks: Callable[[], Awaitable[object]]
    ) -> None:
        self._interval = interval
        self._tasks = tasks
        self._loop = LoopingCall(self._start_run)
        self._loop.clock = clock
        self._run: Deferred[None] | None = None

    def start(self) -> None:
        """Run the tasks for the first time and schedule the following runs."""
        self._loop.start(self._interval)

    def stop(self) -> None:
        """Cancel the run in progress, if there is one, and all later runs."""
        if self._loop.running:
            self._loop.stop()
        if self._run is not None:
            self._run.cancel()

    def _start_run(self) -> Deferred[None]:
        self._run = Deferred.fromCoroutine(self._run_tasks())
        return self._run

    async def _run_tasks(self) -> None:
        for task in self._tasks:
            try:
                with suppress(StoreUnavailableError):
                    await task()
            except CancelledError:
                return
            except Exception:  # noqa: BLE001 -- one that fails must not stop the others
                _log.failure("A periodic task failed", Failure())
