"""Attempts to log in: when the password of each is verified, and when its result is told.

Many users may share an address with an attacker, and nothing tells whose attempt the next one is
before the password is verified. So the delays are these:

- After five failures at a name, an attempt waits *before* its password is verified. Nobody is
  locked out: the wait is eight seconds at most. Those from one address wait one behind the other,
  so many connections gain nothing.
- After five failures from an address, a wrong password is *answered* late. A right one is not, so
  failures delay nobody else at that address. A client that hangs up instead of waiting for its
  answer gains little: the passwords of a suspect address are verified one at a time, with a pause
  after each that is wrong. Each name may be tried five times a minute this way, then the first
  rule applies, so one address can try a few passwords of many users, but not many of one.

All of it depends on failures that are counted alike for names that exist and names that do not, and
a wrong password and an unknown name are answered alike: no delay tells which names exist.

An attempt that is cancelled while it waits leaves its queue, and does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple, TypeVar

from twisted.internet.defer import CancelledError, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.auth.throttle import Attempt, Key, Throttle
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address

T = TypeVar("T")

PAUSE: Final = 0.02
"""The seconds after a wrong password in which no other of that suspect address is verified.

It holds an address at some 25 wrong passwords a second. A user waits for those that came from the
same address before, so with 64 connections there some three seconds.
"""

MAX_SLOW: Final = 8
"""How many attempts at names with failures may wait or run for an address: a minute's worth."""

MAX_FAST: Final = 64
"""How many other attempts may wait or run for a suspect address."""


class _Line(NamedTuple):
    """The attempts of one address that wait one behind the other; `slow` ones wait for seconds."""

    address: Key
    slow: bool


class Attempts:
    """Verifies passwords when it is their turn."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._throttle = Throttle()
        self._lines: dict[_Line, DeferredLock] = {}

    async def run(
        self,
        name: str | None,
        address: Address | None,
        verify: Callable[[], Coroutine[Any, Any, T | None]],
        error: ErrorCode = ErrorCode.WRONG_PASSWORD,
    ) -> T:
        """Return what `verify` returns; raise a `ChatError` with the code `error` if it is None.

        `name` is that of the account, None if nothing tells it: then the address alone counts.

        An error that `verify` raises, such as that of an unavailable store, is raised as it is, and
        is no failure of the client.
        """
        attempt = self._throttle.start(name, address, self._clock.seconds())
        line = _line_of(attempt)
        try:
            await self._wait(attempt, line)
        except (ChatError, CancelledError):
            self._throttle.forgive(attempt)
            raise
        failed = True
        try:
            result = await verify()
            failed = result is None
        except ChatError:
            failed = False
            raise
        finally:
            if not failed:
                self._throttle.forgive(attempt)
            self._leave(line, PAUSE if failed else 0.0)
        if result is None:
            delay = self._throttle.answer_delay(attempt, self._clock.seconds())
            if delay:
                await deferLater(self._clock, delay)
            raise ChatError(error)
        return result

    async def _wait(self, attempt: Attempt, line: _Line | None) -> None:
        """Wait for the turn of an attempt, and then as long as the throttle says."""
        if line is not None:
            lock = self._lines.setdefault(line, DeferredLock())
            if len(lock.waiting) + lock.locked >= (MAX_SLOW if line.slow else MAX_FAST):
                raise ChatError(ErrorCode.BUSY)
            await lock.acquire()
        if attempt.wait:
            try:
                await deferLater(self._clock, attempt.wait)
            except CancelledError:
                self._leave(line, 0.0)
                raise

    def _leave(self, line: _Line | None, pause: float) -> None:
        """Let the next attempt of a line begin after a pause."""
        if line is None:
            return
        if pause:
            self._clock.callLater(pause, self._leave, line, 0.0)
            return
        lock = self._lines[line]
        lock.release()
        # The next attempt may have run at once, to its end, and removed the line already.
        if not lock.locked and self._lines.get(line) is lock:
            del self._lines[line]


def _line_of(attempt: Attempt) -> _Line | None:
    """Return the line in which an attempt waits, or None if it need not wait for others."""
    if attempt.address is None or not (attempt.wait or attempt.suspect):
        return None
    return _Line(attempt.address, bool(attempt.wait))
