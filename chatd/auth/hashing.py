"""Hashes passwords with argon2id, in two threads of its own behind a fair queue.

A job comes from the reactor's thread, waits for one of the two threads, and its result goes back to
the reactor's thread. A job whose caller cancels it leaves the queue; one that runs is let run, and
occupies its thread. No exception and no log line holds a password.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread, get_native_id
from typing import Any, Final, Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from chatd.auth.fairqueue import FairQueue, QueueLimits
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address

THREADS: Final = 2
"""Each takes the memory of a hash: ten threads would take 200 MiB and be no faster on few cores."""

QUEUE_LIMITS: Final = QueueLimits(address=32, network=64, total=256)
"""How many jobs may wait beside those that run.

On two cores the last of them waits some three seconds.
"""

ARGON2ID: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The least that OWASP advises (spec section 4): some 20 ms and 19 MiB a password."""

_NICENESS: Final = 10
"""How much is added to the niceness of the process for the threads."""

_Result = TypeVar("_Result")


class Hashing(Protocol):
    """Hashes passwords; `hash` and `verify` raise `ChatError` if too many jobs are queued.

    `address` is that of the client who waits, None for the administrator.
    """

    def start(self) -> None:
        """Start to take jobs."""

    def stop(self) -> None:
        """Stop; jobs that have not begun are refused."""

    async def hash(self, password: str, address: Address | None) -> str:
        """Return a new hash of `password`."""

    async def verify(
        self, password_hash: str | None, password: str, address: Address | None
    ) -> bool:
        """Return whether the hash is that of `password`; with None False, after the same time."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Return whether a hash was made with other parameters than a new one would be."""


@dataclass(frozen=True, eq=False)
class _Job:
    """A job that waits or runs, and the Deferred that its caller waits for."""

    call: Callable[[], Any]
    result: Deferred[Any]


class Argon2Hashing:
    """Hashes in threads of its own, so that neither the reactor nor the store waits."""

    def __init__(self, reactor: IReactorFromThreads, hasher: PasswordHasher = ARGON2ID) -> None:
        self._reactor = reactor
        self._hasher = hasher
        self._pool: ThreadPool | None = None
        self._queue: FairQueue[_Job] = FairQueue(QUEUE_LIMITS)
        self._running = 0
        self._dummy_hash = ""

    def start(self) -> None:
        """Start the threads: not before the daemon has forked, which threads do not survive."""
        self._dummy_hash = self._hasher.hash(secrets.token_bytes(16))
        self._pool = _Pool(0, THREADS, "hashing")
        self._pool.start()

    def stop(self) -> None:
        """Wait for the jobs that run, tens of milliseconds; refuse those that wait."""
        pool, self._pool = self._pool, None
        while (job := self._queue.pop()) is not None:
            job.result.errback(ChatError(ErrorCode.BUSY))
        if pool is not None:
            pool.stop()

    async def hash(self, password: str, address: Address | None) -> str:
        """Return a new hash of `password`."""
        return await self._in_thread(lambda: self._hasher.hash(password), address)

    async def verify(
        self, password_hash: str | None, password: str, address: Address | None
    ) -> bool:
        """Return whether the hash is that of `password`; with None False, after the same time."""
        return await self._in_thread(lambda: self._matches(password_hash, password), address)

    def needs_rehash(self, password_hash: str) -> bool:
        """Return whether a hash was made with other parameters than a new one would be."""
        return self._hasher.check_needs_rehash(password_hash)

    # -- in the reactor's thread

    def _in_thread(self, call: Callable[[], _Result], address: Address | None) -> Deferred[_Result]:
        if self._pool is None:
            raise ChatError(ErrorCode.BUSY)
        result: Deferred[_Result] = Deferred(lambda _: self._queue.remove(job, address))
        job = _Job(call, result)
        dropped = self._queue.push(job, address)
        if dropped is not None:
            dropped.result.errback(ChatError(ErrorCode.BUSY))
        self._run_next()
        return result

    def _run_next(self) -> None:
        """Start the jobs whose turn it is, as far as threads are free."""
        while self._pool is not None and self._running < THREADS:
            job = self._queue.pop()
            if job is None:
                return
            self._running += 1
            # Two Deferreds: a caller may cancel the one that it waits for, but the job runs until
            # it has ended. Otherwise clients that connect and disconnect would start more jobs
            # than there are threads.
            ended = deferToThreadPool(self._reactor, self._pool, job.call)
            ended.addBoth(self._ended, job)

    def _ended(self, outcome: object, job: _Job) -> None:
        self._running -= 1
        self._run_next()
        if not job.result.called:  # nobody has cancelled it
            job.result.callback(outcome)

    # -- in a thread of the pool

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(
                self._dummy_hash if password_hash is None else password_hash, password
            )
        except VerifyMismatchError:
            return False
        except InvalidHashError:
            # The store holds text that is not a hash: no password is right, after the same time.
            return self._matches(None, password)
        return password_hash is not None


class _LowPriorityThread(Thread):
    """A thread with a lower priority than the reactor's, which does not keep the process alive."""

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)

    def run(self) -> None:
        """Run at a lower priority, where a thread can have its own."""
        # Measured, 64 hashes queued and the reactor busy: on two cores nine in ten of its calls
        # come within 0.2 to 0.4 ms of their time instead of 1 to 3, and on one core it gets half as
        # much done again; the hashes take up to a quarter longer. Only on Linux has a thread a
        # priority of its own: elsewhere this would slow the whole process. A sandbox may forbid it.
        if sys.platform == "linux":
            with suppress(OSError):
                nice = os.getpriority(os.PRIO_PROCESS, get_native_id()) + _NICENESS
                os.setpriority(os.PRIO_PROCESS, get_native_id(), nice)
        super().run()


class _Pool(ThreadPool):
    threadFactory: type[Thread] = _LowPriorityThread  # noqa: N815 -- Twisted's
