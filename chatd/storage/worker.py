"""Runs the jobs of a store in a thread of its own, so that the reactor never waits for a database.

A `Worker` gives its connection one job at a time, in the order in which they came. Three rules keep
callers from waiting long while a database hangs: a job that takes too long is interrupted, a job
that waited too long for its turn fails without being started, and after a failure a worker with a
cooldown fails all jobs at once for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Final, Protocol

from twisted.internet.defer import DeferredLock
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from chatd.core.errors import StoreUnavailableError
from chatd.storage.engine import DbConnection, Job, Parameters, T

JOB_TIMEOUT: Final = 4.0
"""How many seconds a job may take, and how many it may wait for its turn."""

COOLDOWN_SECONDS: Final = 1.0
"""For how many seconds reads fail at once after the database was unavailable."""


class Runner(Protocol):
    """Runs the jobs of a store, in the order in which they come."""

    async def run(self, job: Job[T]) -> T:
        """Run a job; raise `StoreUnavailableError` if the database cannot do it now."""

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement, in the driver's own syntax, with the least overhead."""

    async def stop(self) -> None:
        """Wait for the running job; let all later ones fail."""


class Worker:
    """Runs jobs one at a time in a thread, which starts with the first of them.

    After a job failed because the database was unavailable, jobs fail for `cooldown` seconds
    without being tried.
    """

    def __init__(self, reactor: Any, connection: DbConnection, cooldown: float = 0) -> None:
        self._reactor = reactor
        self._connection = connection
        self._cooldown = cooldown
        self._lock = DeferredLock()
        self._pool = ThreadPool(1, 1, "store")
        self._pool.threadFactory = _DaemonThread
        self._last_error: StoreUnavailableError | None = None
        self._cooldown_ends = 0.0
        self._stopped = False

    async def run(self, job: Job[T]) -> T:
        """Run a job; raise `StoreUnavailableError` if it cannot be done in time."""
        return await self._queue(self._connection.run, job)

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement; raise `StoreUnavailableError` as `run` does."""
        await self._queue(self._connection.execute, statement, parameters)

    async def stop(self) -> None:
        """Wait for the jobs that came before, and end the thread; later jobs fail."""
        await self._lock.acquire()
        self._stopped = True
        if self._pool.started:
            self._pool.stop()
        self._lock.release()

    async def _queue(self, call: Callable[..., T], *args: Any) -> T:
        queued_at = self._reactor.seconds()
        await self._lock.acquire()
        try:
            self._check(queued_at)
            return await self._call_in_thread(call, *args)
        finally:
            self._lock.release()

    def _check(self, queued_at: float) -> None:
        """Raise `StoreUnavailableError` if a job that came at `queued_at` is not to be started."""
        now = self._reactor.seconds()
        if self._stopped:
            raise StoreUnavailableError("the store is closed")
        if self._last_error is not None and now < self._cooldown_ends:
            raise StoreUnavailableError(self._last_error.reason)
        if now - queued_at >= JOB_TIMEOUT:
            raise StoreUnavailableError("the database is too slow")

    async def _call_in_thread(self, call: Callable[..., T], *args: Any) -> T:
        if not self._pool.started:
            self._pool.start()
        timeout = self._reactor.callLater(JOB_TIMEOUT, self._connection.interrupt)
        try:
            return await deferToThreadPool(self._reactor, self._pool, call, *args)
        except StoreUnavailableError as error:
            self._last_error = error
            self._cooldown_ends = self._reactor.seconds() + self._cooldown
            raise
        finally:
            if timeout.active():
                timeout.cancel()


class _DaemonThread(Thread):
    """A daemon thread: a process that ends without closing its store does not wait for it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, daemon=True, **options)
