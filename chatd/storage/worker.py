"""Where the jobs of a store are run: in a thread of their own.

A `Worker` gives a link one job at a time, in the order in which they came, so that the reactor
never waits for a database. That no caller waits long either, while a database hangs, is kept
in three ways: a job that takes too long is cut off, one that has waited too long for its turn is not
begun, and a worker that may rest does not try for a while after a failure.
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

DEADLINE_SECONDS: Final = 4.0
"""How long a job may take, and how long it may wait for its turn."""

REST_SECONDS: Final = 1.0
"""How long a worker that may rest does not try again after the database could not be reached."""


class Runner(Protocol):
    """Runs the jobs of a store, in the order in which they come."""

    async def run(self, job: Job[T]) -> T:
        """Run a job; raise `UnavailableError` if the database cannot do it now."""

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Do the same with one statement, without any detour."""

    async def stop(self) -> None:
        """Let the job that runs come to its end; there is none after it."""


class Worker:
    """Runs jobs one at a time in a thread, which is started with the first of them.

    `rest`: for how many seconds jobs fail at once after one could not reach the database.
    """

    def __init__(self, reactor: Any, link: DbConnection, rest: float = 0) -> None:
        self._reactor = reactor
        self._link = link
        self._rest = rest
        self._turn = DeferredLock()
        self._pool = ThreadPool(1, 1, "store")
        self._pool.threadFactory = _DaemonThread
        self._resting: StoreUnavailableError | None = None
        self._resting_until = 0.0
        self._stopped = False

    async def run(self, job: Job[T]) -> T:
        """Run a job when it is its turn; raise `UnavailableError` if it cannot be done in time."""
        return await self._in_turn(self._link.run, job)

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Do the same with one statement."""
        await self._in_turn(self._link.execute, statement, parameters)

    async def stop(self) -> None:
        """Let the job that runs come to its end, and end the thread; later jobs fail."""
        await self._turn.acquire()
        self._stopped = True
        if self._pool.started:
            self._pool.stop()
        self._turn.release()

    async def _in_turn(self, call: Callable[..., T], *args: Any) -> T:
        came = self._reactor.seconds()
        await self._turn.acquire()
        try:
            self._refuse(came)
            return await self._attempt(call, *args)
        finally:
            self._turn.release()

    def _refuse(self, came: float) -> None:
        now = self._reactor.seconds()
        if self._stopped:
            raise StoreUnavailableError("the store is closed")
        if self._resting is not None and now < self._resting_until:
            raise StoreUnavailableError(self._resting.reason)
        if now - came >= DEADLINE_SECONDS:
            raise StoreUnavailableError("the database is too slow")

    async def _attempt(self, call: Callable[..., T], *args: Any) -> T:
        if not self._pool.started:
            self._pool.start()
        watch = self._reactor.callLater(DEADLINE_SECONDS, self._link.cut)
        try:
            return await deferToThreadPool(self._reactor, self._pool, call, *args)
        except StoreUnavailableError as error:
            self._resting, self._resting_until = error, self._reactor.seconds() + self._rest
            raise
        finally:
            if watch.active():
                watch.cancel()


class _DaemonThread(Thread):
    """A thread that does not keep a process from ending that ends without closing its store."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, daemon=True, **options)
