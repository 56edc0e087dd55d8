"""Runs the jobs of a store in a thread of its own, so that the reactor never waits for a database.

A `Worker` gives its connection one job at a time, in the order in which they came, urgent ones
first: a login does not wait behind the history that others read. Three rules keep callers from
waiting long while a database hangs: a job that takes too long is interrupted, a job
that waited too long for its turn fails without being started, and after a failure a worker with a
cooldown fails all jobs at once for a while.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from chatd.core.errors import StoreUnavailableError
from chatd.storage.engine import DbConnection, Job, Parameters, T
from chatd.waiters import Waiters

JOB_TIMEOUT: Final = 4.0
"""How many seconds a job may take, and how many it may wait for its turn."""

COOLDOWN_SECONDS: Final = 1.0
"""For how many seconds reads fail at once after the database was unavailable."""


class Runner(Protocol):
    """Runs the jobs of a store, in the order in which they come, urgent ones first."""

    async def run(self, job: Job[T], *, urgent: bool = False) -> T:
        """Run a job; raise `StoreUnavailableError` if the database cannot do it now."""

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement, in the driver's own syntax, with the least overhead."""

    async def call(self, call: Callable[[], T]) -> T:
        """Call a method of the connection that runs jobs, in its turn, as `run` does."""

    async def stop(self) -> None:
        """Wait for the running job; let all later ones fail."""


@dataclass(frozen=True, eq=False)
class _QueuedJob:
    """A job, the time at which it came, and the Deferred that its caller waits for."""

    call: Callable[[], Any]
    queued_at: float
    result: Deferred[Any]


class Worker:
    """Runs jobs one at a time in a thread, which starts with the first of them.

    After a job failed because the database was unavailable, jobs fail for `cooldown` seconds
    without being tried. A job that its caller cancels leaves the queue; one that runs is let run.
    """

    def __init__(self, reactor: Any, connection: DbConnection, cooldown: float = 0) -> None:
        self._reactor = reactor
        self._connection = connection
        self._cooldown = cooldown
        self._urgent: deque[_QueuedJob] = deque()
        self._others: deque[_QueuedJob] = deque()
        self._is_running = False
        self._idle: Waiters[None] = Waiters()
        self._pool = ThreadPool(1, 1, "store")
        self._pool.threadFactory = _DaemonThread
        self._last_error: StoreUnavailableError | None = None
        self._cooldown_ends = 0.0
        self._stopped = False

    async def run(self, job: Job[T], *, urgent: bool = False) -> T:
        """Run a job; raise `StoreUnavailableError` if it cannot be done in time."""
        return await self._add(partial(self._connection.run, job), urgent=urgent)

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement; raise `StoreUnavailableError` as `run` does."""
        await self._add(partial(self._connection.execute, statement, parameters))

    async def call(self, call: Callable[[], T]) -> T:
        """Call a method of the connection; raise `StoreUnavailableError` as `run` does."""
        return await self._add(call)

    async def stop(self) -> None:
        """Wait for the jobs that came before, and end the thread; later jobs fail."""
        self._stopped = True
        if self._is_running:
            await self._idle.wait()
        if self._pool.started:
            self._pool.stop()

    def _add(self, call: Callable[[], T], *, urgent: bool = False) -> Deferred[T]:
        if self._stopped:
            raise StoreUnavailableError("the store is closed")
        queue = self._urgent if urgent else self._others
        result: Deferred[T] = Deferred(lambda _: _discard(queue, job))
        job = _QueuedJob(call, self._reactor.seconds(), result)
        queue.append(job)
        self._run_next()
        return result

    def _run_next(self) -> None:
        """Start the next job that is not to fail at once, unless one runs."""
        while not self._is_running and (queue := self._urgent or self._others):
            job = queue.popleft()
            reason = self._reason_against(job)
            if reason is not None:
                job.result.errback(StoreUnavailableError(reason))
                continue
            self._is_running = True
            if not self._pool.started:
                self._pool.start()
            timeout = self._reactor.callLater(JOB_TIMEOUT, self._connection.interrupt)
            done = deferToThreadPool(self._reactor, self._pool, job.call)
            done.addBoth(self._ended, job, timeout)

    def _reason_against(self, job: _QueuedJob) -> str | None:
        """Return why a job is not to be started, or None."""
        now = self._reactor.seconds()
        if self._last_error is not None and now < self._cooldown_ends:
            return self._last_error.reason
        return "the database is too slow" if now - job.queued_at >= JOB_TIMEOUT else None

    def _ended(self, outcome: object, job: _QueuedJob, timeout: IDelayedCall) -> None:
        if timeout.active():
            timeout.cancel()
        error = outcome.value if isinstance(outcome, Failure) else None
        if isinstance(error, StoreUnavailableError):
            self._last_error = error
            self._cooldown_ends = self._reactor.seconds() + self._cooldown
        self._is_running = False
        self._run_next()
        if not self._is_running:
            self._idle.fire(None)
        if not job.result.called:  # nobody has cancelled it
            job.result.callback(outcome)


def _discard(queue: deque[_QueuedJob], job: _QueuedJob) -> None:
    with suppress(ValueError):  # it runs already
        queue.remove(job)


class _DaemonThread(Thread):
    """A daemon thread: a process that ends without closing its store does not wait for it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, daemon=True, **options)
