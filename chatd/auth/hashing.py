"""How passwords are hashed: argon2id, in two threads of its own, with an end to the queue.

Knows passwords and hashes, and nothing of whose they are. A job comes from the reactor's thread,
waits for one of the threads, and its result goes back the same way. Nothing is said of a
password here, in no exception and no log line.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, get_native_id
from typing import Final, Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from chatd.core.errors import ChatError, ErrorCode

THREADS: Final = 2
"""Each takes the memory of a hash: ten threads would take 200 MiB and be no faster on few cores."""

WAITING: Final = 64
"""How many may wait beyond those that run: the last of them waits about a second."""

ARGON2ID: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The least that is advised (spec section 4): some 20 ms and 19 MiB a password."""

_NICER: Final = 10
"""By how much the threads are nicer than the process: who started that may have made it nice."""

_Result = TypeVar("_Result")


class Hashing(Protocol):
    """What accounts need of it; `hash` and `verify` raise `ChatError` when there is too much to do."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self) -> None:
        """Stop working; what was not begun is refused."""

    async def hash(self, password: str) -> str:
        """Return a new hash of `password`."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the hash is that of `password`; None is nobody's, and costs the same."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether a hash that was verified was made with other parameters than a new one."""


class Argon2Hashing:
    """Hashing in threads of its own, so that neither the reactor nor the store waits for it."""

    def __init__(self, reactor: IReactorFromThreads, hasher: PasswordHasher = ARGON2ID) -> None:
        self._reactor = reactor
        self._hasher = hasher
        self._pool: ThreadPool | None = None
        self._jobs = 0
        self._nobodys = ""

    def start(self) -> None:
        """Begin to work: only now, since threads do not survive that the daemon forks."""
        self._nobodys = self._hasher.hash(secrets.token_bytes(16))
        self._pool = _Pool(0, THREADS, "hashing")
        self._pool.start()

    def stop(self) -> None:
        """Wait for the jobs that run, tens of milliseconds; those that wait are refused."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()

    async def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the hash is that of `password`; None is nobody's, and costs the same."""
        return await self._in_thread(lambda: self._matches(password_hash, password))

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether a hash that was verified was made with other parameters than a new one."""
        return self._hasher.check_needs_rehash(password_hash)

    # -- in the reactor's thread

    def _in_thread(self, job: Callable[[], _Result]) -> Deferred[_Result]:
        pool = self._pool
        if pool is None or self._jobs >= THREADS + WAITING:
            raise ChatError(ErrorCode.BUSY)
        self._jobs += 1

        def unless_stopped() -> _Result:
            if self._pool is not pool:
                raise ChatError(ErrorCode.BUSY)
            return job()

        # Two Deferreds: who waits may go away and cancel his, but the place is given back when the
        # job has ended. Else those who come and go would fill the queue past its end.
        result: Deferred[_Result] = Deferred()
        ended = deferToThreadPool(self._reactor, pool, unless_stopped)
        ended.addBoth(self._give_back)
        ended.chainDeferred(result)
        return result

    def _give_back(self, outcome: _Result) -> _Result:
        self._jobs -= 1
        return outcome

    # -- in a thread of the pool

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(self._nobodys if password_hash is None else password_hash, password)
        except VerifyMismatchError:
            return False
        except InvalidHashError:
            # The store has something that is no hash: nobody has this password, at the usual price.
            return self._matches(None, password)
        return password_hash is not None


class _LowPriorityThread(Thread):
    """Steps back behind the reactor's thread, and does not keep the process alive."""

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)

    def run(self) -> None:
        """Work, at a lower priority where a thread can have its own."""
        # Measured, 64 hashes queued and the reactor busy: on two cores nine in ten of its calls come
        # within 0.2 to 0.4 ms of their time instead of 1 to 3, and on one core it gets half as much
        # done again; the hashes take up to a quarter longer. Only on Linux has a thread a priority of
        # its own: elsewhere this would slow the whole process. A sandbox may forbid it.
        if sys.platform == "linux":
            with suppress(OSError):
                nice = os.getpriority(os.PRIO_PROCESS, get_native_id()) + _NICER
                os.setpriority(os.PRIO_PROCESS, get_native_id(), nice)
        super().run()


class _Pool(ThreadPool):
    threadFactory: type[Thread] = _LowPriorityThread  # noqa: N815 -- Twisted's
